"""The older completions by the official SDK: as they are to models that complete, as a chat to all others."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import PRICE, Caller, lines
from tests.gateway.live import LiveRelay
from tests.gateway.views.conftest import Offer


def completed(*texts: str, usage: Any = replies.USAGE, **choice: Any) -> dict[str, Any]:
    choices = [{"text": text, "index": place, "logprobs": None, "finish_reason": "stop", **choice} for place, text in enumerate(texts)]
    return {"id": "cmpl-up", "object": "text_completion", "created": 1, "model": "up", "choices": choices, "usage": usage}


def test_a_model_that_chats_is_asked_in_a_chat(sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream) -> None:
    answer = sdk.completions.create(model="m", prompt="hello", max_tokens=9, temperature=0.5)

    assert (answer.object, answer.model, answer.choices[0].text, answer.choices[0].finish_reason) == (
        "text_completion", "m", replies.TEXT, "stop"
    )  # fmt: skip
    assert answer.usage is not None
    assert answer.usage.total_tokens == 16
    sent = upstream.requests[0]
    assert (sent.path, sent.fields) == (
        "/v1/chat/completions",
        {"model": "up-1", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 9, "temperature": 0.5},
    )
    assert lines(relay)[0].price == PRICE


def test_a_chat_is_streamed_as_texts_with_its_usage_only_where_asked_for(sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream) -> None:
    asked = list(sdk.completions.create(model="m", prompt="hello", stream=True, stream_options={"include_usage": True}))
    plain = list(sdk.completions.create(model="m", prompt="hello", stream=True))

    assert "".join(chunk.choices[0].text for chunk in asked if chunk.choices) == replies.TEXT
    assert asked[-1].usage is not None
    assert (asked[-1].usage.total_tokens, asked[-1].choices) == (16, [])
    assert [chunk.usage for chunk in plain] == [None] * len(plain)
    assert plain[-1].choices[0].finish_reason == "stop"
    assert [line.price for line in lines(relay)] == [PRICE, PRICE]


def test_a_model_that_completes_gets_the_prompt_as_it_is(offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream) -> None:
    offer("gpt-3.5-turbo-instruct", input=1_500_000, output=2_000_000)
    upstream.script(replies.answer(completed(" world", "!", finish_reason="length")))

    answer = sdk.completions.create(model="gpt-3.5-turbo-instruct", prompt=["Hello", "Bye"], logprobs=1, echo=True)

    assert [(choice.text, choice.finish_reason) for choice in answer.choices] == [(" world", "length"), ("!", "length")]
    sent = upstream.requests[0]
    assert (sent.path, sent.fields) == (
        "/v1/completions", {"model": "up-gpt-3.5-turbo-instruct", "prompt": ["Hello", "Bye"], "logprobs": 1, "echo": True}
    )  # fmt: skip
    assert lines(relay)[0].usage == {"input": 12, "output": 4}


def test_a_stream_of_texts_travels_on(offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream) -> None:
    offer("davinci-002", input=1_500_000, output=2_000_000)
    head = {"id": "cmpl-up", "object": "text_completion", "created": 1, "model": "up"}
    chunks = [{**head, "choices": [{"text": text, "index": 0, "logprobs": None, "finish_reason": None}]} for text in ("Hel", "lo")]
    end = {**head, "choices": [{"text": "", "index": 0, "logprobs": None, "finish_reason": "stop"}]}
    events = [replies.event(one) for one in (*chunks, end, {**head, "choices": [], "usage": replies.USAGE})]
    upstream.script(replies.raw_stream(*events, replies.DONE))

    told = list(sdk.completions.create(model="davinci-002", prompt="x", stream=True))

    assert "".join(chunk.choices[0].text for chunk in told) == "Hello"
    assert told[-1].choices[0].finish_reason == "stop"
    assert {chunk.id for chunk in told} == {told[0].id}
    assert upstream.requests[0].fields["stream_options"] == {"include_usage": True}
    assert (lines(relay)[0].usage, lines(relay)[0].source) == ({"input": 12, "output": 4}, "upstream")


def test_a_stream_of_texts_that_is_cut_is_told(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("davinci-002", input=1_500_000, output=2_000_000)
    chunk = {"id": "c", "object": "text_completion", "choices": [{"text": "Hel", "index": 0, "finish_reason": None}]}
    upstream.script(replies.raw_stream(replies.event(chunk)))

    answer = relay.http.post("/v1/completions", headers=caller.headers, json={"model": "davinci-002", "prompt": "x", "stream": True})

    assert b'"error"' in answer.content
    assert b'"finish_reason":"stop"' not in answer.content
    assert lines(relay)[0].status == "partial"


@pytest.mark.parametrize(
    ("fields", "param"), [({"prompt": ""}, "prompt"), ({"prompt": "x", "n": 0}, "n"), ({"model": 1, "prompt": "x"}, "model")]
)
def test_a_completion_that_cannot_be_one_names_the_field(
    relay: LiveRelay, caller: Caller, upstream: Upstream, fields: dict[str, Any], param: str
) -> None:
    answer = relay.http.post("/v1/completions", headers=caller.headers, json={"model": "m", **fields})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert upstream.requests == []
