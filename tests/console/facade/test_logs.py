"""Calls, and what a sub-key may ask about itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts import keys
from billing import limits
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
