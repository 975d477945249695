"""Embeddings in Gemini's form by the official SDK, through a vendor that speaks OpenAI's."""

from __future__ import annotations

from typing import Any

import pytest
from google import genai
from google.genai import types

from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import Caller, lines
from tests.gateway.live import LiveRelay
from tests.gateway.views.conftest import Offer
from tests.gateway.views.test_operations_embeddings import USAGE, VECTOR, vectors

CONTENT: Any = {"content": {"parts": [{"text": "a"}]}}


def test_the_sdk_embeds_texts_in_one_billed_call(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("gemini-embedding-001", input=150_000)
    upstream.script(replies.answer(vectors(VECTOR, VECTOR, usage=USAGE)))

    options = types.HttpOptions(base_url=relay.url, api_version="v1beta")
    with genai.Client(api_key=caller.secret, http_options=options) as sdk:
        config = types.EmbedContentConfig(output_dimensionality=3)
        texts: Any = ["a", "b"]
        answer = sdk.models.embed_content(model="gemini-embedding-001", contents=texts, config=config)

    assert answer.embeddings is not None
    assert [one.values for one in answer.embeddings] == [VECTOR, VECTOR]
    assert upstream.requests[0].fields == {
        "model": "up-gemini-embedding-001", "input": ["a", "b"], "dimensions": 3, "encoding_format": "float"
    }  # fmt: skip
    assert (lines(relay)[0].usage, lines(relay)[0].price) == ({"input": 9}, 2)


def test_one_content_has_one_vector(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("e", input=150_000)
    upstream.script(replies.answer(vectors(VECTOR, usage=USAGE)))

    answer = relay.http.post("/v1/models/e:embedContent", headers=caller.headers, json=CONTENT)

    assert answer.json() == {"embedding": {"values": VECTOR}}
    assert answer.headers["x-keyosk-cost-micros"] == "2"


@pytest.mark.parametrize(
    "body", [{"requests": []}, {}, {"requests": [{"content": {}}]}, {"requests": [CONTENT, {**CONTENT, "outputDimensionality": 3}]}]
)
def test_a_batch_that_cannot_be_one_is_refused(
    offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream, body: dict[str, Any]
) -> None:
    offer("e", input=150_000)

    answer = relay.http.post("/v1beta/models/e:batchEmbedContents", headers=caller.headers, json=body)

    assert answer.status_code == 400
    assert upstream.requests == []
