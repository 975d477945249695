"""Cohere's protocol: what it cannot say, and Cohere's own SDK against the double, so that the double is believed."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import cohere as sdk
import httpx
import orjson
import pytest

from channels_app import registry
from channels_app.contract import Call, ChannelFacts
from channels_app.faces import Unexpressible
from tests.doubles import cohere, replies

CHANNEL = ChannelFacts(1, "c", 1, "cohere", "", (), {})
ASK: dict[str, Any] = {"model": "command", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture
def up() -> Generator[cohere.Cohere, None, None]:
    with cohere.Cohere() as started:
        yield started


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"n": 2}, "n"), ({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]}, "messages")],
)
def test_what_it_cannot_say_is_named(fields: dict[str, Any], field: str) -> None:
    whole = {**ASK, **fields}
    with pytest.raises(Unexpressible) as refused:
        registry.vendor("cohere").encode(Call("chat", "openai", "command", orjson.dumps(whole), whole), CHANNEL)
    assert refused.value.field == field


def test_coheres_own_client_believes_the_double(up: cohere.Cohere) -> None:
    with httpx.Client() as pool:
        _believes(sdk.ClientV2(cohere.KEY, base_url=up.url, httpx_client=pool))
        with pytest.raises(sdk.UnauthorizedError):
            sdk.ClientV2("wrong", base_url=up.url, httpx_client=pool).chat(**ASK)


def _believes(client: sdk.ClientV2) -> None:
    answer: Any = client.chat(**ASK)
    assert answer.message.content[0].text == replies.TEXT
    assert answer.usage.billed_units.input_tokens == 5
    said: list[Any] = list(client.chat_stream(**ASK))
    assert "".join(event.delta.message.content.text for event in said if event.type == "content-delta") == replies.TEXT
    assert said[-1].type == "message-end"
    ranked = client.rerank(model="rerank", query="q", documents=["a", "b"], top_n=1)
    assert [(one.index, one.relevance_score) for one in ranked.results] == [(0, 1.0)]
    embedded: Any = client.embed(model="embed", texts=["a", "b"], input_type="search_document", embedding_types=["float"])
    assert embedded.embeddings.float_ == [[0.5, 0.0], [0.5, 1.0]]
