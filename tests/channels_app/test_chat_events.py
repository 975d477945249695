"""An OpenAI-type answer as deltas: streamed in any chunking, or whole."""

from __future__ import annotations

import orjson
import pytest

from channels_app.chat_events import ChatEvents, of_answer
from channels_app.contract import Call, FailureKind, Usage
from channels_app.deltas import (
    Broken,
    Consumed,
    Delta,
    Done,
    Finish,
    Media,
    Opaque,
    Reasoning,
    Started,
    Text,
    ToolArguments,
    ToolStart,
)

CALL = Call("chat", "anthropic", "m", b"{}", {})


def chunk(delta: dict[str, object], finish: str | None = None, **rest: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    whole = {"id": "c1", "object": "chat.completion.chunk", "created": 5, "model": "up", "choices": [choice], **rest}
    return b"data: " + orjson.dumps(whole) + b"\n\n"


STREAM = (
    chunk({"role": "assistant", "content": ""})
    + chunk({"reasoning_content": "hm"})
    + chunk({"content": "Blüe"})
    + chunk({"tool_calls": [{"index": 1, "id": "t1", "function": {"name": "get", "arguments": '{"a":'}}]})
    + chunk({"tool_calls": [{"index": 1, "function": {"arguments": "1}"}}]})
    + chunk({}, "stop")
    + b'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}\n\ndata: [DONE]\n\n'
)
SAID: list[Delta] = [
    Started("c1"),
    Reasoning("hm"),
    Text("Blüe"),
    ToolStart(0, "t1", "get"),
    ToolArguments(0, '{"a":'),
    ToolArguments(0, "1}"),
    Finish("tool_calls"),
    Consumed(Usage(input=9, output=4)),
    Done(),
]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 100_000])
def test_a_stream_says_the_same_in_any_chunking(size: int) -> None:
    events = ChatEvents(CALL)
    said = [delta for start in range(0, len(STREAM), size) for delta in events.feed(STREAM[start : start + size])]
    assert [*said, *events.end()] == SAID


def test_a_stream_that_breaks_off_is_broken_and_has_no_finish() -> None:
    events = ChatEvents(CALL)
    said = [*events.feed(chunk({"content": "Hi"})), *events.end()]
    assert said[:-1] == [Started("c1"), Text("Hi")]
    assert isinstance(said[-1], Broken)
    assert said[-1].failure.kind is FailureKind.UPSTREAM


def test_a_whole_answer_says_what_its_message_holds() -> None:
    message = {
        "role": "assistant",
        "content": "Hi",
        "reasoning_content": "hm",
        "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "EqQB"}, {"type": "redacted_thinking", "data": "x"}],
        "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}],
        "tool_calls": [
            {
                "id": "t1",
                "type": "function",
                "function": {"name": "get", "arguments": "{}"},
                "extra_content": {"google": {"thought_signature": "Cg=="}},
            }
        ],
    }
    body = orjson.dumps({"id": "c2", "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]})
    assert of_answer(CALL, body) == [
        Started("c2"),
        Reasoning("hm"),
        Opaque("signature", "EqQB"),
        Opaque("redacted", "x"),
        Text("Hi"),
        Media("image/png", "AAAA"),
        ToolStart(0, "t1", "get", signature="Cg=="),
        ToolArguments(0, "{}"),
        Finish("tool_calls"),
        Done(),
    ]


def test_an_error_in_a_200_is_broken() -> None:
    found = of_answer(CALL, b'{"error":{"message":"no","code":"invalid_api_key"}}')
    assert len(found) == 1
    assert isinstance(found[0], Broken)
    assert found[0].failure.kind is FailureKind.BAD_KEY
