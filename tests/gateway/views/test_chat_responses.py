"""The Responses protocol against a live relay: OpenAI's SDK, what Codex sends, what needs an upstream that keeps state."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import openai
import orjson
import pytest

from billing import price_book
from channels_app import channels
from channels_app.dialects.responses.marks import mark_of
from channels_app.models import Channel
from tests.doubles import replies
from tests.doubles.speech import events
from tests.doubles.tongues import TEXT, responses_answer, responses_stream
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import PRICE, Caller, lines
from tests.gateway.live import LiveRelay

# As Codex 0.169 sends it, shortened.
CODEX: dict[str, Any] = {
    "model": "m",
    "input": [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "You are a coding agent."}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"},
    ],
    "tools": [
        {"type": "function", "name": "shell", "parameters": {"type": "object", "properties": {}}, "strict": False},
        {"type": "namespace", "name": "mcp", "tools": []},
        {"type": "web_search"},
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"summary": "auto"},
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "x",
    "client_metadata": {"a": "b"},
    "stream": True,
}


@pytest.fixture
def sdk(relay: LiveRelay, caller: Caller) -> Generator[openai.OpenAI, None, None]:
    with openai.OpenAI(base_url=relay.url + "/v1", api_key=caller.secret, max_retries=0, _strict_response_validation=True) as client:
        yield client


@pytest.fixture
def keeper(relay: LiveRelay, upstream: Upstream) -> str:
    """A model behind a channel that speaks both protocols."""
    price_book.set_price(model="keeper", input=1_000_000, output=4_000_000)
    options = {"protocol": "both"}
    channels.add(name="keeper", provider="openai", base_url=upstream.url, key="sk-1", models={"keeper": "up-k"}, options=options)
    return "keeper"


def test_a_whole_answer_of_a_chat_upstream_satisfies_the_strict_sdk(sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream) -> None:
    answer = sdk.responses.create(model="m", input="hello", instructions="Be brief.", store=False)
    assert (answer.output_text, answer.status, answer.model) == (replies.TEXT, "completed", "m")
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (12, 4)
    assert upstream.requests[-1].path == "/v1/chat/completions"
    assert [one["role"] for one in upstream.requests[-1].fields["messages"]] == ["system", "user"]
    assert [line.price for line in lines(relay)] == [PRICE]


def test_a_stream_of_a_chat_upstream(sdk: openai.OpenAI, relay: LiveRelay) -> None:
    with sdk.responses.stream(model="m", input="hello") as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert text == final.output_text == replies.TEXT
    assert [line.price for line in lines(relay)] == [PRICE]


def test_codex_is_understood_by_a_chat_upstream(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "shell", "arguments": '{"c":1}'}}
    upstream.script(
        replies.raw_stream(
            replies.event(replies.chunk({"tool_calls": [call]})),
            replies.event(replies.chunk({}, "tool_calls")),
            replies.event(replies.usage_chunk()),
            replies.DONE,
        )
    )
    raw = relay.http.post("/v1/responses", headers={**caller.headers, "accept": "text/event-stream"}, json=CODEX)
    told = events(raw.content)
    assert told[-1][0] == "response.completed"
    assert told[-1][1]["response"]["output"] == [
        {
            "type": "function_call",
            "id": told[2][1]["item"]["id"],
            "call_id": "call_1",
            "name": "shell",
            "arguments": '{"c":1}',
            "status": "completed",
        }
    ]
    sent = upstream.requests[-1].fields
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["shell"]
    assert "gAAAA" not in orjson.dumps(sent).decode()
    assert [line.price for line in lines(relay)] == [PRICE]


def test_a_native_answer_keeps_state_upstream_and_its_own_bytes(
    sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream, keeper: str
) -> None:
    upstream.script(replies.answer(responses_answer("text")))
    raw = relay.http.post(
        "/v1/responses",
        headers={"authorization": f"Bearer {sdk.api_key}"},
        json={"model": keeper, "input": "hello", "previous_response_id": "resp_0", "mystery": 1},
    )
    assert (raw.status_code, raw.json()["model"], raw.json()["id"]) == (200, "keeper", f"resp_1.k{mark(keeper)}")
    assert upstream.requests[-1].path == "/v1/responses"
    assert upstream.requests[-1].fields == {"model": "up-k", "input": "hello", "previous_response_id": "resp_0", "mystery": 1}
    assert [line.price for line in lines(relay)] == [48]


def test_a_native_stream_is_billed_by_its_terminal_event(sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream, keeper: str) -> None:
    upstream.script(replies.raw_stream(responses_stream("text")))
    raw = relay.http.post(
        "/v1/responses", headers={"authorization": f"Bearer {sdk.api_key}"}, json={"model": keeper, "input": "hello", "stream": True}
    )
    shown = [block for block in raw.content.split(b"\n\n") if not block.startswith(b": cost_micros=")]
    expected = responses_stream("text").replace(b'"model":"up"', b'"model":"keeper"')
    assert b"\n\n".join(shown) == expected.replace(b'"resp_1"', f'"resp_1.k{mark(keeper)}"'.encode())
    assert raw.content.split(b"\n\n")[-3].startswith(b": cost_micros=48")
    assert [line.price for line in lines(relay)] == [48]


def mark(name: str) -> str:
    return mark_of(Channel.objects.get(name=name).pk)


def test_only_the_channel_that_keeps_a_response_goes_on_from_it(relay: LiveRelay, caller: Caller, upstream: Upstream, keeper: str) -> None:
    options = {"protocol": "both"}
    channels.add(name="other", provider="openai", base_url=upstream.url, key="sk-2", models={"keeper": "up-2"}, priority=9, options=options)
    upstream.on_model("up-k", replies.answer(responses_answer("text")))
    upstream.on_model("up-2", replies.answer(responses_answer("text")))
    body = {"model": keeper, "input": "and now?", "previous_response_id": f"resp_1.k{mark(keeper)}"}
    for _ in range(20):  # until the relay has heard of the other channel
        assert relay.http.post("/v1/responses", headers=caller.headers, json=body).status_code == 200
        sent = upstream.requests[-1].fields
        assert (sent["model"], sent["previous_response_id"]) == ("up-k", "resp_1")
    gone = relay.http.post("/v1/responses", headers=caller.headers, json={**body, "previous_response_id": "resp_1.k0123456789"})
    assert (gone.status_code, gone.json()["error"]["param"]) == (400, "previous_response_id")


@pytest.mark.parametrize("field", ["previous_response_id", "conversation", "background"])
def test_state_that_no_channel_keeps_is_a_clear_400(sdk: openai.OpenAI, relay: LiveRelay, field: str) -> None:
    value: Any = True if field == "background" else "resp_0"
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.responses.create(model="m", input="hello", extra_body={field: value})
    assert refused.value.param == field
    assert lines(relay) == []


def test_an_incomplete_response_is_billed_by_its_usage(relay: LiveRelay, caller: Caller, upstream: Upstream, keeper: str) -> None:
    """Gotcha 30: incomplete is not free."""
    whole = {**orjson.loads(responses_answer("text")), "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    upstream.script(replies.answer(whole))
    raw = relay.http.post("/v1/responses", headers=caller.headers, json={"model": keeper, "input": "hello"})
    assert raw.json()["status"] == "incomplete"
    assert [line.price for line in lines(relay)] == [48]


def test_a_chat_client_may_call_an_upstream_of_responses_alone(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    price_book.set_price(model="only", input=1_000_000, output=4_000_000)
    options = {"protocol": "responses"}
    channels.add(name="only", provider="openai", base_url=upstream.url, key="sk-1", models={"only": "up-o"}, options=options)
    upstream.script(replies.answer(responses_answer("text")))
    body = {"model": "only", "messages": [{"role": "user", "content": "hello"}]}
    answer = relay.http.post("/v1/chat/completions", headers=caller.headers, json=body).json()
    assert answer["choices"][0]["message"]["content"] == TEXT
    assert upstream.requests[-1].fields["store"] is False
    assert [line.price for line in lines(relay)] == [48]


@pytest.mark.parametrize("path", ["/v1/responses/resp_1", "/v1/files", "/v1/batches", "/v1/realtime", "/v1beta/cachedContents"])
def test_what_is_not_offered_yet_says_so(relay: LiveRelay, caller: Caller, path: str) -> None:
    refused = relay.http.get(path, headers=caller.headers)
    assert refused.status_code == 501
    assert "not offered here yet" in refused.json()["error"]["message"]
