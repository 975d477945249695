"""Open tenants, find them by host, and let people join them.

Raises `SlugTaken`, `HostTaken` and `NotAdmitted` (the sign-up policy says no), all of them `TenantError`.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Sequence
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import Membership, Tenant, TenantDomain, User
from foundation import snapshots, translations
from foundation.remembered import Remembered

ROOT_SLUG = "platform"


class TenantError(Exception):
    """A tenant cannot be opened or joined; the message says why."""


class SlugTaken(TenantError):
    """Another tenant has this short name."""


class HostTaken(TenantError):
    """Another tenant answers on this host."""


class NotAdmitted(TenantError):
    """The tenant's sign-up policy does not admit this person."""


class Step(NamedTuple):
    """One tenant on the way from the root."""

    id: int
    state: str


def root() -> Tenant:
    """Return the platform itself, made on first use; two processes that start at once agree."""
    found = Tenant.objects.filter(parent=None).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return Tenant.objects.create(slug=ROOT_SLUG, name="Keyosk")
    except IntegrityError:
        return Tenant.objects.get(parent=None)


def open_tenant(*, slug: str, name: str, parent: Tenant | None = None, domain: str | None = None, **brand: str) -> Tenant:
    """Open a shop below `parent` (the platform if None); `brand` are further fields of Tenant. Raise SlugTaken or HostTaken."""
    if Tenant.objects.filter(slug=slug).exists():
        raise SlugTaken(f"there is a tenant {slug} already")
    with transaction.atomic():
        tenant = Tenant.objects.create(slug=slug, name=name, parent=parent or root(), **brand)
        if domain or settings.SHOP_DOMAIN:
            add_domain(tenant=tenant, host=domain or f"{slug}.{settings.SHOP_DOMAIN}", is_primary=True)
    announce()
    return tenant


def add_domain(*, tenant: Tenant, host: str, is_primary: bool = False) -> TenantDomain:
    """Let a tenant answer on a host; raise HostTaken."""
    name = host_name(host)
    if name in settings.PLATFORM_HOSTS or TenantDomain.objects.filter(host=name).exists():
        raise HostTaken(f"the host {name} is taken already")
    row = TenantDomain.objects.create(tenant=tenant, host=name, is_primary=is_primary, proven_at=timezone.now())
    announce()
    return row


def is_platforms(name: str) -> bool:
    """Tell whether a host lies below the domain under which the platform gives shops their names."""
    return bool(settings.SHOP_DOMAIN) and (name == settings.SHOP_DOMAIN or name.endswith(f".{settings.SHOP_DOMAIN}"))


def by_host(host: str) -> Tenant | None:
    """Return who answers on this host (a port does not matter): the platform, a tenant, or None."""
    name = host_name(host)
    # A copy for each caller: forms change the tenant they show.
    return copy.copy(_hosts.get(name))


def primary_host(tenant: Tenant) -> str:
    """Return the host that a tenant's addresses are written with, empty where it has none of its own."""
    return _primary_hosts.get(tenant.pk)


def languages(tenant: Tenant) -> tuple[str, ...]:
    """Return the languages a tenant's pages are offered in, its own first."""
    offered = [code for code, _name in settings.LANGUAGES if not tenant.languages or code in tenant.languages]
    return tuple(sorted(offered, key=lambda code: code != tenant.language))


def reading(tenant: Tenant, language: str = "") -> tuple[str, ...]:
    """Return the languages in which a reader wants a tenant's texts: theirs (that of this thread when not said), then the tenant's."""
    return (language or get_language() or "", *languages(tenant)[:1])


def spoken(tenant: Tenant, language: str = "") -> Tenant:
    """Return a tenant with its own texts as a reader of the language sees them; never to be saved."""
    return translations.spoken(tenant, reading(tenant, language))


def host_name(host: str) -> str:
    """Return a Host header's name: lower case, without port and trailing dot."""
    name = host.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0].removesuffix(".")


def join(*, tenant: Tenant, user: User, role: str = Membership.Role.CUSTOMER, by_policy: bool = False) -> Membership:
    """Return the person's membership, made when there is none; `by_policy` asks the sign-up policy first (NotAdmitted).

    Somebody who is a member already keeps the role.
    """
    found = Membership.objects.filter(tenant=tenant, user=user).first()
    if found is not None:
        return found
    if by_policy and not admits(tenant=tenant, email=user.email or ""):
        raise NotAdmitted(f"{tenant.name} does not admit new people this way")
    waits = by_policy and tenant.sign_up == Tenant.SignUp.APPROVAL
    state = Membership.State.WAITING if waits else Membership.State.ACTIVE
    membership, _ = Membership.objects.get_or_create(tenant=tenant, user=user, defaults={"role": role, "state": state})
    announce()
    return membership


