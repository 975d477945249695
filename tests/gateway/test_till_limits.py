"""A sub-key's limits over real HTTP: which one ends a key's calls, until when, and what changed limits do."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from accounts import keys
from accounts.models import Tenant
from billing import limits, price_book
from billing.models import KeyBudget, LimitRule
from channels_app import channels
from channels_app.models import Channel
from gateway import settle
from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import HELLO, PRICE, Caller, lines
from tests.gateway.live import LiveRelay
from tests.zones import noonday

CALL = 50_000
WINDOWS = ["five_hours", "day", "week", "month"]
SCOPES = {"five_hours": "5h", "day": "day", "week": "week", "month": "month"}


@pytest.fixture
def fixed(channel: Channel, upstream: Upstream) -> None:
    """The model `fixed`: every call costs five cents."""
    price_book.set_price(model="fixed", per_call=CALL)
    channels.add(name="fixed", provider="openai", base_url=upstream.url, key="k", models=["fixed"])


def call(relay: LiveRelay, caller: Caller, *, model: str = "fixed", **fields: Any) -> httpx.Response:
    return relay.http.post("/v1/chat/completions", headers=caller.headers, json={**HELLO, "model": model, **fields})


@pytest.fixture(autouse=True)
def _noon(caller: Caller) -> None:
    """Let no day, week or month end during a test."""
    Tenant.objects.update(zone=noonday())


@pytest.fixture
def post(relay: LiveRelay) -> Callable[[], int]:
    """Posts what the relay has settled, as the node's flusher does all the time: until then it counts as held, not as used."""
    return lambda: settle.post_all(worker_id=relay.state.purse.worker_id, lines=lines(relay))


def refusal(response: httpx.Response) -> dict[str, Any]:
    assert (response.status_code, response.headers["x-should-retry"]) == (429, "false")
    error: dict[str, Any] = response.json()["error"]
    assert (error["type"], error["code"]) == ("insufficient_quota", "insufficient_quota")
    return error


def test_an_allowance_is_spent_to_the_last_call_and_not_beyond(
    caller: Caller, fixed: None, relay: LiveRelay, upstream: Upstream, post: Callable[[], int]
) -> None:
    limits.set_allowance(api_key_id=caller.key.pk, total_micros=3 * CALL)

    assert [call(relay, caller).status_code for _ in range(3)] == [200, 200, 200]
    post()
    last = call(relay, caller)

    error = refusal(last)
    assert error["scope"] == "key"
    assert "resets_at" not in error
    assert "retry-after" not in last.headers
    assert len(upstream.requests) == len(lines(relay)) == 3


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_says_when_it_begins_anew(caller: Caller, fixed: None, relay: LiveRelay, window: str, post: Callable[[], int]) -> None:
    limits.set_allowance(api_key_id=caller.key.pk, **{f"{window}_micros": CALL})

    assert call(relay, caller).status_code == 200
    post()
    error = refusal(call(relay, caller))

    assert error["scope"] == SCOPES[window]
    at = datetime.datetime.fromisoformat(error["resets_at"])
    ends = limits.state(caller.key.pk).of(SCOPES[window])
    assert ends is not None
    assert ends.resets_at is not None
    assert abs(at - ends.resets_at) < datetime.timedelta(milliseconds=1)


def test_the_tightest_limit_is_named(caller: Caller, fixed: None, relay: LiveRelay, post: Callable[[], int]) -> None:
    limits.set_allowance(api_key_id=caller.key.pk, total_micros=10 * CALL, day_micros=2 * CALL, week_micros=3 * CALL)

    assert [call(relay, caller).status_code for _ in range(2)] == [200, 200]
    post()
    assert refusal(call(relay, caller))["scope"] == "day"


def test_an_empty_wallet_is_named_before_a_key_that_may_spend_more(
    caller: Caller, fixed: None, relay: LiveRelay, post: Callable[[], int]
) -> None:
    limits.set_allowance(api_key_id=caller.key.pk, total_micros=100 * CALL)

    assert {call(relay, caller).status_code for _ in range(20)} == {200}
    post()
    assert refusal(call(relay, caller))["scope"] == "wallet"


