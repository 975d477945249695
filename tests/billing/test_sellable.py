"""What is on sale and cannot be sold now: hidden from the shop's pages, site map and API; back at once when the reason is gone."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Tenant
from billing import catalogue, direct, gateways, price_book, rates, sellable
from billing.models import GatewayAccount, Product
from tests.billing.shop import sandbox, stocked
from tests.billing.test_stock_costs import bought

# Not in one transaction: the pages' memory is part of what is tested.
pytestmark = pytest.mark.django_db(transaction=True)


def usdt(tenant: Tenant) -> GatewayAccount:
    return gateways.add_account(tenant=tenant, driver="epusdt", values={"base": "https://usdt.example.com", "token": "t"})


def euros(tenant: Tenant) -> Product:
    return catalogue.add_product(tenant=tenant, name="In euros", units_micros=1_000_000, price_minor=500, currency="EUR")


def pages(client: Client) -> list[int | bool]:
    """Ask all places where a visitor could see it, as they would."""
    shown = [b"/p/in-euros/" in client.get(address).content for address in ("/shop/", "/sitemap.xml")]
    form = {"quantity": "1", "email": "guest@example.test"}
    asked = [client.get("/p/in-euros/"), client.post("/p/in-euros/price/", form), client.get("/p/in-euros/notify/")]
    return [*shown, *(answer.status_code for answer in asked)]


def test_what_nobody_can_pay_is_hidden_until_a_rate_is_known(tenant: Tenant) -> None:
    product, client = euros(tenant), Client(headers={"host": "shop.test"})
    account = usdt(tenant)
    assert sellable.hidden(Tenant.objects.all()) == [(product, sellable.Reason.CURRENCY)]
    for _again in range(2):
        assert pages(client) == [False, False, 404, 404, 404]
    rates.put(base="EUR", quote=gateways.driver_of("epusdt").currencies[0], rate=Decimal("7.9"))
    assert pages(client) == [True, True, 200, 200, 200]
    assert (sellable.takes(account, "EUR"), sellable.takes(account, "JPY")) == (True, False)


def test_an_account_that_takes_its_currency_brings_it_back_at_once(tenant: Tenant) -> None:
    euros(tenant)
    usdt(tenant)
    client = Client(headers={"host": "shop.test"})
    assert pages(client)[2] == 404
    sandbox(tenant)
    assert pages(client)[2] == 200


def test_with_a_lead_its_variants_are_hidden_and_of_variants_each_alone(tenant: Tenant, root_tenant: Tenant) -> None:
    lead = stocked(tenant)
    variant = catalogue.add_product(tenant=tenant, name="Ten", units_micros=10_000_000, price_minor=3_000, currency="CNY")
    Product.objects.filter(pk=variant.pk).update(lead=lead, choice="$10")
    bought(tenant, root_tenant, total=30_000)
    price_book.set_ceiling(tenant=tenant, factor=2_000_000)
    assert catalogue.family(tenant=tenant, slug="ten") == []
    Product.objects.filter(pk=lead.pk).update(price_minor=3_000)
    assert [one.slug for one in catalogue.family(tenant=tenant, slug="ten")] == ["five-dollars", "ten"]
    Product.objects.filter(pk=variant.pk).update(price_minor=6_001)
    assert [one.slug for one in catalogue.family(tenant=tenant, slug="five-dollars")] == ["five-dollars"]
    assert [one.slug for one in catalogue.on_sale(tenant=tenant)] == ["five-dollars"]


def test_a_topup_that_nobody_can_pay_is_not_offered(tenant: Tenant) -> None:
    catalogue.add_product(tenant=tenant, name="Top-up", units_micros=1_000_000, price_minor=500, currency="EUR", kind="topup")
    assert len(direct.presets(tenant.pk)) == 1
    usdt(tenant)
    assert direct.presets(tenant.pk) == []


def test_a_shop_without_any_payment_account_shows_what_it_will_sell(tenant: Tenant) -> None:
    assert sellable.held_back([euros(tenant)]) == {}


def test_what_costs_more_than_the_platform_allows_is_hidden(tenant: Tenant, root_tenant: Tenant) -> None:
    product = stocked(tenant)
    sandbox(tenant)
    bought(tenant, root_tenant, total=30_000)  # $10 cost 30.00
    client = Client(headers={"host": "shop.test"})
    assert client.get("/p/five-dollars/").status_code == 200
    price_book.set_ceiling(tenant=tenant, factor=2_000_000)
    assert sellable.held_back([product]) == {product.pk: sellable.Reason.CEILING}
    assert [client.get(address).status_code for address in ("/p/five-dollars/", "/shop/")] == [404, 200]
    Product.objects.filter(pk=product.pk).update(price_minor=3_000)
    assert client.get("/p/five-dollars/").status_code == 200
    Product.objects.filter(pk=product.pk).update(price_minor=3_001)
    assert client.get("/p/five-dollars/").status_code == 404
    price_book.set_ceiling(tenant=tenant, factor=None)
    assert client.get("/p/five-dollars/").status_code == 200
