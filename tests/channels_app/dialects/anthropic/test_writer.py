"""Streams and messages written for Anthropic's clients: what was written reads back as what was said."""

from __future__ import annotations

import orjson

from channels_app.contract import Call, ChannelFacts, Usage
from channels_app.deltas import Citation, Consumed, Delta, Finish, Media, Opaque, Reasoning, Text, ToolArguments, ToolStart
from channels_app.dialects.anthropic import VENDOR, opaque
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


SOURCE = Citation({"type": "url_citation", "url_citation": {"url": "https://a.test", "title": "A", "start_index": 0, "end_index": 0}})
CITED = {"type": "web_search_result_location", "encrypted_index": "keyosk.", "url": "https://a.test", "title": "A", "cited_text": ""}


def test_sources_follow_the_text_that_they_are_of() -> None:
    found = streamed(Text("Hi"), SOURCE, Finish("stop"))
    deltas = [payload["delta"] for name, payload in found if name == "content_block_delta"]
    assert deltas == [{"type": "text_delta", "text": "Hi"}, {"type": "citations_delta", "citation": CITED}]
    assert [name for name, _ in found].count("content_block_start") == 1
    assert whole(Text("Hi"), SOURCE, SOURCE, Finish("stop"))["content"] == [{"type": "text", "text": "Hi", "citations": [CITED, CITED]}]


def test_a_source_without_an_address_is_no_source() -> None:
    odd = Citation({"type": "file_citation", "file_id": "f"})
    assert whole(Text("Hi"), odd, Finish("stop"))["content"] == [{"type": "text", "text": "Hi"}]


def test_claude_itself_sees_neither_our_sources_nor_our_blocks() -> None:
    said = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [opaque.wrap("signature", {"id": "t"}), {"type": "text", "text": "Hi", "citations": [CITED]}]},
        {"role": "assistant", "content": [opaque.wrap("item", {"id": "r"})]},
        {"role": "user", "content": [{"type": "text", "text": "b", "citations": [{"encrypted_index": "Eq"}]}]},
    ]
    fields = {"model": "m", "max_tokens": 9, "messages": said}
    call = Call("chat", "anthropic", "m", orjson.dumps(fields), fields)
    sent = orjson.loads(VENDOR.encode(call, ChannelFacts(1, "c", 1, "anthropic", "", (), {"m": "claude-x"})).body)
    assert (sent["model"], sent["max_tokens"]) == ("claude-x", 9)
    assert sent["messages"] == [
        said[0],
        {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "."}]},
        said[3],
    ]
