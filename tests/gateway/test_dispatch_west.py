"""Calls through the live relay to each vendor that speaks nearly like OpenAI: text, streams, tools, errors, what it counts and charges."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest

from channels_app import channels
from tests.doubles import replies
from tests.doubles.west.manners import TABLE
from tests.doubles.west.service import CITY, TOOL, Manners, Service
from tests.gateway.conftest import HELLO, Caller, lines
from tests.gateway.live import LiveRelay

pytestmark = pytest.mark.usefixtures("channel")

# What a careless client sends; each vendor refuses some of it.
EVERYTHING: dict[str, Any] = {
    "messages": [{"role": "developer", "content": "Be kind."}, {"role": "user", "name": "ann", "content": "Hi"}],
    "seed": 3,
    "user": "u-1",
    "max_completion_tokens": 99,
    "logprobs": False,
    "logit_bias": {},
    "stop": ["END"],
    "presence_penalty": 0.1,
    "store": False,
    "tools": [],
    "tool_choice": "auto",
}
# These tell no tools apart, or have none.
TOOLLESS = {"perplexity"}


@contextmanager
def serving(slug: str) -> Generator[Service, None, None]:
    """Let a vendor answer for `m`, before all others."""
    manners = TABLE[slug]
    with Service(manners) as vendor:
        channels.add(
            name=slug,
            provider=slug,
            base_url=vendor.url,
            key=manners.key,
            models={"m": manners.model},
            priority=9,
            options=dict(manners.options),
            allow_private=True,
        )
        yield vendor


def ask(relay: LiveRelay, caller: Caller, **fields: Any) -> dict[str, Any]:
    """Return the message that a client reads, whole or put together from a stream, with `finish` and `usage`."""
    body = HELLO | fields | ({"stream_options": {"include_usage": True}} if fields.get("stream") else {})
    answer = relay.http.post("/v1/chat/completions", json=body, headers=caller.headers)
    assert answer.status_code == 200, answer.text
    if not fields.get("stream"):
        whole = answer.json()
        assert whole["model"] == "m"
        return {**whole["choices"][0]["message"], "finish": whole["choices"][0]["finish_reason"], "usage": whole.get("usage")}
    return _put_together([orjson.loads(line[6:]) for line in answer.text.split("\n") if line.startswith("data: {")])


def _put_together(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    assert {(one["model"], one["object"]) for one in chunks} == {("m", "chat.completion.chunk")}
    assert len({one["id"] for one in chunks}) == 1
    said: dict[str, Any] = {"content": "", "tool_calls": [], "finish": None, "usage": chunks[-1].get("usage")}
    for choice in [choice for one in chunks for choice in one["choices"]]:
        delta = choice["delta"]
        said["content"] += delta.get("content") or ""
        said["finish"] = choice["finish_reason"] or said["finish"]
        for part in delta.get("tool_calls") or ():
            if part["index"] == len(said["tool_calls"]):
                said["tool_calls"].append(
                    {"id": part["id"], "type": part["type"], "function": {"name": part["function"]["name"], "arguments": ""}}
                )
            said["tool_calls"][part["index"]]["function"]["arguments"] += part["function"].get("arguments") or ""
    return said


def price(manners: Manners) -> int:
    """Return what the vendor's own count comes to for a customer, in µ$: 2.5 for a token in, 10 for one out."""
    inward, outward = manners.usage
    return inward * 5 // 2 + outward * 10


@pytest.mark.parametrize("slug", sorted(TABLE))
def test_a_careless_call_is_answered_and_billed_by_the_vendors_own_count(relay: LiveRelay, caller: Caller, slug: str) -> None:
    manners = TABLE[slug]
    with serving(slug) as vendor:
        whole, stream = (ask(relay, caller, **EVERYTHING, stream=stream) for stream in (False, True))
        assert [(said["content"], said["finish"]) for said in (whole, stream)] == [(replies.TEXT, "stop")] * 2
        assert len(vendor.requests) == 2
    told, streamed = lines(relay)
    assert [(line.status, line.upstream_model, line.tried) for line in (told, streamed)] == [("ok", manners.model, [])] * 2
    assert (told.cost, streamed.cost) == (manners.cost, manners.stream_cost)
    assert (told.price, told.source) == (price(manners), "upstream")
    assert whole["usage"]["prompt_tokens"] == manners.usage[0]
    if manners.counts_streams:
        assert (streamed.price, streamed.source) == (price(manners), "upstream")
        assert stream["usage"]["prompt_tokens"] == manners.usage[0]
    else:
        assert streamed.source == "counted"


