"""The site and the person, as tools of one-api and new-api ask for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Membership, Tenant
from billing import chart, codes, ledger
from tests.console.facade.conftest import Tool

pytestmark = pytest.mark.django_db

Maker = Callable[..., Tool]


def test_a_shop_that_does_not_want_it_has_no_such_addresses(client: Client, tenant: Tenant) -> None:
    assert client.get("/api/status", HTTP_HOST="shop.test").status_code == 404


@pytest.mark.parametrize("path", ["/api/status", "/api/status/"])
def test_the_site_says_what_it_is(tool: Maker, path: str) -> None:
    status, body = tool().ask("get", path)
    assert (status, body["success"], body["data"]["system_name"], body["data"]["quota_per_unit"]) == (200, True, "Tea House", 500_000)
    assert body["data"]["server_address"] == "http://shop.test"


def test_oneself_with_units_left(tool: Maker, funded: None) -> None:
    made = tool()
    status, body = made.ask("get", "/api/user/self")
    assert status == 200
    assert {name: body["data"][name] for name in ("id", "quota", "used_quota", "request_count", "role", "status", "group")} == {
        "id": made.member.pk, "quota": 1_500_000, "used_quota": 0, "request_count": 0, "role": 1, "status": 1, "group": "default",
    }  # fmt: skip


@pytest.mark.parametrize(("dialect", "start"), [("one-api", "无权进行此操作"), ("new-api", "Unauthorized")])
def test_who_is_not_known_gets_a_401_in_the_products_words(tool: Maker, dialect: str, start: str) -> None:
    made = tool(dialect)
    status, body = made.ask("get", "/api/user/self", HTTP_AUTHORIZATION="Bearer nobody")
    assert (status, body["success"]) == (401, False)
    assert body["message"].startswith(start)


def test_a_token_opens_no_other_shop(tool: Maker, stranger: Membership) -> None:
    Tenant.objects.filter(pk=stranger.tenant_id).update(facade="one-api")
    assert tool().ask("get", "/api/user/self", HTTP_HOST="elsewhere.test")[0] == 401


def test_a_token_does_only_what_it_is_for(tool: Maker) -> None:
    status, body = tool(scopes=("account:read",)).ask("get", "/api/token/")
    assert (status, body) == (200, {"success": False, "message": "The access token lacks the scope keys:read: make one that has it."})


def test_asking_for_a_token_ends_the_old_one(tool: Maker) -> None:
    made = tool()
    fresh = made.ask("get", "/api/user/token")[1]["data"]
    assert fresh.startswith("kp_")
    assert made.ask("get", "/api/user/self")[0] == 401
    assert made.ask("get", "/api/user/self", HTTP_AUTHORIZATION=f"Bearer {fresh}")[0] == 200


def test_a_code_is_redeemed_once_in_units(tool: Maker, tenant: Tenant) -> None:
    made = tool()
    issuer, stock = chart.account(kind="issuer").pk, chart.account(kind="stock", tenant_id=tenant.pk).pk
    ledger.transfer(kind="wholesale", key="stock", src_id=issuer, dst_id=stock, amount=2_000_000)
    batch = codes.mint(tenant=tenant, units_micros=2_000_000, count=1, offline=True)
    assert made.ask("post", "/api/user/topup", {"key": batch.codes[0]}) == (200, {"success": True, "message": "", "data": 1_000_000})
    assert ledger.balance(membership_id=made.member.pk).available_micros == 2_000_000
    status, body = made.ask("post", "/api/user/topup", {"key": "AAAAA-BBBBB-CCCCC-DDDDD"})
    assert (status, body["success"]) == (200, False)


def test_new_api_finds_its_own_headers(tool: Maker) -> None:
    made = tool("new-api")
    answer = made.client.get("/api/status", HTTP_HOST="shop.test")
    assert answer.headers["x-new-api-version"] == "v0.0.0"
    assert answer.headers["x-oneapi-request-id"]


def test_groups_and_prices(tool: Maker) -> None:
    made = tool("new-api")
    assert made.ask("get", "/api/user/self/groups")[1]["data"] == {"default": {"ratio": 1, "desc": "default"}}
    assert made.ask("get", "/api/group/")[1]["data"] == ["default"]
    assert made.ask("get", "/api/pricing")[1]["group_ratio"] == {"default": 1}
