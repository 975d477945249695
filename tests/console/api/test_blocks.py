"""Blocked buyers over the API: added once, found, taken off; the platform's for a shop by name; none of strangers."""

from __future__ import annotations

import pytest

from accounts.models import Membership
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_a_block_is_made_found_and_taken_off(reseller_owner: Membership, platform_admin: Membership, stranger: Membership) -> None:
    call = program(reseller_owner)
    status, made = call("POST", "buyer-blocks/", {"who": "203.0.113.7/24", "note": "cards"})
    assert (status, made["kind"], made["who"], made["shop"]) == (201, "network", "203.0.113.0/24", "teahouse")
    assert call("POST", "buyer-blocks/", {"who": "203.0.113.0/24"})[1]["id"] == made["id"]
    assert call("POST", "buyer-blocks/", {"who": "0.0.0.0/0"})[1]["error"]["fields"].keys() == {"who"}
    assert [one["id"] for one in call("GET", "buyer-blocks/?kind=network")[1]["results"]] == [made["id"]]
    assert call("GET", "buyer-blocks/?kind=email")[1]["results"] == []
    assert program(stranger, host="elsewhere.test")("DELETE", f"buyer-blocks/{made['id']}/")[0] == 404
    platform = program(platform_admin, host="platform.test")
    assert platform("POST", "buyer-blocks/", {"who": "@mail.example", "shop": "teahouse"})[1]["shop"] == "teahouse"
    assert call("DELETE", f"buyer-blocks/{made['id']}/")[0] == 204
    assert [one["who"] for one in call("GET", "buyer-blocks/")[1]["results"]] == ["@mail.example"]
