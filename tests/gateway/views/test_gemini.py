"""Google's official SDK against a live relay, and the forms its streams take."""

from __future__ import annotations

from collections.abc import Generator

import orjson
import pytest
from google import genai
from google.genai import errors as google_errors
from google.genai import types

from billing import price_book
from channels_app import channels
from tests.doubles import replies
from tests.doubles.tongues import TEXT, gemini_answer, gemini_stream
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import PRICE, Caller, lines
from tests.gateway.live import LiveRelay

ASK = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}


@pytest.fixture
def sdk(relay: LiveRelay, caller: Caller) -> Generator[genai.Client, None, None]:
    client = genai.Client(api_key=caller.secret, http_options=types.HttpOptions(base_url=relay.url))
    yield client
    client.close()


@pytest.fixture
def flash(relay: LiveRelay, upstream: Upstream) -> str:
    """A model behind a channel that speaks Gemini's protocol."""
    price_book.set_price(model="flash", input=1_000_000, output=4_000_000)
    channels.add(name="flash", provider="gemini", base_url=upstream.url, key="AIza-1", models={"flash": "gemini-up"})
    return "flash"


def test_a_whole_answer_of_an_openai_upstream(sdk: genai.Client, relay: LiveRelay) -> None:
    answer = sdk.models.generate_content(model="m", contents="hello")
    assert (answer.text, answer.model_version) == (replies.TEXT, "m")
    assert answer.usage_metadata is not None
    assert (answer.usage_metadata.prompt_token_count, answer.usage_metadata.candidates_token_count) == (12, 4)
    assert [line.price for line in lines(relay)] == [PRICE]


def test_a_stream_of_an_openai_upstream(sdk: genai.Client, relay: LiveRelay) -> None:
    chunks = list(sdk.models.generate_content_stream(model="m", contents="hello"))
    assert "".join(chunk.text or "" for chunk in chunks) == replies.TEXT
    assert chunks[-1].candidates is not None
    assert chunks[-1].candidates[0].finish_reason is types.FinishReason.STOP
    assert [line.price for line in lines(relay)] == [PRICE]


def test_a_native_answer_goes_there_and_back_and_is_billed(sdk: genai.Client, relay: LiveRelay, upstream: Upstream, flash: str) -> None:
    upstream.script(replies.answer(gemini_answer("text")))
    answer = sdk.models.generate_content(model=flash, contents="hello", config=types.GenerateContentConfig(temperature=0.5))
    sent = upstream.requests[-1]
    assert sent.path == "/v1/models/gemini-up:generateContent"
    assert sent.headers["x-goog-api-key"] == "AIza-1"
    assert sent.fields["generationConfig"] == {"temperature": 0.5}
    assert (answer.text, answer.model_version) == (TEXT, "flash")
    assert lines(relay)[0].usage == {"input": 20, "output": 7}
    assert lines(relay)[0].price == 20 + 28


def test_a_native_stream_is_asked_for_as_events_and_billed_once(
    sdk: genai.Client, relay: LiveRelay, upstream: Upstream, flash: str
) -> None:
    upstream.script(replies.raw_stream(gemini_stream("text")))
    assert "".join(chunk.text or "" for chunk in sdk.models.generate_content_stream(model=flash, contents="hello")) == TEXT
    assert upstream.requests[-1].path == "/v1/models/gemini-up:streamGenerateContent?alt=sse"
    assert [line.price for line in lines(relay)] == [48]


@pytest.mark.parametrize("model", ["m", "flash"])
def test_without_alt_a_stream_is_one_array(relay: LiveRelay, caller: Caller, upstream: Upstream, flash: str, model: str) -> None:
    if model == "flash":
        upstream.script(replies.raw_stream(gemini_stream("text")))
    raw = relay.http.post(f"/v1beta/models/{model}:streamGenerateContent?key={caller.secret}", json=ASK)
    assert raw.headers["content-type"] == "application/json"
    chunks = orjson.loads(raw.content)
    text = "".join(part.get("text", "") for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"])
    assert text == (TEXT if model == "flash" else replies.TEXT)
    assert len(lines(relay)) == 1


def test_an_array_that_breaks_off_is_still_json(relay: LiveRelay, caller: Caller, upstream: Upstream, flash: str) -> None:
    upstream.script(replies.raw_stream(gemini_stream("text").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"))
    raw = relay.http.post(f"/v1beta/models/{flash}:streamGenerateContent", headers={"x-goog-api-key": caller.secret}, json=ASK)
    chunks = orjson.loads(raw.content)
    assert chunks[-1]["error"]["status"] == "UNAVAILABLE"
    assert [line.status for line in lines(relay)] == ["partial"]


def test_refusals_are_told_in_googles_words(sdk: genai.Client, relay: LiveRelay) -> None:
    with pytest.raises(google_errors.ClientError) as missing:
        sdk.models.generate_content(model="nobody", contents="hello")
    assert (missing.value.code, missing.value.status) == (404, "NOT_FOUND")
    refused = relay.http.post("/v1beta/models/m:generateContent", json=ASK)
    assert (refused.status_code, refused.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_tools_that_run_at_google_only_are_refused_by_name(sdk: genai.Client, relay: LiveRelay) -> None:
    config = types.GenerateContentConfig(tools=[types.Tool(google_search=types.GoogleSearch())])
    with pytest.raises(google_errors.ClientError) as refused:
        sdk.models.generate_content(model="m", contents="hello", config=config)
    assert "tools[0].googleSearch" in str(refused.value)
    assert lines(relay) == []


def test_a_limit_the_money_does_not_cover_is_lowered(relay: LiveRelay, caller: Caller, upstream: Upstream, flash: str) -> None:
    upstream.script(replies.answer(gemini_answer("text")))
    body = {**ASK, "generation_config": {"max_output_tokens": 900_000}}
    assert relay.http.post(f"/v1beta/models/{flash}:generateContent", headers=caller.headers, json=body).status_code == 200
    assert 1_000 < upstream.requests[-1].fields["generation_config"]["max_output_tokens"] < 300_000


def test_a_picture_inside_the_own_network_is_not_fetched_for_anybody(
    relay: LiveRelay, caller: Caller, upstream: Upstream, flash: str
) -> None:
    parts = [{"type": "image_url", "image_url": {"url": f"http://127.0.0.1:{upstream.port}/a.png"}}]
    body = {"model": flash, "messages": [{"role": "user", "content": parts}]}
    refused = relay.http.post("/v1/chat/completions", headers=caller.headers, json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_image_url")
    assert upstream.requests == []
    assert lines(relay) == []
