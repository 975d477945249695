"""Counting tokens by the official SDKs: free of charge, by the vendor of Claude or at once and without any channel."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest
from google import genai
from google.genai import types

from accounts import keys
from channels_app import channels
from tests.doubles import google, replies
from tests.doubles.replies import Reply
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import Caller, lines
from tests.gateway.live import LiveRelay

TEXT = "The quick brown fox jumps over the lazy dog."  # 10 tokens
COUNT = "/v1/messages/count_tokens"


def test_claudes_clients_count_before_they_ask(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    with anthropic.Anthropic(base_url=relay.url, api_key=caller.secret, max_retries=0) as sdk:
        counted = sdk.messages.count_tokens(model="claude-opus-4-8", system=TEXT, messages=[{"role": "user", "content": TEXT}])

    assert counted.input_tokens == 10 + 10 + 3 * 3
    assert upstream.requests == []
    assert lines(relay) == []


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_geminis_count_is_never_executed_as_a_generation(relay: LiveRelay, caller: Caller, upstream: Upstream, version: str) -> None:
    """Gotcha 32: a count is free."""
    options = types.HttpOptions(base_url=relay.url, api_version=version)
    with genai.Client(api_key=caller.secret, http_options=options) as sdk:
        counted = sdk.models.count_tokens(model="gemini-3-pro", contents=TEXT)

    assert counted.total_tokens == 10 + 3 + 3
    assert upstream.requests == []
    assert lines(relay) == []


def test_a_count_may_hold_the_whole_request(relay: LiveRelay, caller: Caller) -> None:
    inner = {"model": "models/m", "contents": [{"role": "user", "parts": [{"text": TEXT}]}]}

    answer = relay.http.post("/v1beta/models/m:countTokens", headers=caller.headers, json={"generateContentRequest": inner})

    assert answer.json() == {"totalTokens": 16}


def test_refusals_speak_the_clients_protocol(relay: LiveRelay, caller: Caller) -> None:
    narrow = keys.issue(membership=caller.membership, name="narrow", models=["other"]).secret

    claude = relay.http.post("/v1/messages/count_tokens", headers={"x-api-key": narrow}, json={"model": "m", "messages": []})
    nameless = relay.http.post("/v1/messages/count_tokens", headers=caller.headers, json={"messages": []})

    assert (claude.status_code, claude.json()["type"], claude.json()["error"]["type"]) == (403, "error", "permission_error")
    assert (nameless.status_code, nameless.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_vendor_of_claude_counts_its_own_messages_free_of_charge(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    channels.add(name="claude", provider="anthropic", base_url=upstream.url, key="sk-ant-secret", models={"claude-x": "claude-up"})
    upstream.on_path("/count_tokens", replies.answer({"input_tokens": 4321}))
    with anthropic.Anthropic(base_url=relay.url, api_key=caller.secret, max_retries=0) as sdk:
        counted = sdk.beta.messages.count_tokens(model="claude-x", betas=["b-1"], messages=[{"role": "user", "content": TEXT}])

    (asked,) = upstream.requests
    assert counted.input_tokens == 4321
    assert (asked.path, asked.headers["x-api-key"], asked.headers["anthropic-version"]) == (COUNT, "sk-ant-secret", "2026-10-21")
    assert "b-1" in asked.headers["anthropic-beta"]
    assert asked.fields == {"model": "claude-up", "messages": [{"role": "user", "content": TEXT}]}
    assert lines(relay) == []


@pytest.mark.parametrize(
    "reply",
    [
        replies.error(401, "authentication_error"),
        replies.error(529, "overloaded_error"),
        replies.answer(b"<html>"),
        replies.answer({"input_tokens": "many"}),
        replies.answer({"input_tokens": -1}),
        replies.close_before_head(),
    ],
)
def test_what_the_vendor_fails_to_count_is_counted_here(relay: LiveRelay, caller: Caller, upstream: Upstream, reply: Reply) -> None:
    channels.add(name="claude", provider="anthropic", base_url=upstream.url, key="sk-ant-secret", models={"claude-x": "claude-up"})
    upstream.on_path("/count_tokens", reply)
    asked = {"model": "claude-x", "messages": [{"role": "user", "content": TEXT}]}

    answers = [relay.http.post(COUNT, headers=caller.headers, json=asked) for _ in range(7)]

    assert [answer.json() for answer in answers] == [{"input_tokens": 10 + 3 + 3}] * 7
    assert [one.path for one in upstream.requests] == [COUNT] * 7  # the channel is asked each time: its circuits heard of nothing
    assert (relay.state.standing.board.tripped, sum(relay.state.standing.tallies.values()), lines(relay)) == ({}, 0, [])


def test_a_model_that_no_vendor_of_claude_serves_is_counted_here(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    answer = relay.http.post(COUNT, headers=caller.headers, json={"model": "m", "messages": [{"role": "user", "content": TEXT}]})

    assert (answer.json(), upstream.requests) == ({"input_tokens": 16}, [])


CONTENTS = [{"role": "user", "parts": [{"text": TEXT}]}]
ASKED = {"contents": CONTENTS, "systemInstruction": {"parts": [{"text": "Be kind"}]}}


@pytest.mark.parametrize(
    ("sent", "passed_on"),
    [
        ({"contents": CONTENTS}, {"contents": CONTENTS}),
        ({"generateContentRequest": {"model": "models/g", **ASKED}}, {"generateContentRequest": {"model": "models/gemini-up", **ASKED}}),
        (ASKED, {"generateContentRequest": {"model": "models/gemini-up", **ASKED}}),
    ],
)
def test_google_counts_what_is_said_in_its_protocol(
    relay: LiveRelay, caller: Caller, upstream: Upstream, sent: dict[str, Any], passed_on: dict[str, Any]
) -> None:
    base = upstream.url.removesuffix("/v1") + "/v1beta"
    channels.add(name="g", provider="gemini", base_url=base, key="AIza-secret", models={"g": "gemini-up"})
    upstream.on_path(
        ":countTokens", replies.answer({"totalTokens": 4321, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 4321}]})
    )

    answer = relay.http.post("/v1beta/models/g:countTokens", headers=caller.headers, json=sent)

    (asked,) = upstream.requests
    assert (answer.json(), lines(relay)) == ({"totalTokens": 4321}, [])
    assert (asked.path, asked.headers["x-goog-api-key"]) == ("/v1beta/models/gemini-up:countTokens", "AIza-secret")
    assert asked.fields == passed_on


@pytest.mark.parametrize("reply", [google.error(400, "INVALID_ARGUMENT", "API key not valid."), replies.close_before_head()])
def test_what_google_fails_to_count_is_counted_here(relay: LiveRelay, caller: Caller, upstream: Upstream, reply: Reply) -> None:
    channels.add(name="g", provider="gemini", base_url=upstream.url, key="AIza-secret", models={"g": "gemini-up"})
    upstream.on_path(":countTokens", reply)
    answer = relay.http.post("/v1beta/models/g:countTokens", headers=caller.headers, json={"contents": CONTENTS})
    assert (answer.json(), len(upstream.requests)) == ({"totalTokens": 16}, 1)
    assert (relay.state.standing.board.tripped, lines(relay)) == ({}, [])


def test_vertex_counts_gemini_and_claude_by_its_service_account(relay: LiveRelay, caller: Caller) -> None:
    with google.Vertex() as vertex:
        models = {"g": "gemini-2.5-flash", "c": "claude-x"}
        channels.add(name="v", provider="vertex", base_url=vertex.url, key=google.account(vertex.token_uri), models=models)
        vertex.script(replies.answer({"totalTokens": 7, "totalBillableCharacters": 30}), replies.answer({"input_tokens": 8}))
        counted = relay.http.post("/v1/models/g:countTokens", headers=caller.headers, json=ASKED)
        claude = {"model": "c", "messages": [{"role": "user", "content": TEXT}]}
        message = relay.http.post(COUNT, headers=caller.headers | {"anthropic-version": "2023-06-01"}, json=claude)
        _, gemini, anthropic_s = vertex.requests
    assert (counted.json(), message.json()) == ({"totalTokens": 7}, {"input_tokens": 8})
    place = f"/v1/projects/{google.PROJECT}/locations/global/publishers"
    assert (gemini.path, gemini.fields) == (f"{place}/google/models/gemini-2.5-flash:countTokens", ASKED)
    assert anthropic_s.path == f"{place}/anthropic/models/count-tokens:rawPredict"
    assert anthropic_s.fields == {**claude, "model": "claude-x", "anthropic_version": "vertex-2023-10-16"}
