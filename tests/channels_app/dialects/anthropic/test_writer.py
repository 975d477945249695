"""Streams and messages written for Anthropic's clients: what was written reads back as what was said."""

from __future__ import annotations

import orjson

from channels_app.contract import Call, Usage
from channels_app.deltas import Consumed, Delta, Finish, Media, Opaque, Reasoning, Text, ToolArguments, ToolStart
from channels_app.dialects.anthropic.understand import understand
from channels_app.dialects.anthropic.writer import AnthropicWriter, message
from tests.doubles.speech import events

CALL = Call("chat", "anthropic", "m", b"x" * 40, {})


def streamed(*deltas: Delta) -> list[tuple[str, dict[str, object]]]:
    writer = AnthropicWriter(CALL, request_id="ab")
    return events(b"".join([*map(writer.write, deltas), *writer.close()]))


def whole(*deltas: Delta) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(message(CALL, deltas, request_id="ab"))
    return found


def test_blocks_follow_one_another_with_growing_indexes_and_the_usage_is_whole_at_the_end() -> None:
    found = streamed(
        Reasoning("hm"),
        Opaque("signature", "EqQB"),
        Text("Hi"),
        ToolStart(0, "t1", "get"),
        ToolArguments(0, "{}"),
        Finish("tool_calls"),
        Consumed(Usage(input=5, cache_read=3, output=2, reasoning=1)),
    )
    assert [name for name, _ in found] == [
        "message_start",
        "ping",
        *["content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"],
        *["content_block_start", "content_block_delta", "content_block_stop"] * 2,
        "message_delta",
        "message_stop",
    ]
    assert [payload["index"] for name, payload in found if name == "content_block_start"] == [0, 1, 2]
    assert found[-2][1] == {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {
            "input_tokens": 5,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 3,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 3,
        },
    }


def test_fragments_of_two_tools_that_come_mixed_do_not_mix() -> None:
    found = streamed(
        ToolStart(0, "t0", "a"),
        ToolArguments(0, '{"x":'),
        ToolStart(1, "t1", "b"),
        ToolArguments(1, '{"y":'),
        ToolArguments(0, "1}"),
        ToolArguments(1, "2}"),
        Finish("tool_calls"),
    )
    said: dict[object, str] = {}
    for name, payload in found:
        if name == "content_block_delta":
            said[payload["index"]] = said.get(payload["index"], "") + str(payload["delta"]["partial_json"])  # type: ignore[index]
    assert said == {0: '{"x":1}', 1: '{"y":2}'}


def test_a_complete_tool_call_does_not_hold_the_next_one_back() -> None:
    writer = AnthropicWriter(CALL, request_id="ab")
    for delta in (ToolStart(0, "t0", "a"), ToolArguments(0, "{}")):
        writer.write(delta)
    assert b'"t1"' in writer.write(ToolStart(1, "t1", "b"))


def test_an_answer_cut_at_its_limit_or_refused_says_so() -> None:
    assert whole(Text("Hi"), Finish("length"))["stop_reason"] == "max_tokens"
    assert whole(Text("Hi"), Finish("content_filter"))["stop_reason"] == "refusal"
    stopped = whole(Text("Hi"), Finish("stop", sequence="END"))
    assert (stopped["stop_reason"], stopped["stop_sequence"]) == ("stop_sequence", "END")


def test_a_message_that_comes_back_brings_every_signature_with_it() -> None:
    said = whole(
        Reasoning("hm"),
        Opaque("signature", "EqQB"),
        Opaque("redacted", "zz"),
        Opaque("reasoning_item", "gAAA", "rs_1"),
        Text("Hi"),
        Media("image/png", "AAAA"),
        ToolStart(0, "t1", "get", signature="Cg=="),
        ToolArguments(0, '{"a":1}'),
        Finish("tool_calls"),
    )
    back = understand({"model": "m", "messages": [{"role": "assistant", "content": said["content"]}]})["messages"][0]
    assert back == {
        "role": "assistant",
        "content": "Hi![image](data:image/png;base64,AAAA)",
        "tool_calls": [
            {
                "id": "t1",
                "type": "function",
                "function": {"name": "get", "arguments": '{"a":1}'},
                "extra_content": {"google": {"thought_signature": "Cg=="}},
            }
        ],
        "thinking_blocks": [
            {"type": "thinking", "thinking": "hm", "signature": "EqQB"},
            {"type": "redacted_thinking", "data": "zz"},
        ],
        "reasoning_content": "hm",
        "reasoning_details": [{"type": "reasoning.encrypted", "data": "gAAA", "id": "rs_1"}],
    }
