"""Crowds at the counter: the last pieces, one code for all, every message in any order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from accounts import tenants
from accounts.models import Membership, Tenant, User
from billing import audit, callbacks, codes, orders
from billing.models import Code, Order
from billing.payments.base import Message
from tests.billing.shop import FIVE, PRICE, held, restock, sandbox, stocked

pytestmark = pytest.mark.django_db(transaction=True)


def crowd(count: int, act: Callable[[int], str]) -> list[str]:
    """Let so many act at once, 16 at a time, and return what each got."""
    barrier = threading.Barrier(16)

    def one(number: int) -> str:
        try:
            if number < 16:
                barrier.wait(timeout=30)
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, range(count)))


def test_of_200_buyers_ten_get_the_last_ten_and_nobody_pays_for_nothing(root_tenant: Tenant) -> None:
    """W11 and W14: what is paid for is there."""
    product, account = stocked(root_tenant, count=10), sandbox(root_tenant)

    def buy(number: int) -> str:
        try:
            buyer = orders.Buyer(email=f"buyer{number}@example.test")
            paying = orders.start_payment(order=orders.place(product=product, buyer=buyer).order, account=account)
        except codes.SoldOut:
            return "sold out"
        message = Message(method="POST", query={}, form={"button": "pay"}, headers={}, body=b"", attempt=paying.token)
        return str(callbacks.receive(account=account, message=message).status)

    got = crowd(200, buy)

    assert (got.count("200"), got.count("sold out")) == (10, 190)
    assert Order.objects.filter(state="delivered").count() == 10 == Order.objects.count()
    assert Code.objects.filter(state="sold").count() == 10
    assert held("revenue", root_tenant) == 10 * PRICE
    assert audit.run() == []


def test_of_500_redemptions_of_one_code_one_wins(root_tenant: Tenant) -> None:
    """W16: the lock is one of the database."""
    product = stocked(root_tenant, count=1)
    [text] = restock(product, count=1)
    Code.objects.update(state="sold")
    people: list[Membership] = [
        tenants.join(tenant=root_tenant, user=User.objects.create_user(email=f"p{n}@example.test"), role=Membership.Role.CUSTOMER)
        for n in range(50)
    ]

    def redeem(number: int) -> str:
        try:
            done = codes.redeem(membership=people[number % 50], code=text)
        except codes.CannotRedeem as refusal:
            return type(refusal).__name__
        return "again" if done.is_repeat else str(done.units_micros)

    got = crowd(500, redeem)

    assert got.count(str(FIVE)) == 1
    assert set(got) <= {str(FIVE), "again", "Refused", "TooMany"}
    assert Code.objects.filter(state="redeemed").count() == 1
    assert audit.run() == []
