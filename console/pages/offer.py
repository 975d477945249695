"""Which models a member may call: those with an enabled channel."""

from __future__ import annotations

from django.core.cache import cache

from accounts import tenants
from accounts.models import Membership
from channels_app import selectors

# Reading the channels unseals their keys: too much for every visit of the first page.
KEEP_SECONDS = 10


def models(member: Membership) -> tuple[str, ...]:
    """Name the models served to this member, sorted."""
    return at(tenant_id=member.tenant_id, group=member.group)


def at(*, tenant_id: int, group: str = "default") -> tuple[str, ...]:
    """Name the models served to a group of a tenant's customers, sorted; up to ten seconds old."""
    name = f"offer:{tenant_id}:{group}"
    known: tuple[str, ...] | None = cache.get(name)
    if known is None:
        known = selectors.load_table().models(tenant_chain=tenants.chain(tenant_id), group=group)
        cache.set(name, known, KEEP_SECONDS)
    return known
