"""Calls, and what a sub-key may ask about itself."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts import keys
from billing import ledger, limits
from foundation.ids import uuid7
from gateway.models import UsageRecord
from tests.console.facade.conftest import Tool

pytestmark = pytest.mark.django_db

Maker = Callable[..., Tool]


def test_a_key_asks_about_itself_also_when_it_is_exhausted(tool: Maker, funded: None) -> None:
    made = tool("new-api")
    issued = keys.issue(membership=made.member, name="bot")
    limits.set_allowance(api_key_id=issued.key.pk, total_micros=0)
    status, body = made.ask("get", "/api/usage/token/", HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    assert (status, body["code"], body["message"]) == (200, True, "ok")
    assert body["data"] == {
        "object": "token_usage", "name": "bot", "total_granted": 0, "total_used": 0, "total_available": 0, "unlimited_quota": False,
        "model_limits": {}, "model_limits_enabled": False, "expires_at": 0,
    }  # fmt: skip
    assert made.ask("get", f"/api/log/token?key={issued.secret}", HTTP_AUTHORIZATION="") == (
        200,
        {"success": True, "message": "", "data": []},
    )


def test_an_unlimited_key_has_what_the_wallet_has(tool: Maker, funded: None) -> None:
    made = tool("new-api")
    issued = keys.issue(membership=made.member, name="bot")
    body = made.ask("get", "/api/usage/token", HTTP_AUTHORIZATION=issued.secret.removeprefix("sk-"))[1]
    assert (body["data"]["total_available"], body["data"]["unlimited_quota"]) == (1_500_000, True)


def test_a_revoked_or_unknown_key_is_told_nothing(tool: Maker) -> None:
    made = tool("new-api")
    issued = keys.issue(membership=made.member, name="bot")
    keys.revoke(key=issued.key)
    for secret in (issued.secret, "sk-nobody", ""):
        assert made.ask("get", "/api/usage/token/", HTTP_AUTHORIZATION=f"Bearer {secret}")[0] == 401


def test_an_empty_log_and_its_sums(tool: Maker) -> None:
    assert tool().ask("get", "/api/log/self?p=0")[1]["data"] == []
    assert tool("new-api").ask("get", "/api/log/self?p=1")[1]["data"] == {"page": 1, "page_size": 10, "total": 0, "items": []}
    assert tool().ask("get", "/api/log/self/stat")[1]["data"] == {"quota": 0, "rpm": 0, "tpm": 0}


def test_a_log_is_paged_counted_and_summed_by_the_database(tool: Maker, funded: None) -> None:
    made = tool("new-api")
    key = keys.issue(membership=made.member, name="bot").key
    who = {"tenant_id": key.tenant_id, "membership": made.member, "api_key": key}
    for number in range(25):
        UsageRecord.objects.create(id=uuid7(), model="a" if number % 5 else "b", price_micros=3, input_tokens=2, output_tokens=1, **who)
    page = made.ask("get", "/api/log/self?p=3&page_size=10")[1]["data"]
    assert (page["total"], page["page"], len(page["items"])) == (25, 3, 5)
    assert made.ask("get", "/api/log/self?p=9&page_size=10")[1]["data"]["total"] == 25
    assert made.ask("get", "/api/log/self/stat")[1]["data"] == {"quota": 38, "rpm": 25, "tpm": 75}
    assert made.ask("get", "/api/log/self/stat?model_name=b")[1]["data"]["quota"] == 8


def test_what_running_calls_hold_is_still_there(tool: Maker, funded: None) -> None:
    made = tool("new-api")
    issued = keys.issue(membership=made.member, name="bot")
    wallet = ledger.wallet(membership_id=made.member.pk)
    ledger.hold(key="call", account_id=wallet.pk, amount=1_000_000, expires_at=timezone.now() + datetime.timedelta(hours=1))
    body = made.ask("get", "/api/usage/token", HTTP_AUTHORIZATION=issued.secret)[1]
    assert body["data"]["total_available"] == 1_500_000
