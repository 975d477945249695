"""Keys on the order's page: shown, renewed, taken into an account; nobody else's."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.test import Client

from accounts import keys
from accounts.models import Membership, Tenant
from billing import capability, ledger
from billing.models import Order, ReadyKey
from tests.billing.shop import FIVE, bought_from, key_product

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"sk-[A-Za-z0-9]{48}")


@pytest.fixture
def order(tenant: Tenant) -> Order:
    cache.clear()
    return bought_from(key_product(tenant))


@pytest.fixture
def guest(order: Order) -> Client:
    return Client(headers={"host": "shop.test"})


def address(order: Order) -> str:
    return f"/o/{capability.of(order)}/"


def test_the_page_shows_the_key_and_where_to_use_it(guest: Client, order: Order) -> None:
    page = guest.get(address(order)).content.decode()
    assert len(set(SECRET.findall(page))) == 1
    assert "http://shop.test/v1" in page
    assert "Redeem to my account" not in page


def test_the_buyer_renews_a_key(guest: Client, order: Order) -> None:
    [old] = set(SECRET.findall(guest.get(address(order)).content.decode()))
    guest.post(f"{address(order)}rotate/", {"key": f"key-{ReadyKey.objects.get().pk}"})
    [new] = set(SECRET.findall(guest.get(address(order)).content.decode()))
    assert new != old
    assert keys.by_secret(old) is None


@pytest.mark.parametrize("key", ["", "key-x", "key-99999999999999999999", "key-0"])
def test_only_a_key_of_the_order_is_renewed(guest: Client, order: Order, key: str) -> None:
    assert guest.post(f"{address(order)}rotate/", {"key": key}).status_code == 404


def test_a_key_of_another_order_is_not_renewed_here(guest: Client, order: Order, tenant: Tenant) -> None:
    other = bought_from(ReadyKey.objects.get().code.batch.product, email="other@example.test")  # type: ignore[arg-type]  # has one
    theirs = ReadyKey.objects.get(code__order=other)
    assert guest.post(f"{address(order)}rotate/", {"key": f"key-{theirs.pk}"}).status_code == 404


def test_a_guest_signs_in_before_taking_the_key(guest: Client, order: Order, end_user: Membership) -> None:
    answer = guest.post(f"{address(order)}claim/")
    assert answer["Location"] == "/accounts/login/?next=/lookup/"
    guest.force_login(end_user.user)
    assert guest.get("/lookup/")["Location"] == address(order)
    assert guest.get("/lookup/").status_code == 200  # once
    assert guest.post(f"{address(order)}claim/")["Location"] == address(order)
    assert ledger.balance(membership_id=end_user.pk).available_micros == FIVE
    page = guest.get(address(order)).content.decode()
    assert SECRET.search(page) is None
    assert "belongs to an account now" in page
    assert "Take into my account" not in page


def test_staff_of_another_shop_take_nothing(order: Order, stranger: Membership) -> None:
    client = Client(headers={"host": "elsewhere.test"})
    client.force_login(stranger.user)
    for act in ("claim", "rotate"):
        assert client.post(f"{address(order)}{act}/").status_code == 404
    assert ReadyKey.objects.get().claimed_by is None
