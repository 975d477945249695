"""What shops sold: by day, tenant and currency, with cost and margin; the funnel of orders; the best products. Reads only.

A sale is an order that was paid. What is paid back later counts against the day of its payment, so that a day's margin is
its own. Days are those of UTC; money is in minor units, quota in µ$. Callers narrow the orders to whom they belong.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields, replace
from typing import NamedTuple, TypeVar

from django.db.models import BigIntegerField, Count, Exists, F, Max, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate

from billing import stock_costs
from billing.models import Code, Dispute, GatewayAccount, Order, PaymentAttempt, Refund

K = TypeVar("K", bound=Hashable)


class Key(NamedTuple):
    """Whose sales, of which day, in which currency."""

    tenant_id: int
    day: datetime.date
    currency: str


@dataclass(frozen=True, slots=True)
class Sales:
    """Sums of some sales in one currency. `cost_minor` is None where nobody knows what the quota cost the shop.

    `returned_minor` went back to buyers, `fees_minor` stayed with a lent payment account, `quota_micros` is what buyers kept,
    `manual_minor` what of the price staff confirmed by hand.
    """

    orders: int = 0
    pieces: int = 0
    gross_minor: int = 0
    returned_minor: int = 0
    fees_minor: int = 0
    quota_micros: int = 0
    manual_minor: int = 0
    cost_minor: int | None = 0

    @property
    def margin_minor(self) -> int | None:
        """Return what is left of the price after returns, fees and cost."""
        return None if self.cost_minor is None else self.gross_minor - self.returned_minor - self.fees_minor - self.cost_minor

    def __add__(self, other: Sales) -> Sales:
        sums = {one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self) if one.name != "cost_minor"}
        known = self.cost_minor is not None and other.cost_minor is not None
        return Sales(**sums, cost_minor=(self.cost_minor or 0) + (other.cost_minor or 0) if known else None)


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far the orders came that were placed in some days; `with_codes` of the delivered can be redeemed at all."""

    placed: int
    started: int
    paid: int
    delivered: int
    with_codes: int
    redeemed: int


@dataclass(frozen=True, slots=True)
class Best:
    """A product and what was sold of it in one currency."""

    name: str
    currency: str
    orders: int
    pieces: int
    gross_minor: int


def by_day(orders: QuerySet[Order], *, since: datetime.datetime, until: datetime.datetime) -> dict[Key, Sales]:
    """Add up the orders paid in [since, until), the oldest day first; costs are of the stock that each shop bought by then."""
    paid = orders.filter(paid_at__gte=since, paid_at__lt=until).order_by()
    keys = ("tenant_id", "day", "currency")
    day = TruncDate("paid_at", tzinfo=datetime.UTC)
    quota = Sum(F("quantity") * (F("units_micros") + F("bonus_micros")), output_field=BigIntegerField())
    rows = paid.annotate(day=day).values_list(*keys).annotate(Count("pk"), Sum("quantity"), Sum("total_minor"), quota=quota)
    fees, returns, manual = _fees(paid), _returns(paid), _manual(paid)
    found: dict[Key, Sales] = {}
    for tenant_id, on, currency, count, pieces, gross, micros in sorted(rows, key=lambda row: (row[1], row[0], row[2])):
        key = Key(tenant_id, on, currency)
        returned, taken_back = returns.get(key, (0, 0))
        found[key] = Sales(count, pieces, gross, returned, fees.get(key, 0), micros - taken_back, manual.get(key, 0))
    prices = stock_costs.paid({key.tenant_id for key in found}, until=until)
    costs = {key: stock_costs.cost(sales.quota_micros, prices.get((key.tenant_id, key.currency))) for key, sales in found.items()}
    return {key: replace(sales, cost_minor=costs[key]) for key, sales in found.items()}


def fold(sales: Mapping[Key, Sales], by: Callable[[Key], K]) -> dict[K, Sales]:
    """Add up sales with a common answer to `by`, such as their currency."""
    found: dict[K, Sales] = defaultdict(Sales)
    for key, one in sales.items():
        found[by(key)] += one
    return dict(found)


