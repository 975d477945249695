"""Anthropic's streams as deltas, in any chunking; its usage read once and never added up."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app import registry
from channels_app.contract import Call, FailureKind, Usage
from channels_app.deltas import Broken, Comment, Consumed, Delta, Done, Finish, Opaque, Reasoning, Started, Text, ToolArguments, ToolStart
from channels_app.dialects.anthropic import usage
from channels_app.dialects.anthropic.events import AnthropicEvents
from tests.doubles.speech import ANTHROPIC_SSE, anthropic_message, named

VENDOR = registry.vendor("anthropic")
CALL = Call("chat", "openai", "m", b"{}", {"messages": []})
SAID: list[Delta] = [
    Started("msg_1"),
    Consumed(Usage(input=25, cache_read=900, output=1, source="partial")),
    Reasoning("Let me"),
    Opaque("signature", "EqQB"),
    Comment(),
    ToolStart(0, "toolu_1", "get_weather"),
    ToolArguments(0, '{"city":'),
    ToolArguments(0, '"Paris"}'),
    Finish("tool_calls"),
    Consumed(Usage(input=25, cache_read=900, output=58)),
    Done(),
]


def read(raw: bytes, size: int = 1_000_000) -> list[Delta]:
    events = AnthropicEvents(CALL)
    return [*(delta for start in range(0, len(raw), size) for delta in events.feed(raw[start : start + size])), *events.end()]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1_000_000])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_a_stream_says_the_same_in_any_chunking(size: int, line_end: bytes) -> None:
    assert read(ANTHROPIC_SSE.replace(b"\n", line_end), size) == SAID


def test_a_tools_index_counts_tools_and_not_blocks() -> None:
    """Gotcha 17: the index starts at 0 whatever upstream counts."""
    assert next(delta for delta in SAID if isinstance(delta, ToolStart)).index == 0


def test_a_tool_without_input_still_has_arguments() -> None:
    raw = named(
        {"type": "content_block_start", "index": 4, "content_block": {"type": "tool_use", "id": "t", "name": "now", "input": {}}},
        {"type": "content_block_stop", "index": 4},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    )
    assert read(raw)[:2] == [ToolStart(0, "t", "now"), ToolArguments(0, "{}")]


def test_tools_that_run_at_anthropic_are_no_tool_calls_of_the_client() -> None:
    raw = named(
        {"type": "content_block_start", "index": 0, "content_block": {"type": "server_tool_use", "id": "s", "name": "web_search"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "web_search_tool_result", "content": []}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    )
    assert read(raw) == [Finish("stop"), Consumed(Usage(output=1)), Done()]


def test_a_stream_failing_late_is_broken_and_has_no_finish() -> None:
    raw = ANTHROPIC_SSE.partition(b"event: message_delta")[0]
    late = read(raw + named({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}))
    assert isinstance(late[-1], Broken)
    assert late[-1].failure.kind is FailureKind.UPSTREAM
    cut = read(raw)
    assert isinstance(cut[-1], Broken)
    assert not any(isinstance(delta, Finish) for delta in (*late, *cut))


def test_a_whole_message_in_place_of_a_stream_is_told_and_an_error_there_is_one() -> None:
    assert read(orjson.dumps(anthropic_message("Hi")))[1:3] == [Text("Hi"), Finish("stop")]
    refused = read(b'{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}')
    assert isinstance(refused[-1], Broken)
    assert refused[-1].failure.kind is FailureKind.RATE_LIMITED


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"input_tokens": 5, "output_tokens": 3}, Usage(input=5, output=3)),
        (
            {
                "input_tokens": 5,
                "output_tokens": 3,
                "cache_creation_input_tokens": 10,
                "cache_creation": None,
                "cache_read_input_tokens": 7,
            },
            Usage(input=5, output=3, cache_write_5m=10, cache_read=7),
        ),
        (
            {
                "input_tokens": 5,
                "output_tokens": 3,
                "cache_creation_input_tokens": 10,
                "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 6},
            },
            Usage(input=5, output=3, cache_write_5m=4, cache_write_1h=6),
        ),
        (
            {"input_tokens": 5, "output_tokens": 30, "output_tokens_details": {"thinking_tokens": 20}},
            Usage(input=5, output=10, reasoning=20),
        ),
        (
            {"input_tokens": 1, "output_tokens": 1, "server_tool_use": {"web_search_requests": 2}},
            Usage(input=1, output=1, units=(("tool:web_search", 2),)),
        ),
        (
            {
                "input_tokens": 1,
                "output_tokens": 1,
                "iterations": [{"input_tokens": 4, "output_tokens": 2}, {"input_tokens": 1, "output_tokens": 1}],
            },
            Usage(input=5, output=3),
        ),
        ({"input_tokens": 0, "output_tokens": 0}, Usage()),
        ({}, None),
    ],
)
def test_usage_is_read_into_disjoint_buckets(raw: dict[str, Any], expected: Usage | None) -> None:
    """Gotcha 29: nothing of the cache is counted twice, or below zero."""
    assert usage.read(raw) == expected


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (429, {"type": "rate_limit_error", "message": "slow"}, FailureKind.RATE_LIMITED),
        (
            429,
            {"type": "rate_limit_error", "message": "spent", "details": {"error_code": "enforced_spend_limit_reached"}},
            FailureKind.NO_QUOTA,
        ),
        (402, {"type": "billing_error", "message": "no"}, FailureKind.NO_QUOTA),
        (400, {"type": "invalid_request_error", "message": "Your credit balance is too low"}, FailureKind.NO_QUOTA),
        (400, {"type": "invalid_request_error", "message": "bad"}, FailureKind.BAD_REQUEST),
        (401, {"type": "authentication_error", "message": "no"}, FailureKind.BAD_KEY),
        (529, {"type": "overloaded_error", "message": "busy"}, FailureKind.UPSTREAM),
    ],
)
def test_money_is_told_from_haste(status: int, error: dict[str, Any], kind: FailureKind) -> None:
    """Gotcha 39: the same 429 for an empty account and for a busy minute."""
    assert VENDOR.classify(status, orjson.dumps({"type": "error", "error": error})).kind is kind
