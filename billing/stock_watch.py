"""Tell a shop's staff that a product runs low or is sold out: each turn for the worse once, and once a day at most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import events
from accounts.models import Tenant
from billing import catalogue
from billing.models import Product, StockWatch

Level = StockWatch.Level
_RANK = {Level.ENOUGH: 0, Level.LOW: 1, Level.OUT: 2}


def look() -> int:
    """Compare what is left of each product on sale with what was seen last; return how many turns for the worse were told."""
    on_sale = Product.objects.filter(is_active=True, tenant__state=Tenant.State.OPEN, low_stock__isnull=False)
    seen = dict(StockWatch.objects.filter(product__in=on_sale).values_list("product_id", "level"))
    found: Iterable[Any] = catalogue.stocked(on_sale).order_by("pk")
    counted = [product for product in found if product.stock < catalogue.ANY_NUMBER]
    return sum(_note(product, product.stock, seen.get(product.pk, Level.ENOUGH)) for product in counted)


@transaction.atomic
def _note(product: Product, stock: int, before: str) -> bool:
    """Keep a product's level; tell it where it is worse than before. One of two who look at once does."""
    level = Level.OUT if not stock else Level.LOW if stock < (product.low_stock or 0) else Level.ENOUGH
    if level == before:
        return False
    StockWatch.objects.get_or_create(product=product)
    if not StockWatch.objects.filter(product=product, level=before).update(level=level) or _RANK[level] < _RANK[Level(before)]:
        return False
    data = {"product": catalogue.name_of(product), "left": stock}
    kind = "stock.out" if level == Level.OUT else "stock.low"
    events.emit(tenant_id=product.tenant_id, kind=kind, data=data, key=f"{product.pk}:{timezone.now():%Y%m%d}")
    return True