@pytest.mark.parametrize("slug", sorted(TABLE.keys() - TOOLLESS))
def test_a_tool_is_called_and_its_result_goes_back(relay: LiveRelay, caller: Caller, slug: str) -> None:
    with serving(slug) as vendor:
        for stream in (False, True):
            said = ask(relay, caller, tools=[TOOL], tool_choice="required", stream=stream)
            [call] = said["tool_calls"]
            assert (said["finish"], said["content"] or None) == ("tool_calls", None)
            assert (call["type"], call["function"]["name"], orjson.loads(call["function"]["arguments"])) == ("function", "weather", CITY)
            result = {"role": "tool", "tool_call_id": call["id"], "content": "sunny"}
            before = {"role": "assistant", "content": None, "tool_calls": [call]}
            answer = ask(relay, caller, messages=[*HELLO["messages"], before, result], tools=[TOOL], stream=stream)
            assert answer["content"] == replies.TEXT
            sent = vendor.requests[-1].fields["messages"]
            assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"]
    assert [line.status for line in lines(relay)] == ["ok"] * 4


@pytest.mark.parametrize("slug", sorted(TABLE))
def test_a_stream_that_breaks_is_an_error_and_the_next_failure_is_passed_by(relay: LiveRelay, caller: Caller, slug: str) -> None:
    manners = TABLE[slug]
    late = manners.late or replies.cut_mid_stream()
    trouble = next(one for one in manners.troubles if one.kind != "bad_request")
    with serving(slug) as vendor:
        vendor.script(late, trouble.reply)
        broken = relay.http.post("/v1/chat/completions", json=HELLO | {"stream": True}, headers=caller.headers)
        assert ask(relay, caller)["content"] == replies.TEXT
        assert len(vendor.requests) == 2
    chunks = [orjson.loads(line[6:]) for line in broken.text.split("\n") if line.startswith("data: {")]
    assert broken.text.endswith("data: [DONE]\n\n")
    assert chunks[-1]["error"]["code"] == "upstream_unavailable"
    assert [choice["finish_reason"] for one in chunks[:-1] for choice in one["choices"] if choice["finish_reason"]] == []
    partial, passed = lines(relay)
    assert (partial.status, partial.price > 0, partial.tried) == ("partial", True, [])
    assert (passed.status, passed.upstream_model, len(passed.tried)) == ("ok", "up-1", 1)
    assert {kind for _, kind in relay.state.standing.tallies} == {"upstream", trouble.kind}


def test_a_nested_relay_is_told_where_a_call_has_been_and_its_ids_stay_here(relay: LiveRelay, caller: Caller) -> None:
    with serving("oneapi") as vendor:
        vendor.script(
            replies.answer({"error": {"message": "bad (request id: 2026) (request id: 2027)", "type": "one_api_error"}}, status=400)
        )
        answer = relay.http.post("/v1/chat/completions", json=HELLO, headers=caller.headers)
        assert vendor.requests[-1].headers["x-keyosk-hops"]
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "bad")


def test_headers_of_a_proxy_do_not_reach_clients(relay: LiveRelay, caller: Caller) -> None:
    with serving("litellm"):
        answer = relay.http.post("/v1/chat/completions", json=HELLO, headers=caller.headers)
    assert not {name for name in answer.headers if name.startswith("x-litellm") or name == "set-cookie"}


def test_jina_embeds_and_ranks_by_its_own_tokens(relay: LiveRelay, caller: Caller) -> None:
    with serving("jina"):
        made = relay.http.post("/v1/embeddings", json={"model": "m", "input": ["a"]}, headers=caller.headers).json()
        ranked = relay.http.post("/v1/rerank", json={"model": "m", "query": "q", "documents": ["a", "b"]}, headers=caller.headers).json()
    assert made["data"][0]["embedding"] == [0.5, 0.25]
    assert [(one["index"], one["relevance_score"]) for one in ranked["results"]] == [(1, 0.9), (0, 0.1)]
    assert sorted(line.price for line in lines(relay)) == [15, 38]
