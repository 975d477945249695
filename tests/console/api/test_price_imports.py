"""A price file over the API: a draft first, taken over only as it was seen."""

from __future__ import annotations

import pytest

from accounts.models import Membership
from billing import price_book
from billing.models import PriceRule
from tests.console.admin.test_price_imports import RATIOS
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def price() -> int | None:
    return PriceRule.objects.get(pattern="m", valid_to=None).input


def test_a_draft_is_seen_and_then_taken_over(platform_admin: Membership) -> None:
    price_book.set_price(model="m", input=2_000_000, output=8_000_000)
    call = program(platform_admin, host="platform.test")
    body = {"format": "oneapi", "file": RATIOS}
    status, draft = call("POST", "prices/import/", body)
    assert (status, draft["applied"], [(one["model"], one["state"]) for one in draft["changes"]]) == (200, None, [("m", "changed")])
    assert (draft["groups"], price()) == ({"vip": 900_000}, 2_000_000)
    price_book.set_price(model="m", input=3_000_000, output=8_000_000)
    stale = call("POST", "prices/import/", {**body, "draft": draft["draft"]})
    assert (stale[0], stale[1]["error"]["fields"].keys(), price()) == (409, {"draft"}, 3_000_000)
    again = call("POST", "prices/import/", body)[1]["draft"]
    assert call("POST", "prices/import/", {**body, "draft": again})[1]["applied"] == 1
    assert price() == 2_500_000


def test_a_jump_wants_a_yes_and_what_cannot_be_read_is_named(platform_admin: Membership) -> None:
    price_book.set_price(model="m", input=200_000, output=10_000_000)
    call = program(platform_admin, host="platform.test")
    body = {"format": "oneapi", "file": RATIOS}
    seen = call("POST", "prices/import/", body)[1]
    assert seen["jumps"] == ["m"]
    sure = {**body, "draft": seen["draft"]}
    assert call("POST", "prices/import/", sure)[1]["error"]["fields"].keys() == {"is_confirmed"}
    assert call("POST", "prices/import/", {**sure, "is_confirmed": True})[1]["applied"] == 1
    assert call("POST", "prices/import/", {"format": "oneapi", "file": {"x": 1}})[1]["error"]["fields"].keys() == {"file"}


def test_a_shop_imports_for_itself_alone(reseller_owner: Membership, end_user: Membership) -> None:
    body = {"format": "oneapi", "file": RATIOS, "is_served": False}
    assert program(end_user)("POST", "prices/import/", body)[0] == 404
    assert program(reseller_owner)("POST", "prices/import/", {**body, "shop": "platform"})[0] == 404
    draft = program(reseller_owner)("POST", "prices/import/", body)[1]
    assert {one["state"] for one in draft["changes"]} <= {"new", "refused"}
