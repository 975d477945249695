"""The deadline of a call, all its tries together: it ends what runs, and the client pays for what was delivered."""

from __future__ import annotations

import time

import pytest

from channels_app.exchange import Timeouts
from channels_app.models import Channel
from config.settings import product
from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import DOLLAR, HELLO, Caller, lines
from tests.gateway.live import LiveRelay
from tests.gateway.test_dispatch import call, error_of, events, free_money, text_of

LONG = [f"w{n:03} " for n in range(200)]


def allow(relay: LiveRelay, seconds: float) -> None:
    """Let calls take so long in all, and upstreams be silent for as long as they like."""
    relay.state.timeouts = Timeouts(connect=5.0, first_byte=60.0, idle=60.0, total=seconds)


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_call_that_nobody_answers_ends_at_its_deadline(relay: LiveRelay, caller: Caller, upstream: Upstream, is_stream: bool) -> None:
    allow(relay, 0.4)
    upstream.script(replies.hang_before_head())

    response = call(relay, caller, stream=is_stream)

    assert (response.status_code, response.json()["error"]["type"]) == (504, "upstream_error")
    assert response.json()["error"]["code"] == "upstream_timeout"
    assert free_money(relay, caller) == DOLLAR
    assert upstream.wait(lambda seen: seen.disconnects == 1)


def test_other_protocols_say_it_in_their_own_words(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    allow(relay, 0.4)
    upstream.script(replies.hang_before_head())

    response = relay.http.post("/v1/messages", headers=caller.headers, json={**HELLO, "max_tokens": 50})

    assert response.status_code == 504
    assert (response.json()["type"], response.json()["error"]["type"]) == ("error", "timeout_error")


def test_a_stream_that_never_falls_silent_is_cut_and_billed_by_what_was_delivered(
    relay: LiveRelay, caller: Caller, upstream: Upstream
) -> None:
    allow(relay, 1.0)
    upstream.script(replies.stream(LONG, pause=0.05))

    response = call(relay, caller, stream=True)

    said = text_of(response)
    assert 0 < len(said) < 5 * len(LONG)
    assert (error_of(response)["type"], error_of(response)["code"]) == ("upstream_error", "upstream_timeout")
    assert events(response)[-1] == "[DONE]"
    (line,) = lines(relay)
    assert (line.status, line.usage["output"]) == ("partial", -(-len(said) // 4))
    assert line.price > 0
    assert free_money(relay, caller) == DOLLAR - line.price
    assert upstream.wait(lambda seen: seen.disconnects == 1)


def test_all_tries_share_the_one_deadline(relay: LiveRelay, caller: Caller, channel: Channel, second: Channel, upstream: Upstream) -> None:
    allow(relay, 2.0)
    upstream.on_model("up-1", replies.Reply((1.5, b"{}"), status=None))  # 1.5 s of silence, then nothing that is HTTP
    upstream.on_model("up-2", replies.hang_before_head())

    began = time.monotonic()
    response = call(relay, caller)

    assert response.status_code == 504
    assert time.monotonic() - began < 3.2  # and not 1.5 + 2
    assert [one.fields["model"] for one in upstream.requests] == ["up-1", "up-2"]
    assert free_money(relay, caller) == DOLLAR


def test_a_channel_may_have_more_time_than_the_others(relay: LiveRelay, caller: Caller, channel: Channel, upstream: Upstream) -> None:
    Channel.objects.filter(pk=channel.pk).update(options={"total_seconds": "30"})
    allow(relay, 0.3)
    upstream.script(replies.stream(["slow"], pause=0.3))

    assert text_of(call(relay, caller, stream=True)) == "slow"


def test_one_channel_that_hangs_leaves_time_for_another() -> None:
    assert product.UPSTREAM_FIRST_BYTE_SECONDS < product.UPSTREAM_FAILOVER_SECONDS < product.UPSTREAM_TOTAL_SECONDS
