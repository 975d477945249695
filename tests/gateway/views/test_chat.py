"""The official SDK against a live relay, and the same view behind Django's own handler."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import openai
import orjson
import pytest
from django.test import AsyncClient, override_settings
from mistralai.client import Mistral

from billing import price_book
from channels_app import channels
from gateway.answers import Refusal
from gateway.errors import RelayError
from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import HELLO, Caller, lines
from tests.gateway.live import LiveRelay

MESSAGES: Any = HELLO["messages"]


@pytest.fixture
def sdk(relay: LiveRelay, caller: Caller) -> Generator[openai.OpenAI, None, None]:
    with openai.OpenAI(base_url=relay.url + "/v1", api_key=caller.secret) as client:
        yield client


def test_the_sdk_reads_a_whole_answer(sdk: openai.OpenAI, relay: LiveRelay) -> None:
    answer = sdk.chat.completions.create(model="m", messages=MESSAGES)

    assert answer.choices[0].message.content == replies.TEXT
    assert answer.usage is not None
    assert answer.usage.total_tokens == 16
    assert answer._request_id == str(lines(relay)[0].id)


def test_the_sdk_reads_a_stream(sdk: openai.OpenAI) -> None:
    chunks = list(sdk.chat.completions.create(model="m", messages=MESSAGES, stream=True))

    assert "".join(one.choices[0].delta.content or "" for one in chunks) == replies.TEXT
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert len({one.id for one in chunks}) == 1
    assert all(one.usage is None for one in chunks)


def test_mistrals_client_is_answered_by_mistral(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    price_book.set_price(model="mistral", input=2_500_000, output=10_000_000)
    channels.add(name="mistral", provider="mistral", base_url=upstream.url, key="sk-1", models={"mistral": "mistral-up"})
    with Mistral(api_key=caller.secret, server_url=relay.url) as client:
        whole = client.chat.complete(model="mistral", messages=MESSAGES, random_seed=7)
        stream = list(client.chat.stream(model="mistral", messages=MESSAGES))

    assert whole.choices[0].message is not None
    assert (whole.choices[0].message.content, whole.usage.total_tokens) == (replies.TEXT, 16)
    assert "".join(str(one.data.choices[0].delta.content or "") for one in stream if one.data.choices) == replies.TEXT
    assert [one.fields["model"] for one in upstream.requests] == ["mistral-up"] * 2
    assert (upstream.requests[0].fields["random_seed"], len(lines(relay))) == (7, 2)


def test_the_sdks_stream_helper_sees_text_and_usage(sdk: openai.OpenAI) -> None:
    with sdk.chat.completions.stream(model="m", messages=MESSAGES, stream_options={"include_usage": True}) as stream:
        text = "".join(event.delta for event in stream if event.type == "content.delta")
        final = stream.get_final_completion()

    assert text == final.choices[0].message.content == replies.TEXT
    assert final.usage is not None
    assert (final.usage.prompt_tokens, final.usage.completion_tokens) == (12, 4)


def test_the_sdk_does_not_repeat_what_is_final(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    upstream.script(replies.error(400, "context_length_exceeded", "too long"))
    client = openai.OpenAI(base_url=relay.url + "/v1", api_key=caller.secret, max_retries=3)

    with client, pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="m", messages=MESSAGES)

    assert (caught.value.code, caught.value.request_id is not None) == ("context_length_exceeded", True)
    assert len(upstream.requests) == 1


def test_the_sdk_raises_on_an_error_inside_a_stream(sdk: openai.OpenAI, upstream: Upstream) -> None:
    upstream.script(replies.cut_mid_stream())
    seen: list[str] = []

    with pytest.raises(openai.APIError) as caught:
        seen.extend(
            chunk.choices[0].delta.content or "" for chunk in sdk.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        )

    assert "".join(seen) == "Hello from"
    assert caught.value.code == "upstream_unavailable"


@override_settings(ROOT_URLCONF="gateway.urls", MIDDLEWARE=[])
@pytest.mark.parametrize(
    ("fields", "status"),
    [({}, 200), ({"stream": True}, 200), ({"model": "nobody"}, 404), ({"messages": 1}, 400)],
    ids=["whole", "stream", "404", "400"],
)
def test_the_view_answers_the_same_behind_djangos_own_handler(
    relay: LiveRelay, caller: Caller, fields: dict[str, Any], status: int
) -> None:
    body = orjson.dumps({**HELLO, **fields})
    lean = relay.http.post("/v1/chat/completions", headers=caller.headers, content=body)

    async def ask() -> tuple[int, bytes, str]:
        response = await AsyncClient().post("/v1/chat/completions", body, content_type="application/json", headers=caller.headers)
        streamed: Any = response  # the stubs know no streamed answer
        content = b"".join([part async for part in streamed]) if response.streaming else response.content
        return response.status_code, content, response["content-type"]

    code, content, kind = relay.run(ask())

    assert code == lean.status_code == status
    assert kind == lean.headers["content-type"]
    assert without_ids(content) == without_ids(lean.content)


def without_ids(body: bytes) -> bytes:
    """Drop the line that names the request."""
    return b"\n".join(line for line in body.split(b"\n") if not line.startswith(b": cost_micros="))


def test_a_heartbeat_starts_the_answer_and_a_failure_then_comes_inside_it(
    relay: LiveRelay, caller: Caller, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gotcha 12: the first sign of life decides the status."""
    monkeypatch.setattr("gateway.link.HEARTBEAT_SECONDS", 0.1)
    upstream.script(replies.Reply((0.35, *replies.error(500, "server_error").steps), status=500))
    upstream.script(replies.Reply((0.5, b"{}"), status=500))

    response = relay.http.post("/v1/chat/completions", headers=caller.headers, json={**HELLO, "stream": True})

    assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert response.text.startswith(": keep-alive\n\n")
    assert response.text.endswith(Refusal(RelayError("upstream_unavailable"), dialect="openai").frames().decode())
    assert lines(relay) == []


def test_many_calls_at_once_are_each_billed_once(relay: LiveRelay, caller: Caller) -> None:
    """Gotcha 43: no pool lets only a few through."""

    async def storm() -> list[str | None]:
        async with openai.AsyncOpenAI(base_url=relay.url + "/v1", api_key=caller.secret) as client:
            answers = await asyncio.gather(*(client.chat.completions.create(model="m", messages=MESSAGES) for _ in range(50)))
        return [answer.choices[0].message.content for answer in answers]

    assert asyncio.run(storm()) == [replies.TEXT] * 50
    assert len({line.id for line in lines(relay)}) == 50
