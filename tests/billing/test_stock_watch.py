"""Stock that runs low: each turn for the worse is told once, and once a day at most."""

from __future__ import annotations

import pytest

from accounts.models import NotificationTarget, Tenant
from billing import orders, stock_watch
from billing.models import Product
from foundation.models import OutboxMessage
from tests.billing.shop import card_product, manual_product, place, restock, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _target(tenant: Tenant) -> None:
    NotificationTarget.objects.create(tenant=tenant, preset="email", address="ops@shop.test", events=["stock.low", "stock.out"])


def told() -> list[tuple[str, dict[str, object]]]:
    rows = OutboxMessage.objects.filter(topic="accounts.notice").order_by("pk")
    return [(row.payload["kind"], row.payload["data"]) for row in rows]


def test_low_and_out_are_told_once_each(tenant: Tenant) -> None:
    product = stocked(tenant, count=6)
    assert stock_watch.look() == 0
    placed = [place(product, quantity=2).order]
    assert (stock_watch.look(), stock_watch.look()) == (1, 0)
    placed.append(place(product, quantity=4, email="b@example.test").order)
    assert (stock_watch.look(), stock_watch.look()) == (1, 0)
    assert told() == [
        ("stock.low", {"product": "Five dollars", "left": 4}),
        ("stock.out", {"product": "Five dollars", "left": 0}),
    ]
    for order in placed:
        orders.run_out(order=order)
    restock(product, count=1)
    assert stock_watch.look() == 0
    place(product, quantity=7, email="c@example.test")
    stock_watch.look()
    assert len(told()) == 2  # the same day


def test_each_product_has_its_own_threshold_and_may_have_none(tenant: Tenant) -> None:
    card_product(tenant, "A", "B")
    manual_product(tenant)  # as many as are ordered
    assert stock_watch.look() == 1
    Product.objects.update(low_stock=None)
    assert stock_watch.look() == 0
    Product.objects.update(low_stock=2, is_active=False)
    assert stock_watch.look() == 0
