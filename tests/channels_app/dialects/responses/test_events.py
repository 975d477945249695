"""Responses streams as deltas and back; usage stands in the terminal event, whatever it is."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app.contract import Call, FailureKind, FrameKind, Usage
from channels_app.deltas import (
    Broken,
    Citation,
    Consumed,
    Delta,
    Done,
    Finish,
    Opaque,
    Reasoning,
    Refusal,
    Started,
    Text,
    ToolArguments,
    ToolStart,
)
from channels_app.dialects.responses.events import ResponsesEvents, of_response
from channels_app.dialects.responses.native import NativeReader
from channels_app.dialects.responses.writer import ResponsesWriter, whole
from tests.doubles.speech import events, named
from tests.doubles.tongues import responses_stream

CALL = Call("chat", "responses", "m", b"{}", {"model": "m", "input": "Hi"}, understand=lambda _: {"messages": []})
SAID: list[Delta] = [
    Reasoning("hm"),
    Opaque("reasoning_item", "gAAA", "rs_up"),
    Text("Hi"),
    Citation({"type": "url_citation", "url_citation": {"url": "https://a.test", "title": "A", "start_index": 0, "end_index": 2}}),
    ToolStart(0, "c1", "a"),
    ToolStart(1, "c2", "b"),
    ToolArguments(0, '{"x":'),
    ToolArguments(1, "{}"),
    ToolArguments(0, "1}"),
    Finish("tool_calls"),
    Consumed(Usage(input=5, cache_read=3, output=2, reasoning=1)),
]


def read(raw: bytes, size: int = 1_000_000) -> list[Delta]:
    reader = ResponsesEvents(CALL)
    return [*(delta for start in range(0, len(raw), size) for delta in reader.feed(raw[start : start + size])), *reader.end()]


def written(*deltas: Delta) -> bytes:
    writer = ResponsesWriter(CALL, request_id="ab", created=7)
    return b"".join([*map(writer.write, deltas), *writer.close()])


@pytest.mark.parametrize("size", [1, 11, 1_000_000])
def test_a_written_stream_reads_back_as_what_was_said(size: int) -> None:
    back = read(written(*SAID), size)
    assert back[0] == Started("resp_ab")
    kept = {Text: 1, Reasoning: 1, ToolStart: 2, Citation: 1, Done: 1}
    assert {kind: sum(isinstance(one, kind) for one in back) for kind in kept} == kept
    assert "".join(one.text for one in back if isinstance(one, ToolArguments) and one.index == 0) == '{"x":1}'
    assert [one.data for one in back if isinstance(one, Opaque)] == ["gAAA"]
    assert back[-3:] == [Finish("tool_calls"), Consumed(Usage(input=5, cache_read=3, output=2, reasoning=1)), Done()]


def test_numbers_grow_items_close_and_the_terminal_event_holds_everything() -> None:
    told = events(written(*SAID))
    assert [payload["sequence_number"] for _, payload in told] == list(range(len(told)))
    opened = [payload["item"]["id"] for name, payload in told if name == "response.output_item.added"]
    closed = [payload["item"]["id"] for name, payload in told if name == "response.output_item.done"]
    assert sorted(opened) == sorted(closed)
    final = told[-1][1]["response"]
    assert [item["type"] for item in final["output"]] == ["reasoning", "message", "function_call", "function_call"]
    assert final["output"][0]["encrypted_content"] == "gAAA"
    assert final["output"] == orjson.loads(whole(CALL, SAID, request_id="ab", created=7))["output"]
    assert final["usage"]["input_tokens_details"] == {"cached_tokens": 3, "cache_write_tokens": 0}


def test_a_limit_or_a_filter_makes_the_response_incomplete() -> None:
    for reason, cause in (("length", "max_output_tokens"), ("content_filter", "content_filter")):
        name, payload = events(written(Text("Hi"), Finish(reason)))[-1]
        assert (name, payload["response"]["incomplete_details"]) == ("response.incomplete", {"reason": cause})
        back = read(written(Text("Hi"), Finish(reason)))
        assert Finish(reason) in back


def test_a_tool_of_free_text_is_told_as_the_client_declared_it() -> None:
    call = Call("chat", "responses", "m", b"{}", {"tools": [{"type": "custom", "name": "patch"}]}, understand=lambda _: {})
    deltas: list[Delta] = [
        ToolStart(0, "c1", "patch"),
        ToolArguments(0, '{"input":"*** Be'),
        ToolArguments(0, 'gin"}'),
        Finish("tool_calls"),
    ]
    item = orjson.loads(whole(call, deltas, request_id="ab", created=7))["output"][0]
    assert (item["type"], item["call_id"], item["input"]) == ("custom_tool_call", "c1", "*** Begin")


def test_refusals_are_parts_of_their_own() -> None:
    body = whole(CALL, [Refusal("No."), Finish("stop")], request_id="ab", created=7)
    assert orjson.loads(body)["output"][0]["content"] == [{"type": "refusal", "refusal": "No."}]
    assert of_response(orjson.loads(body), body)[1] == Refusal("No.")


def end(status: str, **rest: Any) -> bytes:
    usage = {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}
    return named({"type": f"response.{status}", "response": {"id": "r", "status": status, "output": [], "usage": usage, **rest}})


def test_usage_is_read_from_every_terminal_event() -> None:
    assert Consumed(Usage(input=9, output=4)) in read(end("incomplete", incomplete_details={"reason": "max_output_tokens"}))
    failed = read(end("failed", error={"code": "server_error", "message": "x"}))
    assert failed[0] == Consumed(Usage(input=9, output=4))
    assert isinstance(failed[-1], Broken)
    assert failed[-1].failure.kind is FailureKind.UPSTREAM


def test_a_stream_without_its_terminal_event_is_broken_and_an_error_event_ends_it() -> None:
    raw = responses_stream("text")
    for cut in (raw.partition(b"event: response.completed")[0], named({"type": "error", "code": "rate_limit_exceeded", "message": "slow"})):
        assert isinstance(read(cut)[-1], Broken)


def test_a_native_stream_holds_its_terminal_event_back_to_the_end_and_keeps_the_others() -> None:
    reader = NativeReader(CALL, ResponsesWriter(CALL, request_id="ab", created=7))
    frames = [*reader.feed(responses_stream("text")), *reader.end()]
    assert [frame.kind for frame in frames if frame.kind in {FrameKind.USAGE, FrameKind.DONE}] == [FrameKind.USAGE, FrameKind.DONE]
    assert b"".join(frame.data for frame in frames) == responses_stream("text").replace(b'"model":"up"', b'"model":"m"')


def test_a_whole_response_in_place_of_a_stream_is_told_as_one() -> None:
    body = whole(CALL, [Text("Hi"), Finish("stop"), Consumed(Usage(input=1, output=1))], request_id="up", created=7)
    reader = NativeReader(CALL, ResponsesWriter(CALL, request_id="ab", created=7))
    frames = [*reader.feed(body), *reader.end()]
    assert frames[-1].kind is FrameKind.DONE
    assert events(b"".join(frame.data for frame in frames))[-1][1]["response"]["output"][0]["content"][0]["text"] == "Hi"
