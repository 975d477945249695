"""What statistics show: figures of sales and calls as tables, charts and sheets. Pure, but for the names of tenants."""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Tenant
from billing import sales
from billing.money import MICROS, format_minor, format_usd, minor_digits

Where = tuple[int, datetime.date]
COLOUR = "var(--color-primary-600)"
Sheet = tuple[list[str], Iterable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Calls:
    """What calls brought, in µ$: the price customers paid, the shops' margin in it, the upstream's cost (the platform's affair).

    `below_micros` is what a shop earned on calls of the shops below it, whose price it does not see.
    """

    count: int = 0
    uncosted: int = 0
    price_micros: int = 0
    earned_micros: int = 0
    cost_micros: int = 0
    below_micros: int = 0

    @property
    def wholesale_micros(self) -> int:
        """Return what of the price went to the seller above."""
        return self.price_micros - self.earned_micros

    @property
    def margin_micros(self) -> int:
        """Return what the platform keeps."""
        return self.wholesale_micros - self.cost_micros

    def __add__(self, other: Calls) -> Calls:
        return Calls(
            self.count + other.count, self.uncosted + other.uncosted, self.price_micros + other.price_micros,
            self.earned_micros + other.earned_micros, self.cost_micros + other.cost_micros, self.below_micros + other.below_micros,
        )  # fmt: skip

    @staticmethod
    def total(calls: Mapping[Where, Calls]) -> Calls:
        """Add up calls of any days and tenants."""
        return sum(calls.values(), Calls())


def by_currency(sold: Mapping[sales.Key, sales.Sales]) -> list[dict[str, Any]]:
    """Return one row a currency, that of most orders first."""
    found = sales.fold(sold, by=lambda key: key.currency)
    return [_money(currency, one) for currency, one in sorted(found.items(), key=lambda item: (-item[1].orders, item[0]))]


def by_tenant(sold: Mapping[sales.Key, sales.Sales], calls: Mapping[Where, Calls]) -> list[dict[str, Any]]:
    """Return one row a tenant: its sales in each currency and its calls; who brings most by calls first."""
    sums = sales.fold(sold, by=lambda key: (key.tenant_id, key.currency))
    of_calls: dict[int, Calls] = defaultdict(Calls)
    for (tenant_id, _day), one in calls.items():
        of_calls[tenant_id] += one
    rows: dict[int, list[dict[str, Any]]] = {tenant_id: [] for tenant_id in of_calls}
    for (tenant_id, currency), made in sorted(sums.items()):
        rows.setdefault(tenant_id, []).append(_money(currency, made))
    names = dict(Tenant.objects.filter(pk__in=rows).values_list("pk", "name"))
    found = [{"name": names[pk], "sales": money, "calls": of_calls.get(pk, Calls())} for pk, money in rows.items()]
    return sorted(found, key=lambda row: (-row["calls"].price_micros, row["name"]))


def funnel(found: sales.Funnel) -> list[dict[str, Any]]:
    """Return the steps with their share of the orders placed; codes are redeemed of those orders that hold any."""
    steps = [
        (_("Placed"), found.placed, found.placed),
        (_("Payment begun"), found.started, found.placed),
        (_("Paid"), found.paid, found.placed),
        (_("Delivered"), found.delivered, found.placed),
        (_("Redeemed, of those delivered with codes"), found.redeemed, found.with_codes),
    ]
    return [{"step": step, "orders": count, "share": f"{100 * count / whole:.1f} %" if whole else "—"} for step, count, whole in steps]


def best(found: Iterable[sales.Best]) -> list[dict[str, Any]]:
    """Return the best products, ready to print."""
    return [
        {"name": one.name, "orders": one.orders, "pieces": one.pieces, "gross": format_minor(one.gross_minor, currency=one.currency)}
        for one in found
    ]


def sales_charts(sold: Mapping[sales.Key, sales.Sales], days: Sequence[datetime.date]) -> list[dict[str, str]]:
    """Return a chart of sales by day for each currency, in whole units of it."""
    sums = sales.fold(sold, by=lambda key: (key.currency, key.day))
    charts = []
    for currency in sorted({currency for currency, _day in sums}):
        unit = 10 ** minor_digits(currency)
        values = [sums.get((currency, day), sales.Sales()).gross_minor / unit for day in days]
        charts.append(_chart(_("Sales, %s") % currency, days, values))
    return charts


def calls_charts(calls: Mapping[Where, Calls], days: Sequence[datetime.date], *, is_platform: bool) -> list[dict[str, str]]:
    """Return charts of what calls brought each day, and of what stays of it, in dollars."""
    found: dict[datetime.date, Calls] = defaultdict(Calls)
    for (_tenant, day), one in calls.items():
        found[day] += one
    sums = [found[day] for day in days]
    kept = [one.margin_micros if is_platform else one.earned_micros + one.below_micros for one in sums]
    return [
        _chart(_("Calls, $"), days, [one.price_micros / MICROS for one in sums]),
        _chart(_("Margin, $"), days, [micros / MICROS for micros in kept]),
    ]


def sales_sheet(sold: Mapping[sales.Key, sales.Sales], names: Mapping[int, str]) -> Sheet:
    """Return the sales by day, tenant and currency as a sheet; what nobody knows is empty."""
    head = ["day", "tenant", "currency", "orders", "pieces", "gross_minor", "returned_minor", "fees_minor", "quota_micros", "manual_minor"]
    return [*head, "cost_minor", "margin_minor"], _sales_rows(sold, names)


def calls_sheet(calls: Mapping[Where, Calls], names: Mapping[int, str], *, is_platform: bool) -> Sheet:
    """Return calls by day and tenant as a sheet; costs upstream are for the platform alone."""
    head = ["day", "tenant", "calls", "price_micros", "earned_micros", "wholesale_micros"]
    return [*head, "uncosted_calls", "cost_micros", "margin_micros"] if is_platform else [*head, "below_micros"], _calls_rows(
        calls, names, is_platform
    )


def _sales_rows(sold: Mapping[sales.Key, sales.Sales], names: Mapping[int, str]) -> Iterator[list[Any]]:
    for key, one in sold.items():
        money = [one.gross_minor, one.returned_minor, one.fees_minor, one.quota_micros, one.manual_minor, one.cost_minor, one.margin_minor]
        yield [str(key.day), names.get(key.tenant_id, ""), key.currency, one.orders, one.pieces, *money]


def _calls_rows(calls: Mapping[Where, Calls], names: Mapping[int, str], is_platform: bool) -> Iterator[list[Any]]:
    for (tenant_id, day), one in calls.items():
        more = [one.uncosted, one.cost_micros, one.margin_micros] if is_platform else [one.below_micros]
        yield [str(day), names.get(tenant_id, ""), one.count, one.price_micros, one.earned_micros, one.wholesale_micros, *more]


def _money(currency: str, one: sales.Sales) -> dict[str, Any]:
    """Return sums of sales, ready to print."""
    amounts = {
        "gross": one.gross_minor, "manual": one.manual_minor, "returned": one.returned_minor, "fees": one.fees_minor,
        "cost": one.cost_minor,
    }  # fmt: skip
    shown = {name: "—" if minor is None else format_minor(minor, currency=currency) for name, minor in amounts.items()}
    margin = "—" if one.margin_minor is None else format_minor(one.margin_minor, currency=currency)
    return {
        "currency": currency,
        "orders": one.orders,
        "pieces": one.pieces,
        "quota": format_usd(one.quota_micros),
        "margin": margin,
        **shown,
    }


def _chart(title: str, days: Sequence[datetime.date], values: Sequence[float]) -> dict[str, str]:
    """Return a title and Chart.js data of one series, as Unfold's component takes it."""
    series = {
        "label": title, "data": list(values), "borderColor": COLOUR, "backgroundColor": COLOUR, "displayYAxis": True, "maxTicksXLimit": 12,
    }  # fmt: skip
    return {"title": title, "data": json.dumps({"labels": [f"{day:%m-%d}" for day in days], "datasets": [series]})}
