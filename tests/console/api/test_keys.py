"""Sub-keys over the API: own ones for customers, the shop's for staff, none of strangers."""

from __future__ import annotations

import pytest

from accounts import keys
from accounts.models import ApiKey, AuditEvent, Membership
from billing import limits
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_a_key_lives_its_life(end_user: Membership) -> None:
    call = program(end_user)
    lists = {"networks": ["203.0.113.9/24"], "tags": ["a"], "aliases": ["h*=m"]}
    body = {"name": "phone", "rpm": 5, **lists, "allowances": {"day_micros": 500_000}}
    status, made = call("POST", "keys/", body)
    key = ApiKey.objects.get()
    assert (status, made["id"], keys.digest(made["secret"])) == (201, key.pk, key.digest)
    assert made["aliases"] == ["h*=m"]
    assert (made["networks"], made["limits"][0]["limit_micros"]) == (["203.0.113.0/24"], 500_000)
    status, changed = call("PATCH", f"keys/{key.pk}/", {"name": "desk", "allowances": {"month_micros": 9}})
    assert (status, changed["name"], changed["rpm"]) == (200, "desk", 5)
    assert [(one["scope"], one["limit_micros"]) for one in changed["limits"]] == [("day", 500_000), ("month", 9)]
    assert call("PATCH", f"keys/{key.pk}/", {"models": ["other"]})[0] == 409
    status, rotated = call("POST", f"keys/{key.pk}/rotate/", {"overlap_hours": 1})
    assert (status, keys.recognise(keys.digest(rotated["secret"])) is not None) == (200, True)
    assert call("POST", f"keys/{key.pk}/pause/")[1]["state"] == "disabled"
    assert call("POST", f"keys/{key.pk}/resume/")[1]["state"] == "active"
    assert call("POST", f"keys/{key.pk}/revoke/")[1]["state"] == "revoked"
    assert [call("POST", f"keys/{key.pk}/{act}/")[0] for act in ("rotate", "pause", "resume")] == [409, 409, 409]
    assert "secret" not in call("GET", f"keys/{key.pk}/")[1]


def test_lists_come_in_pages_and_are_filtered(end_user: Membership) -> None:
    call = program(end_user)
    for number in range(3):
        keys.issue(membership=end_user, name=f"{number}", tags=["odd"] if number % 2 else [])
    status, page = call("GET", "keys/?limit=2")
    assert (status, [one["name"] for one in page["results"]]) == (200, ["2", "1"])
    rest = call("GET", "keys/?" + page["next"].partition("?")[2])[1]
    assert [one["name"] for one in rest["results"]] == ["0"]
    assert [one["name"] for one in call("GET", "keys/?tag=odd")[1]["results"]] == ["1"]
    assert call("GET", "keys/?state=nonsense")[0] == 400


def test_strangers_and_other_customers_find_nothing(end_user: Membership, stranger: Membership) -> None:
    key = keys.issue(membership=end_user, name="mine").key
    call = program(stranger, host="elsewhere.test")
    assert call("GET", "keys/")[1]["results"] == []
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "rotate/"), ("POST", "revoke/"), ("POST", "pause/"), ("POST", "resume/")):
        assert call(method, f"keys/{key.pk}/{path}", {} if method != "GET" else None)[0] == 404
    assert call("POST", "keys/", {"name": "x", "customer": end_user.pk})[0] == 404
    assert ApiKey.objects.get().state == "active"


def test_staff_issue_for_customers_and_the_trail_says_so(end_user: Membership, reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    status, made = call("POST", "keys/", {"name": "gift", "customer": end_user.pk})
    assert (status, made["customer"]) == (201, end_user.pk)
    assert AuditEvent.objects.get().action == "apikey.issue"
    assert [one["id"] for one in call("GET", f"keys/?customer={end_user.pk}")[1]["results"]] == [made["id"]]


def test_support_looks_and_changes_nothing_of_others(end_user: Membership, reseller_owner: Membership) -> None:
    Membership.objects.filter(pk=reseller_owner.pk).update(role="support")
    key = keys.issue(membership=end_user, name="mine").key
    call = program(reseller_owner)
    assert call("GET", f"keys/{key.pk}/")[0] == 200
    assert [call("POST", f"keys/{key.pk}/{act}/")[0] for act in ("rotate", "pause", "revoke")] == [403, 403, 403]
    assert call("POST", "keys/", {"name": "x", "customer": end_user.pk})[0] == 404
    assert limits.state(key.pk).windows == ()
