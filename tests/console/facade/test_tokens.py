"""Sub-keys, as key tools of one-api and new-api manage them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts import keys
from accounts.models import ApiKey, Membership
from billing import limits
from tests.console.facade.conftest import Tool

pytestmark = pytest.mark.django_db

Maker = Callable[..., Tool]
NEW = {"name": "bot", "remain_quota": 500_000, "expired_time": -1, "unlimited_quota": False, "models": "a,b", "subnet": "10.0.0.0/8"}


def test_a_key_is_made_and_its_secret_told_once(tool: Maker) -> None:
    made = tool()
    status, body = made.ask("post", "/api/token/", NEW)
    assert (status, body["success"]) == (200, True)
    secret = f"sk-{body['data']['key']}"
    key = keys.by_secret(secret)
    assert key is not None
    assert (key.name, key.models_allowed, key.networks_allowed) == ("bot", ["a", "b"], ["10.0.0.0/8"])
    assert limits.state(key.pk).left_micros == 1_000_000
    shown = made.ask("get", "/api/token/")[1]["data"]
    assert [row["key"] for row in shown] == [f"{key.prefix}**********{key.last4}".removeprefix("sk-")]
    assert shown[0]["remain_quota"] == 500_000


def test_a_key_is_changed_paused_and_revoked(tool: Maker) -> None:
    made = tool()
    number = made.ask("post", "/api/token/", NEW)[1]["data"]["id"]
    limits.set_allowance(api_key_id=number, total_micros=1_000_000, day_micros=7)
    made.ask("put", "/api/token/", {**NEW, "id": number, "name": "other", "remain_quota": 1})
    key = ApiKey.objects.get(pk=number)
    assert key.name == "other"
    assert {one.scope: one.limit_micros for one in limits.state(number).windows} == {"key": 2, "day": 7}
    made.ask("put", "/api/token/?status_only=true", {"id": number, "status": 2})
    key.refresh_from_db()
    assert (key.state, key.name) == ("disabled", "other")
    assert made.ask("delete", f"/api/token/{number}")[1]["success"] is True
    assert made.ask("get", f"/api/token/{number}") == (200, {"success": False, "message": "There is no such token."})


def test_keys_of_others_are_not_there(tool: Maker, stranger: Membership) -> None:
    foreign = keys.issue(membership=stranger, name="theirs").key
    made = tool()
    for method, path, body in (
        ("get", f"/api/token/{foreign.pk}", None),
        ("delete", f"/api/token/{foreign.pk}", None),
        ("put", "/api/token/", {**NEW, "id": foreign.pk}),
    ):
        assert made.ask(method, path, body)[1] == {"success": False, "message": "There is no such token."}
    foreign.refresh_from_db()
    assert foreign.state == "active"


def test_pages_are_counted_as_each_product_does(tool: Maker) -> None:
    made = tool()
    for number in range(12):
        keys.issue(membership=made.member, name=f"key {number}")
    assert [len(made.ask("get", f"/api/token/?p={page}")[1]["data"]) for page in (0, 1, 2)] == [10, 2, 0]
    made = tool("new-api")
    body = made.ask("get", "/api/token/?p=2&page_size=5")[1]["data"]
    assert (body["page"], body["page_size"], body["total"], len(body["items"])) == (2, 5, 12, 5)
    assert [row["name"] for row in made.ask("get", "/api/token/search?keyword=key 11")[1]["data"]["items"]] == ["key 11"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "Send a JSON object."),
        ({**NEW, "remain_quota": "much"}, "remain_quota: send a whole number."),
        ({**NEW, "remain_quota": 10**30}, "remain_quota: this number is too large."),
        ({**NEW, "subnet": "office"}, "subnet: write networks as CIDR, with commas between them."),
        ({**NEW, "expired_time": 10**15}, "expired_time: send seconds since 1970, or -1."),
    ],
)
def test_what_cannot_be_read_makes_nothing(tool: Maker, body: object, message: str) -> None:
    assert tool().ask("post", "/api/token/", body) == (200, {"success": False, "message": message})
    assert ApiKey.objects.count() == 0
