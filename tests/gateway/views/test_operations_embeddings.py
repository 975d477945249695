"""Embeddings, moderations and rerank by the official SDK and by hand, billed to the micro-dollar."""

from __future__ import annotations

import base64
import struct
from typing import Any

import cohere
import httpx
import openai
import orjson
import pytest

from gateway.flusher import Flusher
from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import Caller, lines
from tests.gateway.live import LiveRelay
from tests.gateway.views.conftest import Offer

VECTOR = [0.5, -1.0, 0.25]
PACKED = base64.b64encode(struct.pack("<3f", *VECTOR)).decode()


def vectors(*embeddings: Any, usage: dict[str, int] | None = None, **row: Any) -> dict[str, Any]:
    data = [{"object": "embedding", "index": place, "embedding": one, **row} for place, one in enumerate(embeddings)]
    return {"object": "list", "model": "up", "data": data, **({"usage": usage} if usage else {})}


USAGE = {"prompt_tokens": 9, "total_tokens": 9}


def test_the_sdk_asks_for_base64_by_itself_and_reads_numbers(
    offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream
) -> None:
    offer("embed", input=20_000)
    upstream.script(replies.answer(vectors(PACKED, PACKED, usage=USAGE)))

    answer = sdk.embeddings.create(model="embed", input=["a", "b"], dimensions=3)

    assert [row.embedding for row in answer.data] == [VECTOR, VECTOR]
    assert [row.index for row in answer.data] == [0, 1]
    assert (answer.model, answer.usage.prompt_tokens) == ("embed", 9)
    sent = upstream.requests[0]
    assert (sent.path, sent.fields) == (
        "/v1/embeddings",
        {"model": "up-embed", "input": ["a", "b"], "dimensions": 3, "encoding_format": "base64"},
    )
    line = lines(relay)[0]
    assert (line.usage, line.source, line.price, line.model, line.upstream_model) == ({"input": 9}, "upstream", 1, "embed", "up-embed")
    assert line.numerator == "180000"  # 9 × $0.02 a million, rounded up once


def test_a_vendor_that_ignores_base64_is_translated(offer: Offer, sdk: openai.OpenAI, upstream: Upstream) -> None:
    offer("embed", input=20_000)
    upstream.script(replies.answer(vectors(VECTOR, usage=USAGE)))

    assert sdk.embeddings.create(model="embed", input="a").data[0].embedding == VECTOR


def test_numbers_are_numbers_even_where_the_vendor_sends_base64(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("embed", input=20_000)
    upstream.script(replies.answer(vectors(PACKED, usage=USAGE)))

    answer = relay.http.post("/v1/embeddings", headers=caller.headers, json={"model": "embed", "input": "a"})

    assert answer.json()["data"][0]["embedding"] == VECTOR
    assert answer.headers["x-keyosk-cost-micros"] == "1"


def test_the_place_is_the_index_where_a_vendor_writes_0_everywhere(
    offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream
) -> None:
    offer("embed", input=20_000)
    upstream.script(replies.answer(vectors([1.0], [2.0], usage=USAGE, index=0)))

    answer = relay.http.post("/v1/embeddings", headers=caller.headers, json={"model": "embed", "input": ["a", "b"]})

    assert [(row["index"], row["embedding"]) for row in answer.json()["data"]] == [(0, [1.0]), (1, [2.0])]


@pytest.mark.parametrize(
    ("given", "tokens"), [("Hello world", 2), ([9906, 1917], 2), ([[9906], [1917, 1917]], 3), (["Hello", " world"], 2)]
)
def test_a_silent_vendors_tokens_are_counted_and_told(
    offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream, given: Any, tokens: int
) -> None:
    offer("text-embedding-3-small", input=20_000)
    upstream.script(replies.answer(vectors(VECTOR)))

    answer = relay.http.post("/v1/embeddings", headers=caller.headers, json={"model": "text-embedding-3-small", "input": given})

    assert answer.json()["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}
    assert upstream.requests[0].fields["input"] == given
    assert (lines(relay)[0].usage, lines(relay)[0].source) == ({"input": tokens}, "counted")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": [1, "a"]}, "input"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": "a", "encoding_format": "int8"}, "encoding_format"),
        ({"input": "a", "model": 7}, "model"),
    ],
)
def test_a_request_that_cannot_be_one_names_the_field_and_moves_no_money(
    offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream, fields: dict[str, Any], param: str
) -> None:
    offer("embed", input=20_000)

    answer = relay.http.post("/v1/embeddings", headers=caller.headers, json={"model": "embed", **fields})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert upstream.requests == []
    assert lines(relay) == []


