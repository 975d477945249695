"""Prices typed in the back office."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Tenant
from billing import price_book, price_lists

pytestmark = pytest.mark.django_db

ADD = "/reseller/billing/pricerule/add/"


def test_a_typed_price_counts_for_the_shop_and_ends_the_one_before(desk: Client, tenant: Tenant) -> None:
    price_book.set_price(model="m", input=1_000_000, output=2_000_000)
    for dollars in ("1.5", "1.75"):
        assert desk.post(ADD, {"model": "m", "input": dollars, "output": "3"}).status_code == 302
    price = price_lists.load(tenant.pk).resolve("m")
    assert price is not None
    assert price.charge(input=1_000_000, output=1_000_000).price_micros == 4_750_000
    assert len(desk.get("/reseller/billing/pricerule/").context["cl"].result_list) == 1
    assert len(desk.get("/reseller/billing/pricerule/?version=all").context["cl"].result_list) == 2
    assert AuditEvent.objects.filter(tenant=tenant, action="price.set").count() == 2


def test_a_price_below_wholesale_is_an_error_of_the_form(desk: Client, tenant: Tenant) -> None:
    price_book.set_price(model="m", input=1_000_000, output=2_000_000)
    answer = desk.post(ADD, {"model": "m", "input": "0.9", "output": "3"})
    assert "below the wholesale price $1.00" in str(answer.context["form"].non_field_errors())
    assert not AuditEvent.objects.filter(tenant=tenant).exists()


def test_what_is_no_amount_is_an_error_of_its_field(desk: Client) -> None:
    answer = desk.post(ADD, {"model": "m", "input": "cheap"})
    assert list(answer.context["form"].errors) == ["input"]


def test_the_form_begins_with_the_values_of_an_own_rule_only(desk: Client, tenant: Tenant) -> None:
    own = price_book.set_price(model="m", tenant=tenant, input=1_500_000, output=2_000_000)
    platforms = price_book.set_price(model="secret", input=1_000_000)
    assert desk.get(f"{ADD}?rule={own.pk}").context["form"]["input"].value() == "1.50"
    assert desk.get(f"{ADD}?rule={platforms.pk}").context["form"]["model"].value() is None


def test_the_platform_prices_for_any_tenant(operator: Client, tenant: Tenant) -> None:
    operator.post("/admin/billing/pricerule/add/", {"model": "m", "tenant": tenant.pk, "input": "2", "output": "2"})
    assert price_lists.current().get().book.tenant == tenant
