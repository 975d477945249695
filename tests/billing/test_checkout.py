"""Ways to pay: store credit first, mixed where it pays a part, and nobody else's."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.models import Membership
from billing import checkout, orders, rates, store_credit
from billing.models import Order
from tests.billing.payments.world import account_at
from tests.billing.shop import sandbox, stocked

pytestmark = pytest.mark.django_db


def order_of(member: Membership) -> Order:
    buyer = orders.Buyer(email="ann@shop.test", membership=member)
    sandbox(member.tenant)
    return orders.place(product=stocked(member.tenant), buyer=buyer).order


def shown(order: Order, payer: Membership | None) -> list[tuple[str, str, str]]:
    return [(way.account.driver, way.amount, way.credit) for way in checkout.ways(order, payer=payer)]


@pytest.mark.parametrize(
    ("minor", "expected"),
    [
        (0, [("sandbox", "¥39.00", "")]),
        (1_000, [("sandbox", "¥29.00", "¥10.00"), ("sandbox", "¥39.00", "")]),
        (3_899, [("sandbox", "¥0.01", "¥38.99"), ("sandbox", "¥39.00", "")]),
        (3_900, [("credit", "¥39.00", ""), ("sandbox", "¥39.00", "")]),
        (9_000, [("credit", "¥39.00", ""), ("sandbox", "¥39.00", "")]),
    ],
)
def test_credit_pays_what_it_covers(end_user: Membership, minor: int, expected: list[tuple[str, str, str]]) -> None:
    if minor:
        store_credit.give(membership=end_user, amount_minor=minor, reason="", key="1")
    order = order_of(end_user)
    assert shown(order, end_user) == expected
    assert shown(order, None) == [("sandbox", "¥39.00", "")]


def test_a_shop_that_switched_it_off_offers_none(end_user: Membership) -> None:
    store_credit.give(membership=end_user, amount_minor=1_000, reason="", key="1")
    account = store_credit.open_for(end_user.tenant)
    account.is_enabled = False
    account.save(update_fields=["is_enabled"])
    assert shown(order_of(end_user), end_user) == [("sandbox", "¥39.00", "")]


def test_a_way_names_what_its_gateway_will_ask_for(end_user: Membership) -> None:
    product, tenant = stocked(end_user.tenant, currency="USD"), end_user.tenant
    account_at("https://pay.example.test", tenant, "epay")
    no_rate = orders.place(product=product, buyer=orders.Buyer(email="ann@shop.test")).order
    assert shown(no_rate, None) == []
    rates.put(base="USD", quote="CNY", rate=Decimal("7.1203"))
    order = orders.place(product=product, buyer=orders.Buyer(email="bea@shop.test")).order
    assert shown(order, None) == [("epay", "¥277.70", "")]
