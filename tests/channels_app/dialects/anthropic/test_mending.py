"""What is missing in a stream of Anthropic's protocol is put in; what is right passes as it came."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app import registry
from channels_app.contract import Call, Frame, FrameKind, Usage
from tests.doubles.speech import anthropic_message, events, named

VENDOR = registry.vendor("anthropic")
CALL = Call("chat", "anthropic", "m", b"{}", {"messages": []}, is_stream=True)
START: dict[str, Any] = {"type": "message_start", "message": anthropic_message(content=[], stop_reason=None, model="m")}
OPEN = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
SAY = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
SHUT = {"type": "content_block_stop", "index": 0}
END: dict[str, Any] = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}}
STOP = {"type": "message_stop"}


def passed(*payloads: dict[str, Any]) -> list[Frame]:
    reader = VENDOR.native_reader(CALL, request_id="r", created=1)
    return [*reader.feed(named(*payloads)), *reader.end()]


def said(frames: list[Frame]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, payload) for name, payload in events(b"".join(frame.data for frame in frames)) if name != "ping"]


def test_a_stream_that_is_right_passes_as_it_came() -> None:
    assert b"".join(frame.data for frame in passed(START, OPEN, SAY, SHUT, END, STOP)) == named(START, OPEN, SAY, SHUT, END, STOP)


@pytest.mark.parametrize("left_out", [(START,), (OPEN,), (START, OPEN)])
def test_a_start_that_is_missing_is_put_before_the_first_words(left_out: tuple[dict[str, Any], ...]) -> None:
    found = said(passed(*(one for one in (START, OPEN, SAY, SHUT, END, STOP) if one not in left_out)))
    assert [name for name, _ in found] == [str(one["type"]) for one in (START, OPEN, SAY, SHUT, END, STOP)]
    message = found[0][1]["message"]
    assert (message["role"], message["model"], message["content"], message["stop_reason"]) == ("assistant", "m", [], None)
    assert found[1][1] == OPEN


def test_thoughts_open_a_block_of_their_own_kind() -> None:
    thought = {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}
    found = said(passed(START, thought, SHUT, END, STOP))
    assert found[1][1]["content_block"] == {"type": "thinking", "thinking": "", "signature": ""}


def test_usage_that_is_null_becomes_numbers_and_is_not_taken_for_the_last_word() -> None:
    bare = {**START, "message": {**START["message"], "usage": None}}
    frames = passed(bare, OPEN, SAY, SHUT, {**END, "usage": None}, STOP)
    found = dict(said(frames))
    assert found["message_start"]["message"]["usage"] == {"input_tokens": 0, "output_tokens": 0}
    assert found["message_delta"]["usage"] == {"output_tokens": 0}
    assert [frame.usage for frame in frames if frame.kind is FrameKind.USAGE] == [None]
    (told,) = [frame.usage for frame in passed(START, OPEN, SAY, SHUT, {**END, "usage": None}, STOP) if frame.kind is FrameKind.USAGE]
    assert told == Usage(input=12, output=4, source="partial")
