"""Issue, change, rotate, revoke and recognise sub-keys.

A secret is `sk-` and 48 letters and digits; the last four are a checksum of the others, so that secret scanners
can tell a real one. It exists only in the answer of `issue`: kept are a keyed digest, a public prefix and the
last four. After a rotation the old secret works on for as long as was asked for. Raises `KeyTaken` when an
imported secret is already in use, and `KeyRevoked` where only a live key will do.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import ipaddress
import secrets
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import model_aliases, tenants
from accounts.models import ApiKey, Membership
from foundation import snapshots, vault

SNAPSHOT = "keys"
PREFIX_LENGTH = 10
_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits
_BODY_LENGTH = 44
_CHECKSUM_LENGTH = 4


class KeyTaken(Exception):
    """This secret is in use already."""


class KeyRevoked(Exception):
    """The key was revoked: it comes back in no way."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new sub-key and its secret: the only time the secret is seen."""

    key: ApiKey
    secret: str


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What a relay call needs to know about a sub-key, its owner and its tenant; immutable."""

    id: int
    prefix: str
    name: str
    tenant_id: int
    tenant_chain: tuple[int, ...]
    tenant_state: str
    membership_id: int
    group: str
    user_active: bool
    role: str
    state: str
    expires_at: datetime.datetime | None
    models: frozenset[str]
    aliases: tuple[tuple[str, str], ...]
    networks: tuple[str, ...]
    rpm: int | None
    tpm: int | None
    concurrency: int | None


def issue(
    *,
    membership: Membership,
    name: str,
    expires_at: datetime.datetime | None = None,
    models: Iterable[str] = (),
    aliases: Iterable[str] = (),
    networks: Iterable[str] = (),
    rpm: int | None = None,
    tpm: int | None = None,
    concurrency: int | None = None,
    tags: Iterable[str] = (),
    secret: str | None = None,
) -> Issued:
    """Make a sub-key; `secret` imports one as it is. Raise KeyTaken, or ValueError for a network or an alias that is none."""
    text = make_secret() if secret is None else secret
    if secret is not None and ApiKey.objects.filter(previous_digest=digest(secret)).exists():
        raise KeyTaken("this key is in use already")
    key = ApiKey(
        tenant_id=membership.tenant_id,
        membership=membership,
        name=name,
        digest=digest(text),
        prefix=text[:PREFIX_LENGTH],
        last4=text[-4:],
        expires_at=expires_at,
        **_lists(models, aliases, networks, tags),
        rpm=rpm,
        tpm=tpm,
        concurrency=concurrency,
    )
    try:
        with transaction.atomic():
            key.save(force_insert=True)
    except IntegrityError:
        raise KeyTaken("this key is in use already") from None
    announce()
    return Issued(key=key, secret=text)


def change(
    *,
    key: ApiKey,
    name: str,
    expires_at: datetime.datetime | None,
    models: Iterable[str],
    aliases: Iterable[str],
    networks: Iterable[str],
    rpm: int | None,
    tpm: int | None,
    concurrency: int | None,
    tags: Iterable[str],
) -> None:
    """Give the key other settings; its secret and its spending stay. Raise ValueError for a network or an alias that is none."""
    key.name, key.expires_at = name, expires_at
    lists = _lists(models, aliases, networks, tags)
    for field, words in lists.items():
        setattr(key, field, words)
    key.rpm, key.tpm, key.concurrency = rpm, tpm, concurrency
    key.save(update_fields=["name", "expires_at", "rpm", "tpm", "concurrency", *lists])
    announce()


def _lists(models: Iterable[str], aliases: Iterable[str], networks: Iterable[str], tags: Iterable[str]) -> dict[str, list[str]]:
    """Return a key's lists, tidied, by field; raise ValueError."""
    allowed = sorted(set(models))
    return {
        "models_allowed": allowed,
        "model_aliases": model_aliases.clean(aliases, allowed=allowed),
        "networks_allowed": clean_networks(networks),
        "tags": clean_tags(tags),
    }


def rotate(*, key: ApiKey, overlap: datetime.timedelta) -> Issued:
    """Give the key a new secret; the one it had works on for `overlap`, one from before that no longer. Raise KeyRevoked."""
    secret = make_secret()
    with transaction.atomic():
        row = ApiKey.objects.select_for_update().get(pk=key.pk)
        if row.state == ApiKey.State.REVOKED:
            raise KeyRevoked("a revoked key is not rotated")
        keeps = overlap > datetime.timedelta(0)
        row.previous_digest = row.digest if keeps else None
        row.previous_until = timezone.now() + overlap if keeps else None
        row.digest, row.prefix, row.last4 = digest(secret), secret[:PREFIX_LENGTH], secret[-4:]
        row.save(update_fields=["previous_digest", "previous_until", "digest", "prefix", "last4"])
    announce()
    return Issued(key=row, secret=secret)


def pause(*, key: ApiKey, is_paused: bool) -> None:
    """Refuse the key until it is taken up again. Raise KeyRevoked."""
    wanted = ApiKey.State.DISABLED if is_paused else ApiKey.State.ACTIVE
    if not ApiKey.objects.filter(pk=key.pk).exclude(state=ApiKey.State.REVOKED).update(state=wanted):
        raise KeyRevoked("a revoked key stays revoked")
    key.state = wanted
    announce()


