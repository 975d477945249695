"""Load the prices that one tenant's customers pay: every seller of the chain with its rules."""

from __future__ import annotations

from collections import defaultdict
from typing import TypeVar

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import tenants
from billing import ledger
from billing.models import GroupRate, LedgerAccount, PriceRule
from billing.price_terms import tiers_of
from billing.pricing import BUCKETS, Group, Level, ModelPrice, PriceList, Rule, price_of

Kind = LedgerAccount.Kind
M = TypeVar("M", GroupRate, PriceRule)


def load(tenant_id: int) -> PriceList:
    """Return the tenant's price list as of now."""
    return of_chain(tenants.chain(tenant_id))


def of_chain(chain: tuple[int, ...]) -> PriceList:
    """Return the price list at the end of a chain of tenants, the platform first."""
    rules: dict[int, list[Rule]] = defaultdict(list)
    for row in current().filter(book__tenant_id__in=chain).select_related("book"):
        rules[row.book.tenant_id].append(as_rule(row))
    rates = _valid_now(GroupRate.objects.filter(book__tenant_id=chain[-1])) if chain else ()
    groups = {rate.group: Group(rate.pk, rate.factor) for rate in rates}
    return PriceList(
        [Level(tenant_id, _income(tenant_id, place), tuple(rules[tenant_id])) for place, tenant_id in enumerate(chain)], groups
    )


def of_book(chain: tuple[int, ...], book: str) -> ModelPrice | None:
    """Return the price that a usage row's book names (`1:17 5:88 g3`): the rules of that time, whatever counts now."""
    names = [word.partition(":") for word in book.split()]
    used = {int(tenant): int(rule) for tenant, _colon, rule in names if tenant.isdecimal() and rule.isdecimal()}
    rows = {row.pk: as_rule(row) for row in PriceRule.objects.filter(pk__in=used.values())}
    rate = next(
        (GroupRate.objects.filter(pk=int(word[1:])).first() for word in book.split() if word[:1] == "g" and word[1:].isdecimal()), None
    )
    found = [(Level(tenant, _income(tenant, place), ()), rows.get(used.get(tenant, 0))) for place, tenant in enumerate(chain)]
    return price_of(found, group=Group(rate.pk, rate.factor) if rate else None)


def models(tenant_id: int) -> list[str]:
    """Return the patterns the platform has priced: what else a tenant lists cannot be sold."""
    root = tenants.chain(tenant_id)[:1]
    return list(current().filter(book__tenant_id__in=root).order_by("pattern").values_list("pattern", flat=True))


def current() -> QuerySet[PriceRule]:
    """Return the rules valid now."""
    return _valid_now(PriceRule.objects.all())


def as_rule(row: PriceRule) -> Rule:
    """Turn a row into the value that pricing knows."""
    given = {name: getattr(row, name) for name in BUCKETS}
    return Rule(
        id=row.pk,
        pattern=row.pattern,
        prices={name: price for name, price in given.items() if price is not None},
        per_call=row.per_call,
        hold_ceiling=row.hold_ceiling,
        priced_as=row.priced_as,
        units=row.units,
        tiers=tiers_of(row.tiers),
    )


def _valid_now(rows: QuerySet[M]) -> QuerySet[M]:
    now = timezone.now()
    return rows.filter(Q(valid_to=None) | Q(valid_to__gt=now), valid_from__lte=now)


def _income(tenant_id: int, place: int) -> int:
    """Return where a level's part of each call goes: usage at the platform, margin at a reseller."""
    kind = Kind.MARGIN if place else Kind.SINK_USAGE
    return ledger.account(kind=kind, tenant_id=tenant_id).pk
