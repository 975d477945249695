"""The money of one call, with a real wallet: refused, fitted, extended, ended."""

from __future__ import annotations

import time
from typing import Any

import httpx
import orjson
import pytest

from accounts import keys
from accounts.models import Membership
from billing import ledger, price_book
from channels_app import channels
from channels_app.models import Channel
from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import HELLO, Caller, fund, lines
from tests.gateway.live import LiveRelay


@pytest.fixture
def caller(transactional_db: None, end_user: Membership) -> Caller:
    """A customer whose wallet is empty until a test fills it."""
    issued = keys.issue(membership=end_user, name="test")
    return Caller(end_user, issued.key, issued.secret)


def call(relay: LiveRelay, caller: Caller, **fields: Any) -> httpx.Response:
    return relay.http.post("/v1/chat/completions", headers=caller.headers, json={**HELLO, **fields})


def free_money(relay: LiveRelay, caller: Caller) -> int:
    return relay.run(relay.state.purse.affordable(wallet=caller.membership.pk))


@pytest.mark.parametrize("is_stream", [False, True])
def test_without_money_nothing_is_asked_upstream(relay: LiveRelay, caller: Caller, upstream: Upstream, is_stream: bool) -> None:
    response = call(relay, caller, stream=is_stream)

    error = response.json()["error"]
    assert response.status_code == 429
    assert (error["type"], error["code"], error["scope"]) == ("insufficient_quota", "insufficient_quota", "wallet")
    assert response.headers["x-should-retry"] == "false"
    assert (upstream.requests, lines(relay)) == ([], [])
    assert ledger.balance(membership_id=caller.membership.pk).held_micros == 0


def test_a_call_that_the_money_does_not_cover_gets_a_smaller_limit(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    fund(caller.membership, 10_000)

    response = call(relay, caller, max_tokens=100_000)

    size = len(orjson.dumps({**HELLO, "max_tokens": 100_000}))
    held_input = size // 3 + 16
    sent = upstream.requests[0].fields["max_tokens"]
    assert response.status_code == 200
    # The rewritten body is a little shorter, never longer, so that the bound still fits.
    assert sent == (10_000 * 1_000_000 - held_input * 2_500_000) // 10_000_000
    assert free_money(relay, caller) == 10_000 - 70


def test_a_call_without_a_limit_gets_one_when_money_is_short(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    fund(caller.membership, 10_000)

    assert call(relay, caller).status_code == 200
    assert 900 < upstream.requests[0].fields["max_tokens"] < 1000


def test_too_little_for_a_useful_answer_is_refused(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    fund(caller.membership, 2_500)

    response = call(relay, caller, max_tokens=1000)

    assert (response.status_code, response.json()["error"]["code"]) == (429, "insufficient_quota")
    assert call(relay, caller, max_tokens=100).status_code == 200
    assert len(upstream.requests) == 1


def test_a_fixed_price_must_be_covered(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    price_book.set_price(model="fixed", per_call=50_000)
    channels.add(name="fixed", provider="openai", base_url=upstream.url, key="k", models=["fixed"])
    fund(caller.membership, 49_999)
    assert call(relay, caller, model="fixed").status_code == 429

    fund(caller.membership, 1)

    # A final "no" is remembered for up to a second.
    deadline = time.monotonic() + 2
    while call(relay, caller, model="fixed").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert free_money(relay, caller) == 0


@pytest.fixture
def short_hold(channel: Channel) -> None:
    """Streams of `m` reserve twenty tokens at a time."""
    price_book.set_price(model="m", input=2_500_000, output=10_000_000, hold_ceiling=20)


@pytest.mark.parametrize("pause", [0.0, 0.001], ids=["in one piece", "in many"])
def test_a_long_stream_extends_its_reservation(
    caller: Caller, channel: Channel, short_hold: None, relay: LiveRelay, upstream: Upstream, pause: float
) -> None:
    fund(caller.membership, 1_000_000)
    usage = {"prompt_tokens": 12, "completion_tokens": 500, "total_tokens": 512}
    texts = [f"{number:010d}" for number in range(200)]  # a stream that said one thing over and over would be cut
    upstream.script(replies.stream(texts, usage=usage, pause=pause))

    response = call(relay, caller, stream=True)

    (line,) = lines(relay)
    assert [text for text in texts if text not in response.text] == []
    assert (line.status, line.price) == ("ok", 12 * 25 // 10 + 5000)
    assert sum(amount for _, amount in line.parts) == line.price
    assert free_money(relay, caller) == 1_000_000 - line.price


def test_when_the_money_ends_the_stream_ends_in_a_typed_error_and_what_was_delivered_is_paid(
    caller: Caller, channel: Channel, short_hold: None, relay: LiveRelay, upstream: Upstream
) -> None:
    fund(caller.membership, 1_500)
    upstream.script(replies.raw_stream(*replies.words(["x" * 10] * 200), replies.Act.HANG))

    response = call(relay, caller, stream=True)

    (line,) = lines(relay)
    error = orjson.loads(response.text.split("data: ")[-2])["error"]
    assert (error["type"], error["code"]) == ("insufficient_quota", "insufficient_quota")
    assert response.text.endswith("data: [DONE]\n\n")
    assert '"finish_reason":"stop"' not in response.text
    delivered = response.text.count("x" * 10) * 10
    assert 0 < delivered < 2000
    assert (line.status, line.source, line.usage["output"]) == ("partial", "estimated", -(-delivered // 4))
    assert line.price <= 1_500
    assert free_money(relay, caller) == 1_500 - line.price
    assert upstream.wait(lambda one: one.disconnects == 1)


def test_a_stream_in_one_piece_that_the_money_does_not_cover_is_not_given_away(
    caller: Caller, channel: Channel, short_hold: None, relay: LiveRelay, upstream: Upstream
) -> None:
    fund(caller.membership, 1_500)
    upstream.script(replies.stream(["x" * 10] * 2000))

    response = call(relay, caller, stream=True)

    assert response.text.count("x" * 10) < 2000
    assert "insufficient_quota" in response.text
    assert free_money(relay, caller) == 1_500 - sum(line.price for line in lines(relay))


def test_unseen_tokens_beyond_the_reservation_are_paid_from_what_is_free(
    caller: Caller, channel: Channel, relay: LiveRelay, upstream: Upstream
) -> None:
    fund(caller.membership, 1_000_000)
    usage = {"prompt_tokens": 10, "completion_tokens": 9_000, "total_tokens": 9_010}
    upstream.script(replies.answer(replies.completion(usage=usage)))

    call(relay, caller, max_tokens=5)

    (line,) = lines(relay)
    assert line.price == sum(amount for _, amount in line.parts) == 90_025
    assert free_money(relay, caller) == 1_000_000 - 90_025
