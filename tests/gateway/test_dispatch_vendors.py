"""Calls through a live relay to vendors that speak protocols of their own: the answer, and a bill by the vendor's own count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from billing import price_book
from channels_app import channels
from tests.doubles import azure, bedrock, cohere, google, replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import HELLO, Caller, lines
from tests.gateway.live import LiveRelay

BEDROCK_KEY = f"{bedrock.KEY_ID}|{bedrock.SECRET}|us-east-1"
# double, provider, key, model upstream, tokens in and out as the vendor tells them
VENDORS: dict[str, tuple[type[Upstream], Callable[[Any], str], str, tuple[int, int]]] = {
    "azure": (azure.Azure, lambda up: azure.KEY, "gpt-35-turbo", (12, 4)),
    "bedrock": (bedrock.Bedrock, lambda up: BEDROCK_KEY, "amazon.nova-lite-v1:0", (12, 4)),
    "bedrock claude": (bedrock.Bedrock, lambda up: bedrock.BEARER, "anthropic.claude-x-v1:0", (12, 4)),
    "vertex": (google.Vertex, lambda up: google.account(up.token_uri), "gemini-2.5-flash", (12, 4)),
    "vertex claude": (google.Vertex, lambda up: google.account(up.token_uri), "claude-x", (12, 4)),
    "cohere": (cohere.Cohere, lambda up: cohere.KEY, "command", (5, 3)),
}


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendor_answers_and_is_billed_by_its_own_count(relay: LiveRelay, caller: Caller, name: str) -> None:
    make, key, model, (tokens_in, tokens_out) = VENDORS[name]
    price_book.set_price(model="own", input=2_000_000, output=10_000_000)
    with make() as up:
        address = up.url
        channels.add(name="own", provider=name.split()[0], base_url=address, key=key(up), models={"own": model})
        body = {**HELLO, "model": "own", "max_tokens": 50}

        whole = relay.http.post("/v1/chat/completions", headers=caller.headers, json=body)
        stream = relay.http.post("/v1/chat/completions", headers=caller.headers, json={**body, "stream": True})

    assert whole.status_code == stream.status_code == 200, (whole.text, stream.text)
    assert whole.json()["choices"][0]["message"]["content"] == replies.TEXT
    assert whole.json()["model"] == "own"
    chunks = [orjson.loads(line[6:]) for line in stream.text.splitlines() if line.startswith("data: {")]
    assert "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"]) == replies.TEXT
    price = tokens_in * 2 + tokens_out * 10
    assert [(line.price, line.source, line.upstream_model) for line in lines(relay)] == [(price, "upstream", model)] * 2
    assert all(str(key(up)) not in text for text in (whole.text, stream.text))


def test_claude_clients_reach_claude_on_bedrock_with_their_own_words(relay: LiveRelay, caller: Caller) -> None:
    price_book.set_price(model="own", input=2_000_000, output=10_000_000)
    with bedrock.Bedrock() as up:
        channels.add(name="own", provider="bedrock", base_url=up.url, key=BEDROCK_KEY, models={"own": "anthropic.claude-x-v1:0"})
        body = {"model": "own", "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}], "top_k": 3, "metadata": {"user_id": "u"}}
        headers = {**caller.headers, "anthropic-version": "2023-06-01", "anthropic-beta": "interleaved-thinking-2025-05-14"}
        answer = relay.http.post("/v1/messages", headers=headers, json=body)
        sent = up.requests[-1].fields

    assert answer.status_code == 200, answer.text
    assert answer.json()["content"] == [{"type": "text", "text": replies.TEXT}]
    assert sent == {
        "anthropic_version": "bedrock-2023-05-31",
        "anthropic_beta": ["interleaved-thinking-2025-05-14"],
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "Hi"}],
        "top_k": 3,
        "metadata": {"user_id": "u"},
    }
