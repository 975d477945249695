"""Bring people and their sub-keys in from another system, many at once: the verbs behind moving in.

Nothing here decides what to do about a clash: callers look first (`origins`, `holders_of`) and pass on what is free.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q

from accounts import keys, tenants
from accounts.models import ApiKey, Membership, Origin, Tenant, User


@dataclass(frozen=True, slots=True)
class Arrival:
    """A person to bring in. `password` is a hash in Django's notation, empty when there is none to sign in with."""

    foreign_id: int
    foreign_name: str
    username: str | None
    email: str | None
    name: str
    password: str
    group: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A sub-key to bring in under its own secret; the owner is a membership of the tenant."""

    membership_id: int
    secret: str
    name: str
    is_active: bool
    expires_at: datetime.datetime | None
    models: Sequence[str] = ()
    networks: Sequence[str] = ()


def origins(*, source: str, kind: str) -> dict[int, Origin]:
    """Return what came from that source before, by the number it had there."""
    return {row.foreign_id: row for row in Origin.objects.filter(source=source, kind=kind)}


def remember(*, tenant: Tenant, source: str, kind: str, foreign_id: int, foreign_name: str, local_id: int) -> None:
    """Note what a foreign row has become; a second time is an IntegrityError that undoes the caller's transaction."""
    Origin.objects.create(
        tenant=tenant, source=source, kind=kind, foreign_id=foreign_id, foreign_name=foreign_name[:120], local_id=local_id
    )


def people_by_email(addresses: Iterable[str]) -> dict[str, User]:
    """Return who has these addresses (lower case) already."""
    return {str(user.email): user for user in User.objects.filter(email__in=list(addresses))}


def usernames_taken(*, tenant: Tenant, names: Iterable[str]) -> set[str]:
    """Return which of these usernames somebody has at the tenant."""
    found = Membership.objects.filter(tenant=tenant, username__in=list(names)).values_list("username", flat=True)
    return {name for name in found if name is not None}


def holders_of(secrets: Sequence[str]) -> dict[str, int]:
    """Return the memberships to which these secrets belong already, by secret."""
    by_digest = {keys.digest(secret): secret for secret in secrets}
    rows = ApiKey.objects.filter(Q(digest__in=list(by_digest)) | Q(previous_digest__in=list(by_digest)))
    found = {digest: row.membership_id for row in rows for digest in (row.digest, row.previous_digest) if digest is not None}
    return {secret: found[digest] for digest, secret in by_digest.items() if digest in found}


@transaction.atomic
def add_people(*, tenant: Tenant, source: str, arrivals: Sequence[Arrival]) -> dict[int, int]:
    """Make the people (those whose address is known are joined, with their own password) and return memberships by foreign number.

    The operator vouches for the addresses. Nobody gets a role: staff are invited.
    """
    users = _users(arrivals)
    here = {row.user_id: row for row in Membership.objects.filter(tenant=tenant, user__in=[user.pk for user in users.values()])}
    joined = {
        one.foreign_id: Membership(
            tenant=tenant,
            user=users[one.foreign_id],
            username=one.username,
            group=one.group,
            state=Membership.State.ACTIVE if one.is_active else Membership.State.BLOCKED,
        )
        for one in arrivals
        if users[one.foreign_id].pk not in here
    }
    Membership.objects.bulk_create(joined.values())
    found = {one.foreign_id: (joined.get(one.foreign_id) or here[users[one.foreign_id].pk]).pk for one in arrivals}
    Origin.objects.bulk_create(
        Origin(
            tenant=tenant,
            source=source,
            kind=Origin.Kind.PERSON,
            foreign_id=one.foreign_id,
            foreign_name=one.foreign_name[:120],
            local_id=found[one.foreign_id],
        )
        for one in arrivals
    )
    tenants.announce()
    return found


def _users(arrivals: Sequence[Arrival]) -> dict[int, User]:
    """Return the people by foreign number: those with a known address as they are, the others made."""
    known = people_by_email(one.email for one in arrivals if one.email)
    users = {one.foreign_id: known[one.email] for one in arrivals if one.email in known}
    made = {
        one.foreign_id: User(email=one.email, name=one.name[:80], password=one.password or make_password(None))
        for one in arrivals
        if one.foreign_id not in users
    }
    User.objects.bulk_create(made.values())
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in made.values() if user.email
    )
    return users | made


@transaction.atomic
def add_keys(*, tenant: Tenant, arrivals: Sequence[ForeignKey]) -> Mapping[str, int]:
    """Make the sub-keys, paused where they were, and return their ids by secret; a secret in use is an IntegrityError."""
    rows = [
        ApiKey(
            tenant=tenant,
            membership_id=one.membership_id,
            name=one.name[:60] or "key",
            digest=keys.digest(one.secret),
            prefix=one.secret[: keys.PREFIX_LENGTH],
            last4=one.secret[-4:],
            state=ApiKey.State.ACTIVE if one.is_active else ApiKey.State.DISABLED,
            expires_at=one.expires_at,
            models_allowed=sorted(set(one.models)),
            networks_allowed=list(one.networks),
        )
        for one in arrivals
    ]
    made = ApiKey.objects.bulk_create(rows)
    keys.announce()
    return {one.secret: row.pk for one, row in zip(arrivals, made, strict=True)}
