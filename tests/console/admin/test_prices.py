"""Prices typed in the back office."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership
from billing import price_book
from billing.models import PriceRule

pytestmark = pytest.mark.django_db
PATH = "/admin/billing/pricerule/add/"


@pytest.fixture
def office(client: Client, platform_admin: Membership) -> Client:
    client.force_login(platform_admin.user)
    return client


def submit(office: Client, admin: Membership, **values: str) -> Any:
    return office.post(PATH, {"model": "m", "tenant": admin.tenant_id, **values}, HTTP_HOST="platform.test")


def current() -> PriceRule:
    return PriceRule.objects.get(pattern="m", valid_to=None)


def test_units_and_tiers_are_typed_as_lines(office: Client, platform_admin: Membership) -> None:
    units, tiers = "tool:web_search=0.01\nseconds = 0.0001\n", "200000:input=6,output=22.5"
    answer = submit(office, platform_admin, input="3", output="15", units=units, tiers=tiers)
    assert answer.status_code == 302
    rule = current()
    assert rule.units == {"tool:web_search": 10_000_000_000, "seconds": 100_000_000}
    assert rule.tiers == [{"above": 200_000, "input": 6_000_000, "output": 22_500_000}]
    again = office.get(f"{PATH}?rule={rule.pk}", HTTP_HOST="platform.test").content.decode()
    assert "tool:web_search=0.01" in again
    assert "200000:input=6.00,output=22.50" in again


def test_the_cost_of_an_ordinary_call_is_told(office: Client, platform_admin: Membership) -> None:
    answer = submit(office, platform_admin, input="3", output="15")
    # 1,000 × $3 + 1,000 × $15 per million
    assert "$0.018" in office.get(answer.headers["Location"], HTTP_HOST="platform.test").content.decode()


def test_a_tenfold_price_is_asked_about_first(office: Client, platform_admin: Membership) -> None:
    price_book.set_price(model="m", input=1_000_000)
    assert "is_confirmed" not in office.get(PATH, HTTP_HOST="platform.test").content.decode()
    asked = submit(office, platform_admin, input="10")
    assert asked.status_code == 200
    assert 'name="is_confirmed"' in asked.content.decode()
    assert current().input == 1_000_000
    assert submit(office, platform_admin, input="10", is_confirmed="on").status_code == 302
    assert current().input == 10_000_000


@pytest.mark.parametrize("values", [{"units": "minutes=1"}, {"units": "seconds"}, {"tiers": "input=1"}, {"tiers": "10:per_call=1"}])
def test_what_makes_no_sense_is_said_in_the_form(office: Client, platform_admin: Membership, values: dict[str, str]) -> None:
    assert submit(office, platform_admin, input="3", **values).status_code == 200
    assert PriceRule.objects.count() == 0


def test_a_price_is_planned_and_shown_beside_the_one_that_counts(office: Client, platform_admin: Membership) -> None:
    price_book.set_price(model="m", input=1_000_000)
    answer = submit(office, platform_admin, input="2", begins="2099-01-01 00:00")
    assert answer.status_code == 302
    page = office.get(answer.headers["Location"], HTTP_HOST="platform.test")
    assert [rule.input for rule in page.context["cl"].result_list] == [2_000_000, 1_000_000]
    assert "m has its new price from 2099-01-01 00:00 on." in page.content.decode()
    assert submit(office, platform_admin, input="2", begins="2001-01-01 00:00").status_code == 200


def test_a_shop_asks_for_a_percentage_after_a_look_at_it(desk: Client, reseller_owner: Membership) -> None:
    price_book.set_price(model="m", input=1_000_000, output=2_000_000)
    address, typed = "/reseller/billing/pricerule/add/", {"model": "m", "mode": "percent", "percent": "12.5"}
    look = desk.post(address, {**typed, "is_trial": "on"})
    assert look.status_code == 200
    assert "would cost $0.003375 (now $0.003)" in look.content.decode()
    assert PriceRule.objects.filter(book__tenant=reseller_owner.tenant).count() == 0
    assert desk.post(address, typed).status_code == 302
    rule = PriceRule.objects.get(book__tenant=reseller_owner.tenant)
    assert (rule.mode, rule.factor, rule.input) == ("percent", 1_125_000, None)
    assert "+12.5 %" in desk.get("/reseller/billing/pricerule/").content.decode()
    assert 'value="12.5"' in desk.get(f"{address}?rule={rule.pk}").content.decode()
