"""The shop's window: shelves, search, prices for many, coupons in the order form."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Tenant
from billing import catalogue
from billing.models import Category, Coupon, Order, Product
from tests.billing.shop import sandbox, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest() -> Client:
    return Client(headers={"host": "shop.test"})


@pytest.fixture
def product(tenant: Tenant) -> Product:
    sandbox(tenant)
    made = stocked(tenant, count=12)
    made.tiers, made.compare_minor = [{"from": 10, "price_minor": 3700}], 4500
    made.save(update_fields=["tiers", "compare_minor"])
    return made


def test_shelves_and_words_narrow_the_window(guest: Client, tenant: Tenant, product: Product) -> None:
    other = catalogue.add_product(tenant=tenant, name="Ten dollars", units_micros=10_000_000, price_minor=7500, currency="CNY")
    shelf = Category.objects.create(tenant=tenant, slug="big", name="Big ones")
    Product.objects.filter(pk=other.pk).update(category=shelf)
    whole = guest.get("/shop/").content.decode()
    assert "Big ones" in whole
    assert [name in whole for name in ("Five dollars", "Ten dollars")] == [True, True]
    narrowed = guest.get("/shop/?category=big").content.decode()
    assert [name in narrowed for name in ("Five dollars", "Ten dollars")] == [False, True]
    found = guest.get("/shop/?q=five").content.decode()
    assert [name in found for name in ("Five dollars", "Ten dollars")] == [True, False]


def test_a_product_shows_its_struck_price_and_prices_for_many(guest: Client, product: Product) -> None:
    page = guest.get("/p/five-dollars/").content.decode()
    assert "<s" in page
    assert "¥45.00" in page
    assert "from 10" in page
    assert "¥37.00" in page


@pytest.mark.parametrize(("shown", "text"), [("range", "in stock"), ("exact", "12 left"), ("hidden", "in stock")])
def test_stock_is_shown_as_the_shop_wants(guest: Client, product: Product, shown: str, text: str) -> None:
    Product.objects.update(stock_shown=shown)
    assert text in guest.get("/shop/").content.decode()


def test_the_total_is_told_before_ordering(guest: Client, product: Product, tenant: Tenant) -> None:
    Coupon.objects.create(tenant=tenant, code="SPRING", kind="percent", value=1000)
    told = guest.post("/p/five-dollars/price/", {"quantity": "10", "coupon": "spring"}).content.decode()
    assert ("10 × ¥37.00" in told, "-¥37.00" in told, "¥333.00" in told) == (True, True, True)
    wrong = guest.post("/p/five-dollars/price/", {"quantity": "many", "coupon": "winter"}).content.decode()
    assert ("There is no such coupon" in wrong, "¥39.00" in wrong) == (True, True)


def test_a_coupon_lowers_the_order_and_a_wrong_one_is_said(guest: Client, product: Product, tenant: Tenant) -> None:
    Coupon.objects.create(tenant=tenant, code="SPRING", kind="percent", value=1000)
    values = {"quantity": "1", "email": "guest@example.test", "contact": ""}
    refused = guest.post("/p/five-dollars/", {**values, "coupon": "winter"})
    assert refused.status_code == 422
    assert "There is no such coupon, or its time is over." in refused.content.decode()
    assert not Order.objects.exists()
    assert guest.post("/p/five-dollars/", {**values, "coupon": "spring"}).status_code == 302
    assert Order.objects.get().total_minor == 3510