def has(*, tenant: Tenant, user: User) -> bool:
    """Tell whether the person is a member already."""
    return Membership.objects.filter(tenant=tenant, user=user).exists()


def set_role(*, membership: Membership, role: str) -> None:
    """Give a member another role at the tenant."""
    membership.role = Membership.Role(role)
    membership.save(update_fields=["role"])
    announce()


def set_group(*, membership: Membership, group: str) -> None:
    """Put a member into a customer group: other prices, channels and limits from the next call on."""
    membership.group = group
    membership.save(update_fields=["group"])
    announce()


def approve(*, membership: Membership) -> None:
    """Let in somebody who waits; nothing changes for others."""
    if membership.state == Membership.State.WAITING:
        set_state(membership=membership, state=Membership.State.ACTIVE)


def set_state(*, membership: Membership, state: str) -> None:
    """Let a member in, or keep them and their keys out."""
    membership.state = Membership.State(state)
    membership.save(update_fields=["state"])
    announce()


def suspend(*, tenant: Tenant) -> None:
    """Stop a tenant's keys and shop until it is opened again."""
    _set_state(tenant, Tenant.State.SUSPENDED)


def reopen(*, tenant: Tenant) -> None:
    """End a suspension, or open a closed tenant again."""
    _set_state(tenant, Tenant.State.OPEN)


def close(*, tenant: Tenant) -> None:
    """End a tenant's selling and sign-up; keys work on until the wallets are empty, data can be exported."""
    _set_state(tenant, Tenant.State.CLOSED)


def admits(*, tenant: Tenant, email: str = "") -> bool:
    """Tell whether a new person may sign up here, with this (verified) address or with any."""
    return tenant.sign_up != Tenant.SignUp.INVITE and is_open(tenant) and admits_address(tenant=tenant, email=email)


def admits_address(*, tenant: Tenant, email: str) -> bool:
    """Tell whether the address (if there is one) belongs to a domain that the tenant wants."""
    if tenant.sign_up != Tenant.SignUp.EMAIL_DOMAINS or not email:
        return True
    return email.rpartition("@")[2].lower() in tenant.sign_up_domains


def chain(tenant_id: int) -> tuple[int, ...]:
    """Return the ids from the root down to this tenant."""
    return tuple(step.id for step in _climb(tenant_id))


def lineage(tenant: Tenant) -> tuple[Step, ...]:
    """Return the tenants from the root down to this one; no query when the seller is loaded and is the root."""
    if tenant.parent is None:
        return (Step(tenant.pk, tenant.state),)
    if tenant.parent.parent_id is None:
        return (Step(tenant.parent.pk, tenant.parent.state), Step(tenant.pk, tenant.state))
    return _climb(tenant.pk)


def state_of(steps: Sequence[Step]) -> str:
    """Return the state that counts: a suspension anywhere on the way from the root, else a closure, else open."""
    found = {step.state for step in steps}
    return next((str(state) for state in (Tenant.State.SUSPENDED, Tenant.State.CLOSED) if state in found), str(Tenant.State.OPEN))


def is_open(tenant: Tenant) -> bool:
    """Tell whether a tenant sells and admits: it is open itself, and nobody above is suspended."""
    return tenant.state == Tenant.State.OPEN and state_of(lineage(tenant)) != Tenant.State.SUSPENDED


def announce() -> None:
    """Tell the relay, on commit, that people or tenants changed."""
    transaction.on_commit(functools.partial(snapshots.announce, "keys"), robust=True)


def _set_state(tenant: Tenant, state: str) -> None:
    tenant.state = state
    tenant.save(update_fields=["state"])
    announce()


def _by_name(name: str) -> Tenant | None:
    if name in settings.PLATFORM_HOSTS:
        return root()
    domain = TenantDomain.objects.select_related("tenant__parent").filter(host=name, proven_at__isnull=False).first()
    return None if domain is None else domain.tenant


def _primary_of(tenant_id: int) -> str:
    found = TenantDomain.objects.filter(tenant=tenant_id, is_primary=True, proven_at__isnull=False).values_list("host", flat=True)
    return next(iter(found), "")


_hosts = Remembered("keys", load=_by_name)
_primary_hosts = Remembered("keys", load=_primary_of)


def _climb(tenant_id: int) -> tuple[Step, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_CLIMB, [tenant_id])
        return tuple(Step(row[0], row[1]) for row in cursor.fetchall())


_CLIMB = """
WITH RECURSIVE line AS (
    SELECT id, parent_id, state, 0 AS height FROM accounts_tenant WHERE id = %s
    UNION ALL
    SELECT tenant.id, tenant.parent_id, tenant.state, line.height + 1
    FROM accounts_tenant tenant JOIN line ON tenant.id = line.parent_id
    WHERE line.height < 64
)
SELECT id, state FROM line ORDER BY height DESC
"""
