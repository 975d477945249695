"""Products and their stock."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import catalogue, codes
from billing.models import Product

pytestmark = pytest.mark.django_db


def add(tenant: Tenant, name: str = "Five dollars", **changes: object) -> Product:
    values = {"units_micros": 5_000_000, "price_minor": 3_900, "currency": "cny", **changes}
    return catalogue.add_product(tenant=tenant, name=name, **values)  # type: ignore[arg-type]  # mixed values by table


def test_a_product_gets_an_address_from_its_name(tenant: Tenant) -> None:
    assert [add(tenant).slug, add(tenant).slug, add(tenant, "五美元").slug] == ["five-dollars", "five-dollars-2", "quota"]


@pytest.mark.parametrize("change", [{"units_micros": 0}, {"price_minor": 0}, {"currency": "¥"}, {"name": " "}])
def test_a_product_without_sense_is_refused(tenant: Tenant, change: dict[str, object]) -> None:
    with pytest.raises(catalogue.BadProduct):
        add(tenant, **{"name": "x", **change})  # type: ignore[arg-type]  # mixed values by table
    assert Product.objects.count() == 0


def test_stock_counts_the_codes_that_can_be_sold(root_tenant: Tenant) -> None:
    product = add(root_tenant)
    soon = timezone.now() + datetime.timedelta(minutes=59)
    codes.mint(tenant=root_tenant, units_micros=5_000_000, count=3, product=product)
    codes.mint(tenant=root_tenant, units_micros=5_000_000, count=2, product=product, redeem_by=soon)
    codes.mint(tenant=root_tenant, units_micros=5_000_000, count=4)
    rows = catalogue.on_sale(tenant=root_tenant)
    assert [(row.slug, row.stock) for row in rows] == [("five-dollars", 3)]  # type: ignore[attr-defined]  # annotated


def test_a_shop_lists_its_own_products_only(tenant: Tenant, stranger: Membership) -> None:
    add(tenant)
    assert list(catalogue.on_sale(tenant=stranger.tenant)) == []
    with pytest.raises(catalogue.NoSuchProduct):
        catalogue.find(tenant=stranger.tenant, slug="five-dollars")


def test_the_price_of_a_dollar_compares_denominations(tenant: Tenant) -> None:
    # ¥39.00 for $5: 7.80 a dollar; ¥100.00 for $13: 7.6923… rounded up to 7.70
    assert catalogue.unit_price(add(tenant)) == 780
    assert catalogue.unit_price(add(tenant, units_micros=13_000_000, price_minor=10_000)) == 770