def hand_over(*, key: ApiKey, membership: Membership) -> None:
    """Give the key another owner at the same tenant: from now on it spends that member's wallet."""
    key.membership = membership
    key.save(update_fields=["membership"])
    announce()


def revoke(*, key: ApiKey) -> None:
    """Refuse the key from now on, for ever; every process knows within a second."""
    key.state = ApiKey.State.REVOKED
    key.revoked_at = key.revoked_at or timezone.now()
    key.previous_digest = key.previous_until = key.login = key.login_digest = None
    key.save(update_fields=["state", "revoked_at", "previous_digest", "previous_until", "login", "login_digest"])
    announce()


def revoke_secret(secret: str) -> str | None:
    """End what the secret opens: "key", or "old secret" when it is from before a rotation; None when it opens nothing."""
    key = by_secret(secret)
    if key is None or key.state == ApiKey.State.REVOKED:
        return None
    if key.previous_digest in digests(secret):
        ApiKey.objects.filter(pk=key.pk, previous_digest=key.previous_digest).update(previous_digest=None, previous_until=None)
        announce()
        return "old secret"
    revoke(key=key)
    return "key"


def by_secret(secret: str) -> ApiKey | None:
    """Return the key that a secret opens, whatever its state; a rotated secret opens it until its overlap has ended."""
    found = digests(secret)
    rotated = Q(previous_digest__in=found, previous_until__gt=timezone.now())
    return ApiKey.objects.select_related("membership").filter(Q(digest__in=found) | rotated).first()


def digest(secret: str) -> str:
    """Return the fingerprint under which a secret is kept."""
    return vault.digest(secret, purpose="api-key")


def digests(secret: str) -> tuple[str, ...]:
    """Return the fingerprint under the master secret, then those under older ones."""
    return vault.digests(secret, purpose="api-key")


def renew(current: str, older: Sequence[str]) -> bool:
    """Keep a key that was fingerprinted under an older master secret under the current one; tell whether there was one."""
    renewed = ApiKey.objects.filter(digest__in=older).update(digest=current)
    renewed += ApiKey.objects.filter(previous_digest__in=older).update(previous_digest=current)
    renewed += ApiKey.objects.filter(login_digest__in=older).update(login_digest=current)
    return renewed > 0


def recognise(digest: str) -> KeyFacts | None:
    """Return the facts of the key with this fingerprint, or None: one indexed SELECT for tenants right below the root."""
    rows = ApiKey.objects.select_related("membership__user", "tenant__parent")
    key = rows.filter(Q(digest=digest) | Q(previous_digest=digest) | Q(login_digest=digest)).first()
    if key is None:
        return None
    # An old secret ends by itself, also in the memory of a process.
    ends = [at for at in (key.expires_at, key.previous_until if key.previous_digest == digest else None) if at is not None]
    return _facts(key, expires_at=min(ends, default=None))


def clean_networks(networks: Iterable[str]) -> list[str]:
    """Return networks as CIDR, each once; raise ValueError for one that is none."""
    return list(dict.fromkeys(str(ipaddress.ip_network(network.strip(), strict=False)) for network in networks if network.strip()))


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Return tags without blanks around them, each once."""
    return list(dict.fromkeys(tag.strip()[:40] for tag in tags if tag.strip()))


def make_secret() -> str:
    """Return a new secret: 44 random letters and digits and their checksum."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_BODY_LENGTH))
    return f"sk-{body}{checksum(body)}"


def is_genuine(secret: str) -> bool:
    """Tell whether a string has the form and checksum of a secret made here (imported ones may not)."""
    body, check = secret[3:-_CHECKSUM_LENGTH], secret[-_CHECKSUM_LENGTH:]
    return secret.startswith("sk-") and len(body) == _BODY_LENGTH and checksum(body) == check


def checksum(body: str) -> str:
    """Return four letters or digits that follow from the body: base 62 of SHA-256, most significant first."""
    number = int.from_bytes(hashlib.sha256(body.encode()).digest()) % len(_ALPHABET) ** _CHECKSUM_LENGTH
    digits = []
    for _ in range(_CHECKSUM_LENGTH):
        number, rest = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))


def _facts(key: ApiKey, *, expires_at: datetime.datetime | None) -> KeyFacts:
    lineage = tenants.lineage(key.tenant)
    return KeyFacts(
        id=key.pk,
        prefix=key.prefix,
        name=key.name,
        tenant_id=key.tenant_id,
        tenant_chain=tuple(step.id for step in lineage),
        tenant_state=tenants.state_of(lineage),
        membership_id=key.membership_id,
        group=key.membership.group,
        user_active=key.membership.user.is_active and key.membership.state == Membership.State.ACTIVE,
        role=key.membership.role,
        state=key.state,
        expires_at=expires_at,
        models=frozenset(key.models_allowed),
        aliases=model_aliases.pairs(key.model_aliases),
        networks=tuple(key.networks_allowed),
        rpm=key.rpm,
        tpm=key.tpm,
        concurrency=key.concurrency,
    )


def announce() -> None:
    """Tell the relay, on commit, that sub-keys changed."""
    transaction.on_commit(functools.partial(snapshots.announce, SNAPSHOT), robust=True)
