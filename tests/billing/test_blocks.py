"""Blocked buyers order and pay nothing, however they spell themselves; what is too wide is refused; shops below are held to it."""

from __future__ import annotations

import pytest

from accounts.models import Membership, Tenant
from billing import blocks, orders
from billing.models import Order
from tests.billing.shop import attempt, pay, sandbox, stocked

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("J.oe+a@Gmail.com", ("email", "joe@gmail.com")),
        ("@Mail.example", ("domain", "@mail.example")),
        ("203.0.113.7", ("network", "203.0.113.7/32")),
        ("203.0.113.7/24", ("network", "203.0.113.0/24")),
        ("2a01:4f8::1/64", ("network", "2a01:4f8::/64")),
        ("+86 (138) 0013-8000", ("contact", "+8613800138000")),
        ("QQ 12345", ("contact", "qq12345")),
    ],
)
def test_one_field_reads_all_kinds(text: str, read: tuple[str, str]) -> None:
    assert blocks.read(text) == read


@pytest.mark.parametrize("text", ["", "abc", "0.0.0.0/0", "10.0.0.0/8", "2a01::/16", "x" * 81])
def test_what_names_nobody_or_everybody_is_refused(text: str) -> None:
    with pytest.raises(blocks.BadBlock):
        blocks.read(text)


@pytest.mark.parametrize(
    ("text", "buyer"),
    [
        ("joe@mail.example", orders.Buyer(email="Joe+again@mail.example")),
        ("@mail.example", orders.Buyer(email="anybody@MAIL.example")),
        ("203.0.113.0/24", orders.Buyer(email="x@y.example", address="203.0.113.9")),
        ("138 0013 8000", orders.Buyer(contact="138-0013-8000")),
    ],
)
def test_a_blocked_buyer_orders_nothing_until_it_is_taken_off(tenant: Tenant, text: str, buyer: orders.Buyer) -> None:
    product = stocked(tenant)
    row = blocks.add(tenant=tenant, text=text)
    assert blocks.add(tenant=tenant, text=text) == row
    with pytest.raises(orders.BadOrder, match="takes no orders of yours"):
        orders.place(product=product, buyer=buyer)
    assert not Order.objects.exists()
    row.delete()
    assert orders.place(product=product, buyer=buyer).order.state == "pending"


@pytest.mark.parametrize("buyer", [orders.Buyer(email="joe@sub.mail.example"), orders.Buyer(contact="joe", address="203.0.114.1")])
def test_others_order_as_ever(tenant: Tenant, buyer: orders.Buyer) -> None:
    for text in ("joe@mail.example", "@mail.example", "203.0.113.0/24", "138 0013 8000"):
        blocks.add(tenant=tenant, text=text)
    assert orders.place(product=stocked(tenant), buyer=buyer).order.state == "pending"


def test_the_platforms_blocks_count_in_every_shop_and_a_shops_in_no_other(
    tenant: Tenant, root_tenant: Tenant, stranger: Membership
) -> None:
    product, buyer = stocked(tenant), orders.Buyer(email="joe@mail.example")
    blocks.add(tenant=stranger.tenant, text="joe@mail.example")
    orders.place(product=product, buyer=buyer)
    blocks.add(tenant=root_tenant, text="joe@mail.example")
    with pytest.raises(orders.BadOrder):
        orders.place(product=product, buyer=buyer)


def test_an_order_placed_before_begins_no_payment_but_money_under_way_still_counts(tenant: Tenant) -> None:
    product, account = stocked(tenant), sandbox(tenant)
    begun = attempt(product, account, email="joe@mail.example")
    waiting = orders.place(product=product, buyer=orders.Buyer(email="joe@mail.example")).order
    blocks.add(tenant=tenant, text="joe@mail.example")
    with pytest.raises(orders.WrongState):
        orders.start_payment(order=waiting, account=account)
    assert pay(begun).state == "delivered"
