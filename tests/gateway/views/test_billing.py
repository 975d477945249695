"""The billing pseudo-endpoints."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts.models import ApiKey
from billing import limits
from billing.models import KeyBudget
from gateway.flusher import Flusher
from tests.gateway.conftest import HELLO, PRICE, Caller
from tests.gateway.live import LiveRelay


@pytest.fixture
def used(relay: LiveRelay, caller: Caller) -> LiveRelay:
    """The relay after two calls that are posted."""
    for _ in range(2):
        assert relay.http.post("/v1/chat/completions", headers=caller.headers, json=HELLO).status_code == 200
    flusher = Flusher(relay.state.spool.folder.parent, keep_seconds=3600)
    while flusher.turn():
        pass
    return relay


@pytest.mark.parametrize("root", ["", "/v1", "/one-api/v1"])
def test_the_limit_less_the_usage_is_the_balance(used: LiveRelay, caller: Caller, root: str) -> None:
    limit = used.http.get(f"{root}/dashboard/billing/subscription", headers=caller.headers).json()
    usage = used.http.get(f"{root}/dashboard/billing/usage", headers=caller.headers, params={"start_date": "2026-01-01"}).json()

    assert limit["object"] == "billing_subscription"
    assert limit["hard_limit_usd"] == limit["soft_limit_usd"] == limit["system_hard_limit_usd"] == 1.0
    assert (limit["has_payment_method"], limit["access_until"]) == (True, 0)
    assert usage == {"object": "list", "total_usage": 2 * PRICE / 10_000}


def test_the_keys_end_is_told(caller: Caller, relay: LiveRelay) -> None:
    end = timezone.now().replace(microsecond=0) + datetime.timedelta(days=1)
    ApiKey.objects.filter(pk=caller.key.pk).update(expires_at=end)

    answer = relay.http.get("/dashboard/billing/subscription", headers=caller.headers).json()

    assert answer["access_until"] == int(end.timestamp())


def test_a_stranger_learns_nothing(relay: LiveRelay) -> None:
    response = relay.http.get("/dashboard/billing/usage", headers={"authorization": "Bearer sk-nobody"})

    assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")


def figures(relay: LiveRelay, caller: Caller, *, base: str) -> tuple[float, float]:
    """Return (hard_limit_usd, total_usage in cents)."""
    subscription = relay.http.get(f"{base}/subscription", headers=caller.headers)
    usage = relay.http.get(f"{base}/usage", headers=caller.headers, params={"start_date": "2026-01-01", "end_date": "2026-02-01"})
    assert (subscription.status_code, usage.status_code) == (200, 200)
    assert subscription.json()["hard_limit_usd"] == subscription.json()["soft_limit_usd"] == subscription.json()["system_hard_limit_usd"]
    return subscription.json()["hard_limit_usd"], usage.json()["total_usage"]


def test_an_allowance_is_all_that_the_key_ever_has(caller: Caller, relay: LiveRelay) -> None:
    limits.set_allowance(api_key_id=caller.key.pk, total_micros=400_000)
    KeyBudget.objects.update(total_used=100_070)

    assert figures(relay, caller, base="/v1/dashboard/billing") == (0.4, 10.007)


def test_a_key_has_no_more_left_than_its_wallet(caller: Caller, relay: LiveRelay) -> None:
    limits.set_allowance(api_key_id=caller.key.pk, total_micros=9_000_000)
    KeyBudget.objects.update(total_used=500_000)

    assert figures(relay, caller, base="/v1/dashboard/billing") == (1.5, 50.0)


def test_the_tightest_window_is_what_is_left(caller: Caller, relay: LiveRelay) -> None:
    limits.set_allowance(api_key_id=caller.key.pk, total_micros=900_000, day_micros=250_000)
    KeyBudget.objects.update(total_used=100_000)

    assert figures(relay, caller, base="/v1/dashboard/billing") == (0.35, 10.0)


def test_looking_takes_no_place_for_good(caller: Caller, relay: LiveRelay) -> None:
    ApiKey.objects.filter(pk=caller.key.pk).update(concurrency=1)

    assert [figures(relay, caller, base="/v1/dashboard/billing") for _ in range(2)] == [(1.0, 0)] * 2
