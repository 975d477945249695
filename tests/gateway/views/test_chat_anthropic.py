"""Anthropic's official SDK against a live relay: any upstream behind it, exactly billed."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import anthropic
import orjson
import pytest

from billing import price_book
from channels_app import channels
from tests.doubles import replies
from tests.doubles.speech import ANTHROPIC_SSE, anthropic_message, events
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import PRICE, Caller, lines
from tests.gateway.live import LiveRelay

ASK: list[Any] = [{"role": "user", "content": "hello"}]


@pytest.fixture
def sdk(relay: LiveRelay, caller: Caller) -> Generator[anthropic.Anthropic, None, None]:
    with anthropic.Anthropic(base_url=relay.url, api_key=caller.secret, max_retries=0) as client:
        yield client


@pytest.fixture
def claude(relay: LiveRelay, upstream: Upstream) -> str:
    """A model behind a channel that speaks Anthropic's protocol: cached input at a tenth, cache writes dearer."""
    price_book.set_price(model="claude", input=2_000_000, output=10_000_000, cache_read=200_000, cache_write_5m=2_500_000)
    channels.add(name="claude", provider="anthropic", base_url=upstream.url, key="sk-ant-1", models={"claude": "claude-up"})
    return "claude"


def test_a_whole_answer_of_an_openai_upstream(sdk: anthropic.Anthropic, relay: LiveRelay, upstream: Upstream) -> None:
    answer = sdk.messages.create(model="m", max_tokens=100, messages=ASK)

    assert answer.content[0].text == replies.TEXT  # type: ignore[union-attr]
    assert (answer.stop_reason, answer.model) == ("end_turn", "m")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (12, 4)
    assert upstream.requests[-1].fields == {"model": "up-1", "max_tokens": 100, "messages": [{"role": "user", "content": "hello"}]}
    assert [line.price for line in lines(relay)] == [PRICE]


def test_a_stream_of_an_openai_upstream(sdk: anthropic.Anthropic, relay: LiveRelay) -> None:
    with sdk.messages.stream(model="m", max_tokens=100, messages=ASK) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()

    assert text == replies.TEXT
    assert (final.stop_reason, final.usage.input_tokens, final.usage.output_tokens) == ("end_turn", 12, 4)
    assert [line.price for line in lines(relay)] == [PRICE]


def test_a_native_answer_keeps_what_we_do_not_know_and_is_billed_by_its_buckets(
    sdk: anthropic.Anthropic, relay: LiveRelay, upstream: Upstream, claude: str
) -> None:
    usage = {"input_tokens": 10, "output_tokens": 20, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 40}
    upstream.script(replies.answer(anthropic_message("Hi", usage=usage, mystery={"a": 1})))

    answer = sdk.messages.create(
        model=claude, max_tokens=50, messages=ASK, extra_body={"context_management": {"edits": []}}, extra_headers={"anthropic-beta": "a,b"}
    )

    sent = upstream.requests[-1]
    assert sent.path == "/v1/messages"
    assert sent.fields == {"model": "claude-up", "max_tokens": 50, "messages": ASK, "context_management": {"edits": []}}
    assert (sent.headers["x-api-key"], sent.headers["anthropic-beta"]) == ("sk-ant-1", "a,b")
    assert sent.headers["anthropic-version"] == "2026-10-21"
    assert (answer.model, answer.to_dict()["mystery"]) == ("claude", {"a": 1})
    assert lines(relay)[0].usage == {"input": 10, "output": 20, "cache_read": 100, "cache_write_5m": 40}
    assert lines(relay)[0].price == 10 * 2 + 20 * 10 + 100 // 5 + 40 * 5 // 2


def test_a_native_stream_keeps_its_events_and_is_billed_once(
    sdk: anthropic.Anthropic, relay: LiveRelay, upstream: Upstream, claude: str
) -> None:
    """Gotcha 33: message_start and message_delta are not added up."""
    upstream.script(replies.raw_stream(ANTHROPIC_SSE))

    raw = relay.http.post(
        "/v1/messages",
        headers={"x-api-key": sdk.api_key or "", "anthropic-version": "2023-06-01"},
        json={"model": claude, "max_tokens": 100, "messages": ASK, "stream": True},
    )

    shown = [line for line in raw.content.split(b"\n\n") if not line.startswith(b": cost_micros=")]
    assert b"\n\n".join(shown) == ANTHROPIC_SSE.replace(b"claude-up", b"claude")
    assert lines(relay)[0].usage == {"input": 25, "cache_read": 900, "output": 58}