@pytest.mark.parametrize(
    "reply",
    [
        replies.error(500, "server_error"),
        replies.error_in_200(),
        replies.html(200),
        replies.answer({"object": "list", "data": []}),
        replies.answer(b"[]"),
        replies.garbage(),
    ],
)
def test_a_vendor_that_fails_costs_nothing(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream, reply: Any) -> None:
    offer("embed", input=20_000)
    upstream.on_model("up-embed", reply)

    answer = relay.http.post("/v1/embeddings", headers=caller.headers, json={"model": "embed", "input": "a"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_unavailable")
    assert lines(relay) == []


def test_azures_addresses_name_the_model(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("embed", input=20_000)
    upstream.script(replies.answer(vectors(PACKED, usage=USAGE)), replies.answer(vectors(PACKED, usage=USAGE)))

    with openai.AzureOpenAI(azure_endpoint=relay.url, api_key=caller.secret, api_version="2024-10-21", max_retries=0) as azure:
        assert azure.embeddings.create(model="embed", input="a").data[0].embedding == VECTOR
    assert relay.http.post("/openai/v1/embeddings", headers=caller.headers, json={"model": "embed", "input": "a"}).status_code == 200
    assert upstream.requests[0].fields["model"] == "up-embed"


def test_a_receipt_shows_the_arithmetic_of_an_embedding(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("embed", input=20_000)
    upstream.script(replies.answer(vectors(VECTOR, usage=USAGE)))
    answer = relay.http.post("/v1/embeddings", headers=caller.headers, json={"model": "embed", "input": "a"})
    flusher = Flusher(relay.state.spool.folder.parent, keep_seconds=3600)
    while flusher.turn():
        pass

    told = relay.http.get(f"/v1/receipts/{answer.headers['x-request-id']}", headers=caller.headers).json()

    assert told["items"] == [{"name": "input", "count": 9, "price_micros_per_million": 20_000, "product": "180000"}]


def test_moderations_are_free_even_with_an_empty_wallet_and_without_a_price(
    offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream
) -> None:
    offer("omni-moderation-latest")
    result = {"flagged": False, "categories": {}, "category_scores": {}, "category_applied_input_types": {}}
    upstream.script(replies.answer({"id": "modr-1", "model": "up", "results": [result]}))

    answer = sdk.moderations.create(input="hello")

    assert (answer.model, answer.results[0].flagged) == ("omni-moderation-latest", False)
    assert upstream.requests[0].fields == {"input": "hello", "model": "up-omni-moderation-latest"}
    assert (lines(relay)[0].price, lines(relay)[0].usage, lines(relay)[0].unpriced) == (0, {}, [])


def ranked(**others: Any) -> dict[str, Any]:
    return {"id": "r", "results": [{"index": 1, "relevance_score": 0.2}, {"index": 0, "relevance_score": 0.9}], **others}


ASKED = {"model": "rank", "query": "q", "documents": ["a", {"text": "b"}], "top_n": 2}


@pytest.mark.parametrize("path", ["/v1/rerank", "/rerank"])
def test_rerank_is_billed_by_the_search(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream, path: str) -> None:
    offer("rank", units={"searches": 2_000_000_000})
    upstream.script(replies.answer(ranked(meta={"billed_units": {"search_units": 1}})))

    answer = relay.http.post(path, headers=caller.headers, json=ASKED)

    assert [(row["index"], row["relevance_score"]) for row in answer.json()["results"]] == [(0, 0.9), (1, 0.2)]
    assert upstream.requests[0].path == "/v1/rerank"
    assert upstream.requests[0].fields == {**ASKED, "model": "up-rank"}
    assert (lines(relay)[0].usage, lines(relay)[0].price) == ({"searches": 1}, 2_000)


def test_coheres_own_client_ranks_through_the_relay(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("rank", units={"searches": 2_000_000_000})
    upstream.script(replies.answer(ranked(meta={"billed_units": {"search_units": 1}})))
    with httpx.Client(trust_env=False) as http:
        client = cohere.ClientV2(api_key=caller.secret, base_url=relay.url, httpx_client=http)
        answer = client.rerank(model="rank", query="q", documents=["a", "b"], top_n=2)
        with pytest.raises(cohere.NotFoundError, match="nobody"):
            client.rerank(model="nobody", query="q", documents=["a"])

    assert [(row.index, row.relevance_score) for row in answer.results] == [(0, 0.9), (1, 0.2)]
    assert upstream.requests[0].fields == {"model": "up-rank", "query": "q", "documents": ["a", "b"], "top_n": 2}
    assert lines(relay)[0].price == 2_000


def test_rerank_is_billed_by_tokens_where_searches_have_no_price(
    offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream
) -> None:
    offer("rank", input=50_000)
    upstream.script(replies.answer(ranked(usage={"total_tokens": 400, "prompt_tokens": 400})))

    relay.http.post("/v1/rerank", headers=caller.headers, json=ASKED)

    assert (lines(relay)[0].usage, lines(relay)[0].price, lines(relay)[0].unpriced) == ({"input": 400}, 20, [])


def test_a_silent_reranker_is_one_search_for_each_hundred_documents(
    offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream
) -> None:
    offer("rank", units={"searches": 1_000_000_000})
    upstream.script(replies.answer({"data": [{"index": 0, "score": 1}]}))

    answer = relay.http.post("/v1/rerank", headers=caller.headers, json={**ASKED, "documents": ["a"] * 101, "return_documents": True})

    assert answer.json()["results"] == [{"index": 0, "document": {"text": "a"}, "relevance_score": 1}]
    assert (lines(relay)[0].usage, lines(relay)[0].source) == ({"searches": 2}, "counted")


def test_what_nobody_has_priced_is_refused(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("rank", units={"seconds": 1_000_000})

    answer = relay.http.post("/v1/rerank", headers=caller.headers, json=ASKED)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert upstream.requests == []


def test_a_call_beyond_the_balance_is_refused_before_it_is_made(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("rank", units={"searches": 2_000_000_000_000})

    answer = relay.http.post("/v1/rerank", headers=caller.headers, json=ASKED)

    assert (answer.status_code, answer.json()["error"]["code"], answer.headers["x-should-retry"]) == (429, "insufficient_quota", "false")
    assert upstream.requests == []


def test_unknown_fields_travel_on_and_routing_fields_do_not(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("embed", input=20_000)
    upstream.script(replies.answer(vectors(VECTOR, usage=USAGE)))
    body = {"model": "embed", "input": "a", "input_type": "query", "api_key": "sk-x", "stream_options": {"include_usage": True}}

    relay.http.post("/v1/embeddings", headers=caller.headers, content=orjson.dumps(body))

    assert upstream.requests[0].fields == {"model": "up-embed", "input": "a", "input_type": "query"}
