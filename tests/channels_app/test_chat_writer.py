"""Chunks and completions written from deltas are what the official SDKs read."""

from __future__ import annotations

from typing import Any

import orjson

from channels_app.chat_events import ChatEvents, of_answer
from channels_app.chat_writer import ChatWriter, usage_of, write_completion
from channels_app.contract import Call, Usage
from channels_app.deltas import Comment, Consumed, Delta, Done, Finish, Opaque, Reasoning, Started, Text, ToolArguments, ToolStart

CALL = Call("chat", "openai", "m", b"{}", {}, is_stream=True, wants_usage=True)
SAID: list[Delta] = [
    Started("x"),
    Reasoning("hm"),
    Opaque("signature", "EqQB"),
    Text("Hi\u2028"),
    ToolStart(0, "t1", "get", signature="Cg=="),
    ToolArguments(0, '{"a":1}'),
    Finish("tool_calls"),
    Consumed(Usage(input=5, cache_read=3, cache_write_1h=2, output=4, reasoning=1)),
]


def written(call: Call, deltas: list[Delta]) -> bytes:
    writer = ChatWriter(call, request_id="ab", created=7)
    return b"".join([*map(writer.write, deltas), *writer.close()])


def test_a_written_stream_reads_back_as_what_was_said() -> None:
    raw = written(CALL, SAID)
    assert b"\xe2\x80\xa8" not in raw
    events = ChatEvents(CALL)
    said = [*events.feed(raw), *events.end()]
    expected = [
        Started("chatcmpl-ab"),
        *SAID[1:-1],
        Consumed(Usage(input=5, cache_read=3, cache_write_5m=2, output=4 - 1 + 1, reasoning=1)),
    ]
    assert said == [*expected, Done()]


def test_the_usage_is_told_only_to_those_who_asked() -> None:
    quiet = Call("chat", "openai", "m", b"{}", {}, is_stream=True)
    assert b"usage" not in written(quiet, SAID)


def test_the_usage_counts_everything_into_prompt_and_completion() -> None:
    assert usage_of(Usage(input=5, cache_read=3, cache_write_1h=2, output=4, reasoning=1)) == {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 1},
    }


def test_a_later_choice_does_not_come_before_the_first() -> None:
    raw = written(CALL, [Text("B", choice=1), Finish("stop", 0), Finish("stop", 1)])
    chunks: list[dict[str, Any]] = [orjson.loads(line[6:]) for line in raw.split(b"\n\n") if line.startswith(b"data: {")]
    assert [one["choices"][0]["index"] for one in chunks] == [0, 1, 1, 0, 1]


def test_a_sign_of_life_stays_a_comment() -> None:
    assert written(CALL, [Comment(b"OPENROUTER PROCESSING")]).startswith(b": ")


def test_a_completion_holds_one_message_with_everything_in_it() -> None:
    body = write_completion(CALL, SAID, request_id="ab", created=7)
    message = orjson.loads(body)["choices"][0]["message"]
    assert message == {
        "role": "assistant",
        "content": "Hi\u2028",
        "reasoning_content": "hm",
        "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "EqQB"}],
        "tool_calls": [
            {
                "id": "t1",
                "type": "function",
                "function": {"name": "get", "arguments": '{"a":1}'},
                "extra_content": {"google": {"thought_signature": "Cg=="}},
            }
        ],
    }
    assert of_answer(CALL, body)[-1] == Done()


def test_a_completion_of_tool_calls_alone_has_no_text_and_no_empty_arguments() -> None:
    body = write_completion(CALL, [ToolStart(0, "t1", "get"), Finish("tool_calls")], request_id="ab", created=7)
    message = orjson.loads(body)["choices"][0]["message"]
    assert (message["content"], message["tool_calls"][0]["function"]["arguments"]) == (None, "{}")