def test_thoughts_and_tools_come_through_the_sdk(sdk: anthropic.Anthropic, upstream: Upstream, claude: str) -> None:
    upstream.script(replies.raw_stream(ANTHROPIC_SSE))

    with sdk.messages.stream(model=claude, max_tokens=100, messages=ASK) as stream:
        final = stream.get_final_message()

    assert [block.type for block in final.content] == ["thinking", "tool_use"]
    assert final.content[0].signature == "EqQB"  # type: ignore[union-attr]
    assert final.content[1].input == {"city": "Paris"}  # type: ignore[union-attr]


def test_an_empty_wallet_is_402_and_not_tried_again(sdk: anthropic.Anthropic) -> None:
    price_book.set_price(model="dear", per_call=50_000_000)
    channels.add(name="dear", provider="demo", models=["dear"])
    with pytest.raises(anthropic.APIStatusError) as refused:
        sdk.with_options(max_retries=2).messages.create(model="dear", max_tokens=10, messages=ASK)
    assert refused.value.status_code == 402
    assert refused.value.body["error"]["type"] == "billing_error"  # type: ignore[index]


def test_an_upstream_that_breaks_off_ends_in_an_error_event_without_message_stop(
    sdk: anthropic.Anthropic, relay: LiveRelay, upstream: Upstream, claude: str
) -> None:
    error = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    upstream.script(replies.raw_stream(ANTHROPIC_SSE.partition(b"event: message_delta")[0] + error))

    raw = relay.http.post(
        "/v1/messages", headers={"x-api-key": sdk.api_key or ""}, json={"model": claude, "max_tokens": 9, "messages": ASK, "stream": True}
    )

    names = [name for name, _ in events(raw.content)]
    assert names[-1] == "error"
    assert "message_stop" not in names
    billed = lines(relay)[0]
    assert (billed.status, billed.source) == ("partial", "estimated")
    # The input was told exactly; the 33 bytes that were delivered count as 9 tokens.
    assert billed.usage == {"input": 25, "cache_read": 900, "output": 9}


def test_what_cannot_be_passed_on_is_refused_by_name_and_costs_nothing(sdk: anthropic.Anthropic, relay: LiveRelay) -> None:
    tool: Any = {"type": "web_search_20250305", "name": "web_search"}
    with pytest.raises(anthropic.BadRequestError) as refused:
        sdk.messages.create(model="m", max_tokens=10, messages=ASK, tools=[tool])
    assert "tools[0].type" in str(refused.value)
    assert lines(relay) == []


def test_a_channel_that_can_answers_where_another_cannot(
    sdk: anthropic.Anthropic, relay: LiveRelay, upstream: Upstream, claude: str
) -> None:
    channels.add(name="cannot", provider="openai", base_url=upstream.url, key="sk-x", models={"claude": "up-1"}, priority=9)
    upstream.on_model("claude-up", replies.answer(anthropic_message("Found")))
    tool: Any = {"type": "web_search_20250305", "name": "web_search"}
    for _ in range(20):  # until the relay has heard of the new channel
        answer = sdk.messages.create(model=claude, max_tokens=10, messages=ASK, tools=[tool])
    assert answer.content[0].text == "Found"  # type: ignore[union-attr]


def test_without_a_key_the_envelope_is_anthropics(relay: LiveRelay) -> None:
    refused = relay.http.post("/v1/messages", json={})
    assert (refused.status_code, orjson.loads(refused.content)["error"]["type"]) == (401, "authentication_error")


def test_a_limit_the_money_does_not_cover_is_lowered_with_its_budget_of_thoughts(
    sdk: anthropic.Anthropic, upstream: Upstream, claude: str
) -> None:
    upstream.script(replies.answer(anthropic_message("Hi")))
    sdk.messages.create(model=claude, max_tokens=400_000, messages=ASK, timeout=20, thinking={"type": "enabled", "budget_tokens": 300_000})
    sent = upstream.requests[-1].fields
    assert 1024 < sent["max_tokens"] < 100_000
    assert sent["thinking"]["budget_tokens"] == sent["max_tokens"] - 1


def test_sources_of_an_openai_upstream_reach_claudes_client(sdk: anthropic.Anthropic, relay: LiveRelay, upstream: Upstream) -> None:
    note = {"type": "url_citation", "url_citation": {"url": "https://a.test", "title": "A", "start_index": 0, "end_index": 5}}
    end = [replies.event(replies.chunk({"annotations": [note]})), replies.event(replies.chunk({}, "stop")), replies.DONE]
    upstream.script(replies.raw_stream(*replies.words(), *end))
    with sdk.messages.stream(model="m", max_tokens=100, messages=ASK) as stream:
        final = stream.get_final_message()
    [block] = final.content
    assert block.type == "text"
    assert (block.text, [(one.type, getattr(one, "url", "")) for one in block.citations or ()]) == (
        replies.TEXT,
        [("web_search_result_location", "https://a.test")],
    )
