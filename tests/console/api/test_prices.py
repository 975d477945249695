"""Prices over the API: set now or planned, previewed with their margin, never below wholesale; none of strangers."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Membership
from billing import price_book
from billing.models import GroupRate, PriceRule
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


@pytest.fixture
def wholesale(db: None, root_tenant: object) -> None:
    price_book.set_price(model="gpt-x", input=1_000_000, output=2_000_000)


def test_a_price_is_previewed_set_and_followed_by_the_next(reseller_owner: Membership, wholesale: None) -> None:
    call = program(reseller_owner)
    body: dict[str, Any] = {"model": "gpt-x", "input": 2_000_000, "output": 3_000_000}
    told = call("POST", "prices/preview/", body)[1]
    assert (told["before_micros"], told["after_micros"], told["wholesale_micros"], told["margin_micros"]) == (3_000, 5_000, 3_000, 2_000)
    assert not PriceRule.objects.filter(book__tenant=reseller_owner.tenant).exists()
    status, first = call("POST", "prices/", body, idempotency_key="p")
    assert (status, first["input"], first["shop"], first["valid_to"]) == (201, 2_000_000, "teahouse", None)
    second = call("POST", "prices/", {**body, "output": 4_000_000})[1]
    assert [one["id"] for one in call("GET", "prices/?model=gpt-x")[1]["results"]] == [second["id"]]
    assert [one["id"] for one in call("GET", "prices/?version=all")[1]["results"]] == [second["id"], first["id"]]
    assert [one.action for one in AuditEvent.objects.filter(tenant=reseller_owner.tenant)] == ["price.set", "price.set"]


def test_a_price_is_planned(reseller_owner: Membership, wholesale: None) -> None:
    begins = (timezone.now() + datetime.timedelta(days=2)).isoformat()
    call = program(reseller_owner)
    status, told = call("POST", "prices/", {"model": "gpt-x", "input": 2_000_000, "output": 3_000_000, "begins": begins})
    assert (status, told["valid_from"]) == (201, begins.replace("+00:00", "Z"))
    past = (timezone.now() - datetime.timedelta(days=2)).isoformat()
    assert call("POST", "prices/", {"model": "gpt-x", "input": 2_000_000, "begins": past})[0] == 409


def test_a_loss_a_jump_and_nonsense_are_refused(reseller_owner: Membership, wholesale: None) -> None:
    call = program(reseller_owner)
    loss = call("POST", "prices/", {"model": "gpt-x", "input": 900_000, "output": 2_000_000})[1]["error"]
    assert "below the wholesale price" in loss["message"]
    told = call("POST", "prices/preview/", {"model": "gpt-x", "input": 900_000, "output": 2_000_000})[1]
    assert len(told["below_wholesale"]) == 1
    jump = {"model": "gpt-x", "input": 10_000_000, "output": 20_000_000}
    assert list(call("POST", "prices/", jump)[1]["error"]["fields"]) == ["is_confirmed"]
    assert call("POST", "prices/", {**jump, "is_confirmed": True})[0] == 201
    assert call("POST", "prices/", {"model": "m", "units": {"moons": 1}})[0] == 409
    assert call("POST", "prices/", {"model": "m", "input": -1})[0] == 400
    assert call("POST", "prices/", {"model": "m"})[1]["error"]["message"].startswith("give at least an input price")


def test_groups_pay_a_factor(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    status, told = call("POST", "groups/", {"group": "vip", "factor": 900_000})
    assert (status, told["factor"], GroupRate.objects.get().book.tenant_id) == (201, 900_000, reseller_owner.tenant_id)
    call("POST", "groups/", {"group": "vip", "factor": 800_000})
    assert [one["factor"] for one in call("GET", "groups/")[1]["results"]] == [800_000]


def test_strangers_and_support_set_nothing(reseller_owner: Membership, stranger: Membership, wholesale: None) -> None:
    rule = price_book.set_price(model="gpt-x", tenant=stranger.tenant, input=5_000_000, output=9_000_000)
    call = program(reseller_owner)
    assert call("GET", "prices/")[1]["results"] == []
    assert call("GET", f"prices/{rule.pk}/")[0] == 404
    assert call("POST", "prices/", {"model": "m", "input": 1, "shop": "elsewhere"})[0] == 404
    Membership.objects.filter(pk=reseller_owner.pk).update(role="support")
    support = program(reseller_owner)
    assert [support("POST", path, {"model": "m", "input": 1})[0] for path in ("prices/", "prices/preview/", "groups/")] == [404] * 3


def test_the_platform_limits_what_a_shop_adds(reseller_owner: Membership, platform_admin: Membership, wholesale: None) -> None:
    shop, platform = program(reseller_owner), program(platform_admin, host="platform.test")
    body = {"shop": "teahouse", "factor": 1_500_000}
    assert [shop("POST", "price-ceilings/", body)[0], shop("GET", "price-ceilings/")[0]] == [404, 404]
    status, made = platform("POST", "price-ceilings/", body)
    assert (status, made["factor"], made["valid_to"]) == (201, 1_500_000, None)
    dear = {"model": "gpt-x", "input": 1_600_000, "output": 2_000_000}
    told = shop("POST", "prices/preview/", dear)[1]
    assert (told["ceiling"], told["above_ceiling"]) == (1_500_000, ["input of gpt-x: $1.60 per 1M tokens is more than the $1.50 allowed"])
    assert "more than the $1.50 allowed" in shop("POST", "prices/", dear)[1]["error"]["message"]
    assert platform("POST", "price-ceilings/", {"shop": "platform", "factor": 1_500_000})[0] == 409
    assert platform("POST", "price-ceilings/", {**body, "factor": None})[0] == 200
    assert platform("GET", "price-ceilings/")[1]["results"] == []
    assert [one["id"] for one in platform("GET", "price-ceilings/?version=all")[1]["results"]] == [made["id"]]
    assert shop("POST", "prices/", dear)[0] == 201
