"""What a shop's quota cost it: the average of what it paid for stock, by currency. Reads only.

What was bought in one currency says nothing of what it costs in another: that is unknown.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any

from django.db.models import BigIntegerField, F, OuterRef, QuerySet, Subquery, Sum

from billing.models import Order, Product
from billing.money import ceil_div

_MICROS = Sum(F("quantity") * F("units_micros"), output_field=BigIntegerField())


def paid(tenant_ids: Collection[int], *, until: datetime.datetime) -> dict[tuple[int, str], tuple[int, int]]:
    """Return what shops paid for stock before a moment, by shop and currency: minor units, and the µ$ that they bought."""
    bought = _purchases().filter(recipient__in=tenant_ids, paid_at__lt=until)
    rows = bought.values_list("recipient_id", "currency").annotate(Sum("total_minor"), micros=_MICROS)
    return {(tenant_id, currency): (minor, micros) for tenant_id, currency, minor, micros in rows}


def cost(micros: int, price: tuple[int, int] | None) -> int | None:
    """Return what quota cost at so many minor units for so many µ$, rounded up; no quota costs nothing that the books know."""
    if not micros:
        return 0
    return None if price is None else ceil_div(micros * price[0], price[1])


def costed(rows: QuerySet[Product]) -> QuerySet[Product]:
    """Return products with what their shop paid for its stock in their currency, for `of`."""
    bought = _purchases().filter(recipient=OuterRef("tenant"), currency=OuterRef("currency")).values("recipient")
    minor, micros = bought.annotate(sum=Sum("total_minor")).values("sum"), bought.annotate(sum=_MICROS).values("sum")
    return rows.annotate(stock_minor=Subquery(minor), stock_micros=Subquery(micros))


def of(product: Any) -> int | None:
    """Return what the quota (with the bonus) of one piece of a `costed` product cost, in minor units; None where nobody knows."""
    price = (product.stock_minor, product.stock_micros) if product.stock_micros else None
    return cost(product.units_micros + product.bonus_micros, price)


def margin(product: Any) -> int | None:
    """Return what is left of the lowest price of one piece of a `costed` product, below 0 where it is sold at a loss."""
    known = of(product)
    return None if known is None else min([product.price_minor, *(int(tier["price_minor"]) for tier in product.tiers)]) - known


def _purchases() -> QuerySet[Order]:
    bought = Order.objects.filter(kind=Product.Kind.STOCK, recipient__isnull=False, paid_at__isnull=False)
    return bought.exclude(state=Order.State.REFUNDED).order_by()
