"""Vertex AI by the real transport: the assertion is signed, exchanged once for all calls, and the project comes from the JSON."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import orjson
import pytest

from channels_app import bridge
from channels_app.contract import Call, ChannelFacts, ChannelKey, Secret
from channels_app.provider import TokenRefused
from channels_app.providers import vertex
from tests.channels_app import talk
from tests.doubles import google, replies


@pytest.fixture
def up() -> Generator[google.Vertex, None, None]:
    with google.Vertex() as started:
        yield started


def facts(up: google.Vertex, key: str = "", **options: Any) -> ChannelFacts:
    return talk.channel("vertex", up.url, key or google.account(up.token_uri), **options)


@pytest.mark.parametrize("is_stream", [False, True])
def test_gemini_answers_by_a_service_account(up: google.Vertex, is_stream: bool) -> None:
    said = talk.ask(facts(up, region="us-east5"), "gemini-2.5-flash", stream=is_stream)
    assert (said.text, said.reason) == (replies.TEXT, "stop")
    assert said.usage is not None
    assert (said.usage.input, said.usage.output) == (12, 4)
    asked = up.requests[-1]
    method = "streamGenerateContent?alt=sse" if is_stream else "generateContent"
    assert asked.path == f"/v1/projects/{google.PROJECT}/locations/us-east5/publishers/google/models/gemini-2.5-flash:{method}"
    assert asked.headers["authorization"] == f"Bearer {google.TOKEN}"


def test_models_of_others_answer_at_the_compatible_address(up: google.Vertex) -> None:
    assert talk.ask(facts(up), "meta/llama-4", stream=True).text == replies.TEXT
    assert up.requests[-1].path == f"/v1/projects/{google.PROJECT}/locations/global/endpoints/openapi/chat/completions"


def test_turns_of_a_gemini_client_get_the_role_that_vertex_demands(up: google.Vertex) -> None:
    fields = {"contents": [{"parts": [{"text": "Hi"}]}, {"role": "model", "parts": []}]}
    made = Call("chat", "gemini", "gemini-x", orjson.dumps(fields), fields)
    request = bridge.request(made, facts(up), ChannelKey(1, Secret(google.account(up.token_uri))), token=Secret("t"))
    assert [turn["role"] for turn in orjson.loads(request.body)["contents"]] == ["user", "model"]


@pytest.mark.parametrize("is_stream", [False, True])
def test_claude_answers_in_anthropics_protocol(up: google.Vertex, is_stream: bool) -> None:
    said = talk.ask(facts(up, region="global", regions="claude-*=us-east5"), "claude-x@20260101", stream=is_stream)
    assert (said.text, said.reason) == (replies.TEXT, "stop")
    assert said.usage is not None
    assert (said.usage.input, said.usage.output) == (12, 4)
    method = "streamRawPredict" if is_stream else "rawPredict"
    place = f"/v1/projects/{google.PROJECT}/locations/us-east5/publishers/anthropic/models"
    assert up.requests[-1].path == f"{place}/claude-x@20260101:{method}"


def test_a_revoked_key_is_known_as_such(up: google.Vertex) -> None:
    up.token_reply = replies.answer({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, status=400)
    said = talk.ask(facts(up), "gemini-2.5-flash")
    assert said.failure is not None
    assert (said.kind, said.failure.message) == ("bad_key", "Invalid JWT Signature.")
    assert [request.path for request in up.requests] == ["/token"]


def test_a_token_address_that_is_down_is_no_fault_of_the_key(up: google.Vertex) -> None:
    up.token_reply = replies.answer(b"<html>busy</html>", status=503)
    assert talk.ask(facts(up), "gemini-2.5-flash").kind == "upstream"


@pytest.mark.parametrize(
    "change", [{"private_key": "-----BEGIN PRIVATE KEY-----\nSECRETBYTES\n-----END PRIVATE KEY-----\n"}, {"type": "user"}]
)
def test_a_key_that_is_none_is_refused_without_quoting_it(up: google.Vertex, change: dict[str, str]) -> None:
    account = json.dumps(json.loads(google.account(up.token_uri)) | change)
    said = talk.ask(facts(up, account), "gemini-2.5-flash")
    assert said.failure is not None
    assert said.kind == "bad_key"
    assert "SECRETBYTES" not in said.failure.message
    assert up.requests == []


@pytest.mark.parametrize("text", ["AIza-no-json", "[1]", "{}"])
def test_other_texts_are_no_service_account(text: str) -> None:
    with pytest.raises(TokenRefused):
        vertex.service_account(ChannelKey(1, Secret(text)))


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("global", "https://aiplatform.googleapis.com"),
        ("us", "https://aiplatform.us.rep.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
        ("us-east5", "https://us-east5-aiplatform.googleapis.com"),
    ],
)
def test_each_region_has_its_host(region: str, host: str) -> None:
    """Gotcha 35: `global-aiplatform.googleapis.com` does not exist."""
    assert vertex.host_of(region) == host
