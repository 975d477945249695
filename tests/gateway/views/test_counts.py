"""Counting tokens by the official SDKs: at once, free of charge, and without any channel."""

from __future__ import annotations

import anthropic
import pytest
from google import genai
from google.genai import types

from accounts import keys
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import Caller, lines
from tests.gateway.live import LiveRelay

TEXT = "The quick brown fox jumps over the lazy dog."  # 10 tokens


def test_claudes_clients_count_before_they_ask(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    with anthropic.Anthropic(base_url=relay.url, api_key=caller.secret, max_retries=0) as sdk:
        counted = sdk.messages.count_tokens(model="claude-opus-4-8", system=TEXT, messages=[{"role": "user", "content": TEXT}])

    assert counted.input_tokens == 10 + 10 + 3 * 3
    assert upstream.requests == []
    assert lines(relay) == []


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_geminis_count_is_never_executed_as_a_generation(relay: LiveRelay, caller: Caller, upstream: Upstream, version: str) -> None:
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