def test_two_keys_of_one_wallet_have_limits_of_their_own(caller: Caller, fixed: None, relay: LiveRelay) -> None:
    issued = keys.issue(membership=caller.membership, name="other")
    other = Caller(caller.membership, issued.key, issued.secret)
    limits.set_allowance(api_key_id=caller.key.pk, total_micros=CALL)

    assert [call(relay, one).status_code for one in (caller, caller, other, other)] == [200, 429, 200, 200]


def test_a_customers_limit_is_over_all_keys(caller: Caller, fixed: None, relay: LiveRelay, post: Callable[[], int]) -> None:
    issued = keys.issue(membership=caller.membership, name="other")
    other = Caller(caller.membership, issued.key, issued.secret)
    LimitRule.objects.create(tenant=caller.membership.tenant, scope="customer", day_limit=2 * CALL)

    assert [call(relay, one).status_code for one in (caller, other)] == [200, 200]
    post()
    assert refusal(call(relay, other))["scope"] == "day"
    assert refusal(call(relay, caller))["scope"] == "day"


def test_a_limit_for_some_models_bounds_only_those(caller: Caller, fixed: None, relay: LiveRelay, post: Callable[[], int]) -> None:
    KeyBudget.objects.create(api_key=caller.key, models_matched="fix*", total_limit=CALL)

    assert call(relay, caller).status_code == 200
    post()
    assert refusal(call(relay, caller))["scope"] == "key"
    assert call(relay, caller, model="m").status_code == 200


def test_new_limits_hold_within_two_seconds(caller: Caller, fixed: None, relay: LiveRelay) -> None:
    assert call(relay, caller).status_code == 200

    limits.set_allowance(api_key_id=caller.key.pk, total_micros=0)
    assert _within_two_seconds(relay, caller, 429)

    limits.set_allowance(api_key_id=caller.key.pk, total_micros=CALL)
    assert _within_two_seconds(relay, caller, 200)


def test_what_is_posted_is_used(caller: Caller, fixed: None, relay: LiveRelay, post: Callable[[], int]) -> None:
    limits.set_allowance(api_key_id=caller.key.pk, total_micros=5 * CALL)
    assert [call(relay, caller).status_code for _ in range(2)] == [200, 200]

    post()

    (window,) = limits.state(caller.key.pk).windows
    assert (window.spent_micros, window.left_micros) == (2 * CALL, 3 * CALL)


def test_an_answer_is_fitted_to_what_the_key_may_spend(caller: Caller, relay: LiveRelay, upstream: Upstream) -> None:
    limits.set_allowance(api_key_id=caller.key.pk, total_micros=5_000)

    response = call(relay, caller, model="m", max_tokens=10_000)

    assert response.status_code == 200
    assert 256 <= upstream.requests[0].fields["max_tokens"] < 500
    assert lines(relay)[0].price == PRICE


def test_a_stream_that_reaches_the_limit_of_its_key_says_so(caller: Caller, channel: Channel, relay: LiveRelay, upstream: Upstream) -> None:
    price_book.set_price(model="m", input=2_500_000, output=10_000_000, hold_ceiling=20)
    limits.set_allowance(api_key_id=caller.key.pk, day_micros=1_500)
    upstream.script(replies.raw_stream(*replies.words([f"{n:010}" for n in range(200)]), replies.Act.HANG))

    response = call(relay, caller, model="m", stream=True)

    error = orjson.loads(response.text.split("data: ")[-2])["error"]
    assert (error["code"], error["scope"]) == ("insufficient_quota", "day")
    assert datetime.datetime.fromisoformat(error["resets_at"]) > datetime.datetime.now(datetime.UTC)
    assert 0 < lines(relay)[0].price <= 1_500


def _within_two_seconds(relay: LiveRelay, caller: Caller, status: int) -> bool:
    deadline = time.monotonic() + 2
    while call(relay, caller).status_code != status:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
