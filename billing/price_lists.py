"""Load the prices that one tenant's customers pay: every seller of the chain with its rules."""

from __future__ import annotations

import datetime
from collections import defaultdict
from typing import TypeVar

from django.db.models import F, Min, Q, QuerySet
from django.utils import timezone

from accounts import tenants
from billing import ledger, price_terms
from billing.models import GroupRate, LedgerAccount, PriceCeiling, PriceRule
from billing.price_rules import Ceiling
from billing.pricing import Group, Level, ModelPrice, PriceList, Rule, price_of

Kind = LedgerAccount.Kind
M = TypeVar("M", GroupRate, PriceCeiling, PriceRule)


def load(tenant_id: int, *, at: datetime.datetime | None = None) -> PriceList:
    """Return the tenant's price list as of now, or of a moment."""
    return of_chain(tenants.chain(tenant_id), at=at)


def of_chain(chain: tuple[int, ...], *, at: datetime.datetime | None = None) -> PriceList:
    """Return the price list at the end of a chain of tenants, the platform first."""
    at = at or timezone.now()
    rules: dict[int, list[Rule]] = defaultdict(list)
    for row in current(at=at).filter(book__tenant_id__in=chain).select_related("book"):
        rules[row.book.tenant_id].append(as_rule(row))
    rates = _valid(GroupRate.objects.filter(book__tenant_id=chain[-1]), at) if chain else ()
    groups = {rate.group: Group(rate.pk, rate.factor) for rate in rates}
    most = _ceilings(_valid(PriceCeiling.objects.filter(book__tenant_id__in=chain), at))
    levels = [
        Level(tenant_id, _income(tenant_id, place), tuple(rules[tenant_id]), most.get(tenant_id)) for place, tenant_id in enumerate(chain)
    ]
    return PriceList(levels, groups, lasts_seconds=_seconds_left(chain, at))


def of_book(chain: tuple[int, ...], book: str) -> ModelPrice | None:
    """Return the price that a usage row's book names (`1:17 5:88 c7 g3`): the rules of that time, whatever counts now."""
    names = [word.partition(":") for word in book.split()]
    used = {int(tenant): int(rule) for tenant, _colon, rule in names if tenant.isdecimal() and rule.isdecimal()}
    rows = {row.pk: as_rule(row) for row in PriceRule.objects.filter(pk__in=used.values())}
    rate = next(
        (GroupRate.objects.filter(pk=int(word[1:])).first() for word in book.split() if word[:1] == "g" and word[1:].isdecimal()), None
    )
    most = _ceilings(
        PriceCeiling.objects.filter(pk__in=[int(word[1:]) for word in book.split() if word[:1] == "c" and word[1:].isdecimal()])
    )
    found = [
        (Level(tenant, _income(tenant, place), (), most.get(tenant)), rows.get(used.get(tenant, 0))) for place, tenant in enumerate(chain)
    ]
    return price_of(found, group=Group(rate.pk, rate.factor) if rate else None)


def ceilings(tenant_id: int) -> QuerySet[PriceCeiling]:
    """Return the ceilings of a shop that count now or will."""
    return PriceCeiling.objects.filter(Q(valid_to=None) | Q(valid_to__gt=timezone.now()), book__tenant=tenant_id)


def ceiling(tenant_id: int, *, at: datetime.datetime | None = None) -> int | None:
    """Return the most a shop may ask for now, or at a moment, in millionths of its wholesale price; None where nobody says."""
    row = _valid(PriceCeiling.objects.filter(book__tenant=tenant_id), at or timezone.now()).first()
    return None if row is None else row.factor


def models(tenant_id: int) -> list[str]:
    """Return the patterns the platform has priced: what else a tenant lists cannot be sold."""
    root = tenants.chain(tenant_id)[:1]
    return list(current().filter(book__tenant_id__in=root).order_by("pattern").values_list("pattern", flat=True))


def current(*, at: datetime.datetime | None = None) -> QuerySet[PriceRule]:
    """Return the rules valid now, or at a moment."""
    return _valid(PriceRule.objects.all(), at or timezone.now())


def as_rule(row: PriceRule) -> Rule:
    """Turn a row into the value that pricing knows."""
    return price_terms.as_rule(row.pk, row.pattern, {name: getattr(row, name) for name in price_terms.FIELDS})


def _valid(rows: QuerySet[M], at: datetime.datetime) -> QuerySet[M]:
    return rows.filter(Q(valid_to=None) | Q(valid_to__gt=at), valid_from__lte=at)


def _ceilings(rows: QuerySet[PriceCeiling]) -> dict[int, Ceiling]:
    return {row.book.tenant_id: Ceiling(row.pk, row.factor) for row in rows.select_related("book")}


def _seconds_left(chain: tuple[int, ...], at: datetime.datetime) -> float | None:
    """Return how long after `at` the first planned change of any of these sellers comes."""
    moments: list[datetime.datetime] = []
    for rows in (PriceRule.objects.all(), GroupRate.objects.all()):
        lasting = rows.filter(Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), book__tenant_id__in=chain)
        ends = lasting.aggregate(begin=Min("valid_from", filter=Q(valid_from__gt=at)), end=Min("valid_to", filter=Q(valid_to__gt=at)))
        moments += [moment for moment in ends.values() if moment is not None]
    return (min(moments) - at).total_seconds() if moments else None


def _income(tenant_id: int, place: int) -> int:
    """Return where a level's part of each call goes: usage at the platform, margin at a reseller."""
    kind = Kind.MARGIN if place else Kind.SINK_USAGE
    return ledger.account(kind=kind, tenant_id=tenant_id).pk
