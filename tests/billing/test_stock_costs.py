"""What quota cost a shop: the average of its purchases in that currency, what is left of each product's lowest price."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import stock_costs
from billing.models import Order, Product
from tests.billing.shop import FIVE, PRICE, manual_product, stocked

pytestmark = pytest.mark.django_db


def bought(shop: Tenant, seller: Tenant, *, total: int, micros: int = 100_000_000, currency: str = "CNY", **more: object) -> Order:
    """A paid order of stock."""
    product = Product.objects.create(
        tenant=seller, slug=f"stock-{Product.objects.count()}", name="Stock", kind="stock", units_micros=micros, price_minor=total,
        currency=currency,
    )  # fmt: skip
    number = f"n{Order.objects.count()}"
    values: dict[str, Any] = {
        "tenant": seller, "number": number, "capability_digest": number, "capability_sealed": "x", "product": product, "kind": "stock",
        "quantity": 1, "units_micros": micros, "recipient": shop, "total_minor": total, "currency": currency, "state": "delivered",
        "paid_at": timezone.now(), "reserved_until": timezone.now(),
    }  # fmt: skip
    return Order.objects.create(**values | more)


def known(product: Product) -> tuple[int | None, int | None]:
    found = stock_costs.costed(Product.objects.filter(pk=product.pk)).get()
    return stock_costs.of(found), stock_costs.margin(found)


def test_a_piece_costs_its_share_of_all_purchases_rounded_up(tenant: Tenant, root_tenant: Tenant) -> None:
    product = stocked(tenant, count=1)
    assert known(product) == (None, None)
    bought(tenant, root_tenant, total=70_000)
    bought(tenant, root_tenant, total=10_001, micros=20_000_000)
    # 800.01 for $120: $5 are 33.33375
    assert known(product) == (3_334, PRICE - 3_334)


def test_the_lowest_tier_and_the_bonus_count(tenant: Tenant, root_tenant: Tenant) -> None:
    product = stocked(tenant, count=1)
    bought(tenant, root_tenant, total=70_000)
    Product.objects.filter(pk=product.pk).update(tiers=[{"from": 10, "price_minor": 3_400}], bonus_micros=FIVE // 5)
    assert known(product) == (4_200, 3_400 - 4_200)


@pytest.mark.parametrize("how", [{"state": "refunded"}, {"paid_at": None}])
def test_what_came_to_nothing_cost_nothing(tenant: Tenant, root_tenant: Tenant, how: dict[str, Any]) -> None:
    bought(tenant, root_tenant, total=70_000, **how)
    assert known(stocked(tenant, count=1)) == (None, None)


def test_other_currencies_and_shops_say_nothing(tenant: Tenant, root_tenant: Tenant, stranger: Membership) -> None:
    bought(tenant, root_tenant, total=10_000, currency="USD")
    bought(stranger.tenant, root_tenant, total=70_000)
    assert known(stocked(tenant, count=1)) == (None, None)


def test_goods_without_quota_cost_nothing_the_books_know(tenant: Tenant) -> None:
    assert known(manual_product(tenant)) == (0, PRICE)