def funnel(orders: QuerySet[Order], *, since: datetime.datetime, until: datetime.datetime) -> Funnel:
    """Count how far the orders placed in [since, until) have come by now."""
    codes = Code.objects.filter(order=OuterRef("pk"))
    delivered = Q(delivered_at__isnull=False)
    found = orders.filter(created_at__gte=since, created_at__lt=until).order_by().aggregate(
        placed=Count("pk"),
        started=Count("pk", filter=Q(Exists(PaymentAttempt.objects.filter(order=OuterRef("pk"))))),
        paid=Count("pk", filter=Q(paid_at__isnull=False)),
        delivered=Count("pk", filter=delivered),
        with_codes=Count("pk", filter=delivered & Q(Exists(codes))),
        redeemed=Count("pk", filter=delivered & Q(Exists(codes.filter(state=Code.State.REDEEMED)))),
    )  # fmt: skip
    return Funnel(**found)


def best(orders: QuerySet[Order], *, since: datetime.datetime, until: datetime.datetime, most: int) -> list[Best]:
    """Return the products that brought most in [since, until): the currency of most orders first, the dearest first in each.

    Orders keep a name as their buyers read it: that of buyers who read the shop's own language counts, where there are some.
    """
    paid = orders.filter(paid_at__gte=since, paid_at__lt=until).order_by()
    own = Max("product_name", filter=Q(language=F("tenant__language")))
    name = Coalesce(own, Max("product_name"))
    rows = paid.values_list("product_id", "currency").annotate(called=name).annotate(Count("pk"), Sum("quantity"), Sum("total_minor"))
    found = [Best(name, currency, count, pieces, gross) for _product, currency, name, count, pieces, gross in rows]
    in_currency: dict[str, int] = defaultdict(int)
    for one in found:
        in_currency[one.currency] += one.orders
    return sorted(found, key=lambda one: (-in_currency[one.currency], one.currency, -one.gross_minor, one.name))[:most]


def _fees(paid: QuerySet[Order]) -> dict[Key, int]:
    """Add up what lent accounts kept, in the order's currency: the same share of its price as of the money that came."""
    share = Sum(F("fee_minor") * (F("order__total_minor") - F("credit_minor")) / F("received_minor"), output_field=BigIntegerField())
    settling = PaymentAttempt.objects.filter(order__in=paid, settles_order=True, fee_minor__gt=0, received_minor__gt=0)
    day = TruncDate("order__paid_at", tzinfo=datetime.UTC)
    rows = settling.order_by().annotate(day=day).values_list("order__tenant_id", "day", "order__currency").annotate(fee=share)
    return {Key(*key): sum_ for *key, sum_ in rows}


def _manual(paid: QuerySet[Order]) -> dict[Key, int]:
    """Add up the prices of orders whose money staff confirmed by hand."""
    settling = PaymentAttempt.objects.filter(order__in=paid, settles_order=True, account__driver=GatewayAccount.MANUAL)
    day = TruncDate("order__paid_at", tzinfo=datetime.UTC)
    rows = (
        settling.order_by().annotate(day=day).values_list("order__tenant_id", "day", "order__currency").annotate(Sum("order__total_minor"))
    )
    return {Key(*key): sum_ for *key, sum_ in rows}


def _returns(paid: QuerySet[Order]) -> dict[Key, tuple[int, int]]:
    """Add up money and quota that went back or is on its way, and money lost in disputes; all in the order's currency."""
    settling = {"attempt__order__in": paid, "attempt__settles_order": True}
    refunds = Refund.objects.filter(**settling, state__in=Refund.COUNTING).select_related("attempt__order")
    lost = Dispute.objects.filter(**settling, state=Dispute.State.LOST).select_related("attempt__order")
    found: dict[Key, tuple[int, int]] = {}
    rows: list[Refund | Dispute] = [*refunds, *lost]
    for row in rows:
        order = row.attempt.order
        money = _of_order(row.attempt, row.amount_minor)
        quota = 0
        if isinstance(row, Refund):
            money += row.credit_minor
            # A part of the money takes the same part of the quota along.
            quota = order.quantity * (order.units_micros + order.bonus_micros) * money // order.total_minor if row.takes_back else 0
        key = Key(order.tenant_id, _utc_day(order), order.currency)
        before = found.get(key, (0, 0))
        found[key] = (before[0] + money, before[1] + quota)
    return found


def _of_order(attempt: PaymentAttempt, amount_minor: int) -> int:
    """Return an amount of what came as the same share of what the gateway was to pay, in the order's currency."""
    due = attempt.order.total_minor - attempt.credit_minor
    return amount_minor * due // attempt.received_minor if attempt.received_minor else 0


def _utc_day(order: Order) -> datetime.date:
    if order.paid_at is None:
        raise ValueError("only paid orders have sales")
    return order.paid_at.astimezone(datetime.UTC).date()
