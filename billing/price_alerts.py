"""Tell resellers that a wholesale price has risen above what they ask: their customers pay the lifted price from now on."""

from __future__ import annotations

import datetime
import zoneinfo
from collections import defaultdict
from collections.abc import Collection
from functools import lru_cache, partial

from accounts import audit, tenants
from accounts.models import Membership, Tenant
from billing import price_floors, price_lists
from billing.models import PriceRule
from billing.price_terms import FIELDS
from billing.pricing import matches
from foundation import notify


def tell(*, seller: Tenant, models: Collection[str], begins: datetime.datetime | None = None) -> int:
    """Tell every tenant below `seller` which of its prices are lifted after these models were priced; return how many were told.

    To be called in the transaction of the change, which counts from `begins` on (None: now). Each tenant gets one message,
    in its own trail too.
    """
    wholesale = lru_cache(maxsize=None)(partial(price_lists.load, at=begins))
    lifted: dict[int, list[str]] = defaultdict(list)
    found: dict[int, Tenant] = {}
    for rule in (
        price_lists.current(at=begins)
        .filter(book__tenant__parent__isnull=False)
        .exclude(book__tenant=seller)
        .select_related("book__tenant")
    ):
        tenant = rule.book.tenant
        if not _touches(rule, models) or seller.pk not in tenants.chain(tenant.pk) or tenant.parent_id is None:
            continue
        values = {name: getattr(rule, name) for name in FIELDS}
        if texts := list(price_floors.shortfalls(wholesale(tenant.parent_id), rule.pattern, values)):
            lifted[tenant.pk] += texts
            found[tenant.pk] = tenant
    for pk, texts in lifted.items():
        _tell(found[pk], texts, begins)
    return len(lifted)


def _touches(rule: PriceRule, models: Collection[str]) -> bool:
    return any(matches(rule.pattern, model) or matches(model, rule.pattern) for model in models)


def _tell(tenant: Tenant, texts: list[str], begins: datetime.datetime | None) -> None:
    start = f"{begins.astimezone(zoneinfo.ZoneInfo(tenant.zone)):%Y-%m-%d %H:%M} ({tenant.zone})" if begins else ""
    audit.record(actor=None, action="price.lifted", target=tenant, after={"prices": texts}, tenant=tenant)
    owners = Membership.objects.filter(tenant=tenant, role=Membership.Role.OWNER).select_related("user")
    for member in owners:
        if member.user.email:
            notify.email(
                to=member.user.email,
                template="price_lifted",
                context={"shop": tenant.name, "prices": texts, "begins": start},
                language=member.user.language or tenant.language,
                sender_name=tenants.root().name,
            )
