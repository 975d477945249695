"""Hundreds of sub-keys by one call: all or none, once per idempotency key, for one's own customers only."""

from __future__ import annotations

import pytest

from accounts import keys
from accounts.models import ApiKey, AuditEvent, Membership
from billing import limits
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_many_keys_are_issued_once(end_user: Membership, reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    body = {"customer": end_user.pk, "count": 20, "name": "class", "rpm": 5, "tags": ["school"], "allowances": {"total_micros": 1_000_000}}
    status, told = call("POST", "keys/create-many/", body, idempotency_key="class-1")
    assert call("POST", "keys/create-many/", body, idempotency_key="class-1") == (status, told)
    assert (status, [one["name"] for one in told["keys"]][:2], ApiKey.objects.count()) == (201, ["class 1", "class 2"], 20)
    row = ApiKey.objects.get(pk=told["keys"][7]["id"])
    assert (row.digest, row.membership_id, row.rpm, row.tags) == (keys.digest(told["keys"][7]["secret"]), end_user.pk, 5, ["school"])
    assert [(one.scope, one.limit_micros) for one in limits.state(row.pk).windows] == [("key", 1_000_000)]
    event = AuditEvent.objects.get()
    assert (event.action, event.after["count"], told["keys"][0]["secret"] in str(event.after)) == ("apikey.issue_many", 20, False)


def test_customers_support_and_strangers_issue_none(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    body = {"customer": end_user.pk, "count": 2, "name": "x"}
    assert program(end_user)("POST", "keys/create-many/", body)[0] == 404
    assert program(stranger, host="elsewhere.test")("POST", "keys/create-many/", body)[0] == 404
    Membership.objects.filter(pk=reseller_owner.pk).update(role="support")
    assert program(reseller_owner)("POST", "keys/create-many/", body)[0] == 404
    assert program(reseller_owner)("POST", "keys/create-many/", {**body, "count": 1_001})[0] == 404
    assert ApiKey.objects.count() == 0


def test_many_keys_get_other_limits_or_none_does(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    first, second, gone = (keys.issue(membership=end_user, name=f"k{number}", rpm=5).key for number in range(3))
    limits.set_allowance(api_key_id=first.pk, total_micros=7_000_000)
    keys.revoke(key=gone)
    call = program(reseller_owner)
    body = {"keys": [first.pk, second.pk, gone.pk], "rpm": None, "tpm": 900, "allowances": {"day_micros": 2_000_000}}
    assert call("POST", "keys/change-limits/", body) == (200, {"changed": 2})
    assert call("POST", "keys/change-limits/", body) == (200, {"changed": 0})
    told = call("GET", f"keys/{first.pk}/")[1]
    assert (told["rpm"], told["tpm"]) == (None, 900)
    assert {one["scope"]: one["limit_micros"] for one in told["limits"]} == {"key": 7_000_000, "day": 2_000_000}
    assert ApiKey.objects.get(pk=gone.pk).rpm == 5
    event = AuditEvent.objects.filter(action="apikey.limit").earliest("pk")
    assert (event.before, event.after) == ({"rpm": 5, "tpm": None, "day_micros": None}, {"rpm": None, "tpm": 900, "day_micros": 2_000_000})
    theirs = keys.issue(membership=stranger, name="theirs").key
    assert call("POST", "keys/change-limits/", {"keys": [first.pk, theirs.pk], "rpm": 1})[0] == 404
    assert call("GET", f"keys/{first.pk}/")[1]["rpm"] is None
    assert program(end_user)("POST", "keys/change-limits/", {"keys": [first.pk], "rpm": 1})[0] == 404
