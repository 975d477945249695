"""One call through a live relay: what the client gets, what is billed, and what happens when an upstream fails."""

from __future__ import annotations

import time
from typing import Any

import httpx
import orjson
import pytest

from channels_app.models import Channel
from gateway import spool
from gateway.models import UsageRecord
from gateway.process import DrainCaps
from tests.doubles import replies
from tests.doubles.replies import Reply
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import HELLO, PRICE, Caller, hasty, lines
from tests.gateway.live import LiveRelay


def call(relay: LiveRelay, caller: Caller, **fields: Any) -> httpx.Response:
    return relay.http.post("/v1/chat/completions", headers=caller.headers, json={**HELLO, **fields})


def events(response: httpx.Response) -> list[Any]:
    """Return a stream's events; the end mark stays a text."""
    texts = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
    return [text if text == "[DONE]" else orjson.loads(text) for text in texts]


def text_of(response: httpx.Response) -> str:
    return "".join(one["choices"][0]["delta"].get("content") or "" for one in events(response) if one != "[DONE]" and one.get("choices"))


def finishes(response: httpx.Response) -> list[str]:
    found = [choice["finish_reason"] for one in events(response) if one != "[DONE]" for choice in one.get("choices", ())]
    return [reason for reason in found if reason]


def error_of(response: httpx.Response) -> dict[str, Any]:
    last = events(response)[-2] if "text/event-stream" in response.headers["content-type"] else response.json()
    error: dict[str, Any] = last["error"]
    return error


def free_money(relay: LiveRelay, caller: Caller) -> int:
    """Return what the wallet could spend at once: nothing is held for calls that ended."""
    return relay.run(relay.state.purse.affordable(wallet=caller.membership.pk))


def test_a_whole_answer_is_billed_exactly(relay: LiveRelay, caller: Caller, channel: Channel, upstream: Upstream) -> None:
    response = call(relay, caller)

    assert response.status_code == 200
    assert response.json()["choices"][0]["message"]["content"] == replies.TEXT
    assert response.headers["x-keyosk-cost-micros"] == str(PRICE)
    (line,) = lines(relay)
    assert str(line.id) == response.headers["x-request-id"] == response.headers["x-oneapi-request-id"]
    assert (line.price, line.numerator, line.usage, line.source) == (PRICE, "70000000", {"input": 12, "output": 4}, "upstream")
    assert (line.key, line.tenant, line.member) == (caller.key.pk, caller.membership.tenant_id, caller.membership.pk)
    assert (line.channel, line.model, line.upstream_model, line.status, line.stream, line.tried) == (
        channel.pk,
        "m",
        "up-1",
        "ok",
        False,
        [],
    )
    assert sum(amount for _, amount in line.splits) == sum(amount for _, amount in line.parts) == PRICE
    assert free_money(relay, caller) == 1_000_000 - PRICE
    assert upstream.requests[0].headers["authorization"] == "Bearer sk-upstream-secret"
    assert caller.secret.encode() not in upstream.requests[0].body


def test_a_stream_passes_as_it_comes_and_ends_with_its_receipt(relay: LiveRelay, caller: Caller) -> None:
    """Gotcha 11: nobody in between may hold a stream back or pack it."""
    response = call(relay, caller, stream=True)

    (line,) = lines(relay)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["cache-control"] == "no-cache, no-transform"
    assert text_of(response) == replies.TEXT
    assert finishes(response) == ["stop"]
    assert not any("usage" in one for one in events(response)[:-1])
    assert response.text.endswith(f": cost_micros={PRICE} request={line.id}\n\ndata: [DONE]\n\n")
    assert (line.price, line.source, line.stream, line.status) == (PRICE, "upstream", True, "ok")
    assert line.first_ms is not None
    assert 0 <= line.first_ms <= line.total_ms


def test_usage_comes_last_where_it_was_asked_for(relay: LiveRelay, caller: Caller) -> None:
    response = call(relay, caller, stream=True, stream_options={"include_usage": True})

    last = events(response)[-2]
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 16)


