"""Prices of another system, taken over in the back office after a look at the draft."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Tenant
from billing import price_book, price_lists
from billing.models import GroupRate, PriceRule
from channels_app import channels

pytestmark = pytest.mark.django_db
# Ratio 1.25 is $2.50 a million; completion four times that.
RATIOS = {"ModelRatio": {"m": 1.25, "other": 5}, "CompletionRatio": {"m": 4, "other": 1}, "GroupRatio": {"vip": 0.9}}


@pytest.fixture
def served(root_tenant: Tenant) -> None:
    channels.add(name="c", provider="openai", base_url="https://v.test", key="sk-1", models=["m"])
    price_book.set_price(model="m", input=2_000_000, output=8_000_000)


@pytest.fixture
def office(operator: Client) -> str:
    return reverse("admin:billing_pricerule_import_prices")


def send(client: Client, address: str, body: Any = RATIOS, **values: Any) -> Any:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"format": "oneapi", "is_served": "on", "pattern": "", "file": SimpleUploadedFile("ratios.json", text), **values}
    return client.post(address, {name: value for name, value in given.items() if value is not None})


def token_of(answer: Any) -> str:
    token: str = answer.context["form"]["token"].value()
    return token


def current(model: str = "m") -> PriceRule:
    return PriceRule.objects.get(pattern=model, valid_to=None)


def test_a_draft_shows_what_would_change_and_changes_nothing(operator: Client, served: None, office: str, root_tenant: Tenant) -> None:
    answer = send(operator, office, tenant=root_tenant.pk)
    page = answer.content.decode()
    assert [change.model for change in answer.context["changes"]] == ["m"]
    assert "input: $2.00 → $2.50" in page
    assert "× 0.9" in page
    assert current().input == 2_000_000


def test_taken_over_it_counts_with_its_groups_and_once(operator: Client, served: None, office: str, root_tenant: Tenant) -> None:
    token = token_of(send(operator, office, tenant=root_tenant.pk))
    assert operator.post(office, {"token": token, "with_groups": "on"}).status_code == 302
    assert (current().input, current().output, current().source) == (2_500_000, 10_000_000, "import of ratios.json")
    assert GroupRate.objects.get().factor == 900_000
    again = operator.post(office, {"token": token}, follow=True)
    assert "send the file again" in again.content.decode()
    assert PriceRule.objects.filter(pattern="m").count() == 2


def test_a_jump_has_to_be_confirmed(operator: Client, served: None, office: str, root_tenant: Tenant) -> None:
    first = send(operator, office, {"ModelRatio": {"m": 10}, "CompletionRatio": {"m": 4}}, tenant=root_tenant.pk)
    assert "is_confirmed" in first.context["form"].fields
    refused = operator.post(office, {"token": token_of(first)})
    assert (refused.status_code, current().input) == (200, 2_000_000)
    assert operator.post(office, {"token": token_of(first), "is_confirmed": "on"}).status_code == 302
    assert current().input == 20_000_000


def test_prices_that_changed_meanwhile_are_shown_again(operator: Client, served: None, office: str, root_tenant: Tenant) -> None:
    token = token_of(send(operator, office, tenant=root_tenant.pk))
    price_book.set_price(model="m", input=2_100_000, output=8_000_000)
    shown = operator.post(office, {"token": token})
    assert "Prices have changed since you saw this draft" in shown.content.decode()
    assert "$2.10 → $2.50" in shown.content.decode()
    assert operator.post(office, {"token": token}).status_code == 302


def test_models_are_chosen_by_pattern_or_all(operator: Client, served: None, office: str, root_tenant: Tenant) -> None:
    answer = send(operator, office, tenant=root_tenant.pk, is_served=None)
    assert [change.model for change in answer.context["changes"]] == ["m", "other"]
    answer = send(operator, office, tenant=root_tenant.pk, is_served=None, pattern="oth*")
    assert [change.model for change in answer.context["changes"]] == ["other"]
    none = send(operator, office, tenant=root_tenant.pk, pattern="oth*")
    assert "None of its models is chosen" in str(none.context["form"].errors)


@pytest.mark.parametrize("body", [b"\xff", b"[", b"{}", {"sample_spec": {}}])
def test_what_is_no_price_file_is_an_error_of_the_form(operator: Client, served: None, office: str, root_tenant: Tenant, body: Any) -> None:
    answer = send(operator, office, body, tenant=root_tenant.pk)
    assert list(answer.context["form"].errors) == ["file"]


def test_a_shop_imports_for_itself_and_never_below_wholesale(desk: Client, served: None, tenant: Tenant) -> None:
    address = reverse("reseller:billing_pricerule_import_prices")
    answer = send(desk, address, {"ModelRatio": {"m": 0.5}, "CompletionRatio": {"m": 4}})
    (change,) = answer.context["changes"]
    assert (change.state, "below the wholesale price" in change.reason) == ("refused", True)
    assert desk.post(address, {"token": token_of(send(desk, address))}).status_code == 302
    sold = price_lists.load(tenant.pk).resolve("m")
    assert sold is not None
    assert sold.prices["input"] == 2_500_000


def test_nobody_takes_over_the_draft_of_another_person(
    desk: Client, operator: Client, served: None, office: str, root_tenant: Tenant, reseller_owner: Membership
) -> None:
    token = token_of(send(operator, office, tenant=root_tenant.pk))
    desk.post(reverse("reseller:billing_pricerule_import_prices"), {"token": token})
    assert current().input == 2_000_000
