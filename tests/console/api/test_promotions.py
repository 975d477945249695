"""Promotion rules over the API: one amount each, one rank a group, and only the own shop's."""

from __future__ import annotations

import pytest

from accounts.models import Membership
from billing.models import PromotionRule
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_a_ladder_is_built_changed_and_taken_down(reseller_owner: Membership, stranger: Membership) -> None:
    call = program(reseller_owner)
    body = {"group": "vip", "rank": 1, "paid_minor": 50_000, "days": 90, "falls_back": True}
    status, made = call("POST", "promotion-rules/", body)
    assert (status, {name: made[name] for name in body}, made["used_micros"]) == (201, body, None)
    row = f"promotion-rules/{made['id']}/"
    assert call("PATCH", row, {"used_micros": 1})[1]["error"]["code"] == "refused"
    assert call("PATCH", row, {"paid_minor": None, "used_micros": 9_000_000})[1]["used_micros"] == 9_000_000
    assert call("POST", "promotion-rules/", {**body, "group": "default"})[1]["error"]["fields"].keys() == {"group"}
    assert call("POST", "promotion-rules/", {**body, "group": "gold"})[0] == 409
    theirs = PromotionRule.objects.create(tenant=stranger.tenant, group="vip", rank=1, used_micros=1)
    assert [call(verb, f"promotion-rules/{theirs.pk}/", {})[0] for verb in ("GET", "PATCH", "DELETE")] == [404] * 3
    assert (call("DELETE", row)[0], list(PromotionRule.objects.all())) == (204, [theirs])