def test_the_first_content_does_not_wait_for_the_rest(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    upstream.script(replies.raw_stream(*replies.words(["Hello"]), replies.Act.HANG))
    with relay.http.stream("POST", "/v1/chat/completions", headers=caller.headers, json={**HELLO, "stream": True}) as response:
        seen = ""
        for text in response.iter_text():
            seen += text
            if "Hello" in seen:
                break
    assert "Hello" in seen


BEFORE_CONTENT: dict[str, tuple[Reply, bool]] = {
    "500": (replies.error(500, "server_error"), False),
    "429": (replies.error(429, "rate_limit_exceeded"), False),
    "401": (replies.error(401, "invalid_api_key"), False),
    "no model": (replies.error(404, "model_not_found"), False),
    "no money": (replies.error_in_200(), False),
    "hangs before its head": (replies.hang_before_head(), False),
    "closes before its head": (replies.close_before_head(), False),
    "speaks no HTTP": (replies.no_http(), False),
    "cuts the body": (replies.cut_body(), False),
    "garbage": (replies.garbage(), False),
    "HTML": (replies.html(), False),
    "HTML in a 200": (replies.html(200), False),
    "500 to a stream": (replies.error(500, "server_error"), True),
    "error in 200 to a stream": (replies.error_in_200(), True),
    "error event first": (replies.error_event(), True),
    "hangs before content": (replies.hang_before_content(), True),
    "garbage to a stream": (replies.garbage(is_stream=True), True),
    "role and then nothing": (replies.short_stream(()), True),
    "closes before its head, streamed": (replies.close_before_head(), True),
}


@pytest.mark.parametrize("case", BEFORE_CONTENT)
def test_the_next_channel_answers_when_nothing_was_sent_yet(
    relay: LiveRelay, caller: Caller, channel: Channel, second: Channel, upstream: Upstream, case: str
) -> None:
    """Gotcha 42: the next channel is asked for its own name of the model."""
    reply, is_stream = BEFORE_CONTENT[case]
    hasty(relay)
    upstream.on_model("up-1", reply)

    response = call(relay, caller, stream=is_stream)

    assert response.status_code == 200
    said = text_of(response) if is_stream else response.json()["choices"][0]["message"]["content"]
    assert said == replies.TEXT
    (line,) = lines(relay)
    assert [one.fields["model"] for one in upstream.requests] == ["up-1", "up-2"]
    assert (line.channel, line.tried, line.price, line.status) == (second.pk, [channel.pk], PRICE, "ok")
    assert free_money(relay, caller) == 1_000_000 - PRICE


AFTER_CONTENT = {
    "hangs": (replies.hang_mid_stream(), "upstream_timeout"),
    "cuts": (replies.cut_mid_stream(), "upstream_unavailable"),
    "ends too early": (replies.short_stream(), "upstream_unavailable"),
    "error": (replies.error_event(after=replies.WORDS[:2]), "upstream_unavailable"),
}


@pytest.mark.parametrize("case", AFTER_CONTENT)
def test_a_stream_that_breaks_off_ends_in_a_typed_error_and_is_billed_by_what_was_delivered(
    relay: LiveRelay, caller: Caller, second: Channel, upstream: Upstream, case: str
) -> None:
    reply, code = AFTER_CONTENT[case]
    hasty(relay)
    upstream.on_model("up-1", reply)

    response = call(relay, caller, stream=True)

    assert text_of(response) == "Hello from"
    assert finishes(response) == []
    assert (error_of(response)["type"], error_of(response)["code"]) == ("upstream_error", code)
    assert events(response)[-1] == "[DONE]"
    (line,) = lines(relay)
    size = len(orjson.dumps({**HELLO, "stream": True}))
    assert (line.status, line.source) == ("partial", "estimated")
    assert line.usage == {"input": -(-size // 4), "output": 3}  # "Hello from" has ten bytes
    assert free_money(relay, caller) == 1_000_000 - line.price
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [(replies.error(500, "server_error"), 502, "upstream_unavailable"), (replies.hang_before_head(), 504, "upstream_timeout")],
)
@pytest.mark.parametrize("is_stream", [False, True])
def test_when_nobody_answers_the_client_is_told_and_nothing_is_billed(
    relay: LiveRelay, caller: Caller, second: Channel, upstream: Upstream, reply: Reply, status: int, code: str, is_stream: bool
) -> None:
    hasty(relay)
    upstream.script(reply, reply)

    response = call(relay, caller, stream=is_stream)

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert response.headers["x-should-retry"] == "false"
    assert lines(relay) == []
    assert free_money(relay, caller) == 1_000_000


def test_the_clients_own_fault_is_told_without_the_vendors_secrets(
    relay: LiveRelay, caller: Caller, second: Channel, upstream: Upstream
) -> None:
    upstream.script(replies.error(400, "context_length_exceeded", "too long, org-abc123456 (sk-upstream-secret)"))

    response = call(relay, caller)

    assert response.status_code == 400
    assert response.json()["error"] == {
        "message": "too long, [account] ([key])", "type": "invalid_request_error", "param": None, "code": "context_length_exceeded"
    }  # fmt: skip
    assert len(upstream.requests) == 1
    assert lines(relay) == []


def leave_after(relay: LiveRelay, caller: Caller, seen: str) -> None:
    """Hang up as soon as some text has come."""
    with relay.http.stream("POST", "/v1/chat/completions", headers=caller.headers, json={**HELLO, "stream": True}) as response:
        text = ""
        for piece in response.iter_text():
            text += piece
            if seen in text:
                return


def wait_for_line(relay: LiveRelay) -> Any:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found = lines(relay)
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError("nothing was settled")


def test_a_client_that_leaves_pays_for_the_answer_that_upstream_finishes(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    """Gotchas 30 and 31: leaving early gives nothing back."""
    upstream.script(replies.stream(pause=0.1))

    leave_after(relay, caller, "Hello")

    line = wait_for_line(relay)
    assert (line.status, line.source, line.usage, line.price) == ("disconnected", "upstream", {"input": 12, "output": 4}, PRICE)
    assert upstream.disconnects == 0
    assert relay.state.drains == 0


@pytest.mark.parametrize("caps", [DrainCaps(seconds=0.2), DrainCaps(number=0)], ids=["too long", "too many"])
def test_beyond_the_caps_upstream_is_cancelled_and_the_estimate_is_billed(
    relay: LiveRelay, caller: Caller, upstream: Upstream, caps: DrainCaps
) -> None:
    relay.state.drain_caps = caps
    upstream.script(replies.hang_mid_stream())

    leave_after(relay, caller, "from")

    line = wait_for_line(relay)
    assert (line.status, line.source, line.usage["output"]) == ("disconnected", "estimated", 3)
    assert upstream.wait(lambda one: one.disconnects == 1)


def test_a_client_that_leaves_before_anything_came_owes_nothing(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    relay.state.drain_caps = DrainCaps(number=0)
    upstream.script(replies.hang_before_head())
    with pytest.raises(httpx.ReadTimeout):
        relay.http.post("/v1/chat/completions", headers=caller.headers, json=HELLO, timeout=0.6)

    assert upstream.wait(lambda one: one.disconnects == 1)
    assert free_money(relay, caller) == 1_000_000
    assert lines(relay) == []


def test_a_line_that_the_spool_does_not_take_is_posted_before_the_last_bytes(
    relay: LiveRelay, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(line: spool.Line) -> None:
        raise spool.SpoolFull("no space left on device")

    monkeypatch.setattr(relay.state.spool, "append", refuse)

    response = call(relay, caller)

    row = UsageRecord.objects.get()
    assert (response.status_code, str(row.id), row.price_micros) == (200, response.headers["x-request-id"], PRICE)
    assert row.journal_id is not None


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_silent_vendors_usage_is_counted_by_tokens(relay: LiveRelay, caller: Caller, upstream: Upstream, is_stream: bool) -> None:
    upstream.script(replies.stream(usage=None) if is_stream else replies.answer(replies.completion(usage=None)))

    relay.http.post("/v1/chat/completions", headers=caller.headers, json={**HELLO, "stream": is_stream})

    # "hello" and the frames of a message and of the answer; "Hello from upstream."
    line = lines(relay)[0]
    assert (line.usage, line.source, line.status) == ({"input": 7, "output": 4}, "counted", "ok")
    assert line.price == 58  # 7 × $2.50 + 4 × $10 a million
