"""Which models a member may call: those with an enabled channel."""

from __future__ import annotations

from django.core.cache import cache

from accounts import tenants
from accounts.models import Membership
from billing import price_lists
from channels_app import selectors

# Reading the channels unseals their keys: too much for every visit of the first page.
KEEP_SECONDS = 10
# What everybody may read, on every page of a shop.
SOLD_SECONDS = 60


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


def sold(tenant_id: int) -> tuple[str, ...]:
    """Name the models that a new customer of a tenant can call: served and with a price; up to a minute old."""
    name = f"sold:{tenant_id}"
    known: tuple[str, ...] | None = cache.get(name)
    if known is None:
        book = price_lists.load(tenant_id)
        known = tuple(model for model in at(tenant_id=tenant_id) if book.resolve(model) is not None)
        cache.set(name, known, SOLD_SECONDS)
    return known
