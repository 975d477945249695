"""Runs of plain text pass through in one go, and come out as if every chunk had been read alone."""

from __future__ import annotations

import json

import pytest

from channels_app.chat_runs import Run
from channels_app.chat_stream import ChatReader
from channels_app.contract import FrameKind

TEXTS = ["Hello", " you", ' "quoted"', "\n\n", "é", "漢字", "“curly” — dash", "😀", "\\", "\u2028", "last"]


def event(text: str | None, **choice: object) -> bytes:
    delta = {} if text is None else {"content": text}
    inner = {"index": 0, "delta": delta, "finish_reason": None, **choice}
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 7, "model": "vendor-name", "choices": [inner]}
    return b"data: " + json.dumps(chunk, separators=(",", ":"), ensure_ascii=False).encode() + b"\n\n"


def stream(texts: list[str]) -> bytes:
    start = event("", delta={"role": "assistant", "content": ""})
    return start + b"".join(map(event, texts)) + event(None, finish_reason="stop") + b"data: [DONE]\n\n"


def read(pieces: list[bytes]) -> tuple[bytes, int, list[FrameKind]]:
    reader = ChatReader(model="public", wants_usage=False, request_id="r", created=1)
    frames = [frame for piece in pieces for frame in reader.feed(piece)] + list(reader.end())
    return b"".join(frame.data for frame in frames), sum(frame.delivered for frame in frames), [frame.kind for frame in frames]


@pytest.mark.parametrize("size", [1, 7, 150, 151, 400, 1000, 100_000])
def test_however_a_stream_is_cut_the_client_gets_the_same_bytes(size: int) -> None:
    data = stream(TEXTS * 4)
    alone = [one + b"\n\n" for one in data.split(b"\n\n") if one]
    shown, delivered, _ = read(alone)
    cut = read([data[at : at + size] for at in range(0, len(data), size)])
    assert cut[:2] == (shown, delivered)
    assert delivered == sum(len(text.encode()) for text in TEXTS * 4)


def test_a_run_in_one_chunk_is_one_frame() -> None:
    shown, _, kinds = read([stream(["one", "two", "three", "four"])])
    assert kinds == [FrameKind.ROLE, FrameKind.CONTENT, FrameKind.CONTENT, FrameKind.FINISH, FrameKind.DONE]
    assert shown.count(b'"model":"public"') == 6
    assert b"vendor-name" not in shown


@pytest.mark.parametrize(
    "broken",
    [
        event("x").replace(b'"x"', b'"a","role":"assistant"'),
        event("x").replace(b'"x"', b'""'),
        event("x").replace(b'"x"', b'"\xff"'),
        event("x").replace(b'"x"', b'"\t"'),
        event("x").replace(b'"x"', b'"\\ud83d"'),
    ],
)
def test_what_is_no_plain_text_is_no_run(broken: bytes) -> None:
    text = event("first")
    run = Run.learn(text[6:-2], "first", text)
    assert run is not None
    assert run.take(broken) is None
    assert run.take(event("good") + broken) is None


def test_a_text_that_stands_elsewhere_too_teaches_nothing() -> None:
    data = b'{"content":"x","choices":[{"index":0,"delta":{"content": "x"}}]}'
    assert Run.learn(data, "x", b"data: " + data + b"\n\n") is None


def test_a_run_ends_where_a_chunk_is_cut_off() -> None:
    text = event("first")
    run = Run.learn(text[6:-2], "first", text)
    assert run is not None
    assert run.take(event("one") + event("two")[:-1]) == (event("one"), 3, 1, event("two")[:-1])


def test_what_ends_like_a_text_and_is_none_ends_the_run() -> None:
    text = event("first")
    run = Run.learn(text[6:-2], "first", text)
    assert run is not None
    other = event("x").replace(b'"delta":{', b'"delta":{"role":"assistant",')
    assert run.take(event("one") + event("two") + other) == (event("one") + event("two"), 6, 2, other)


def test_halves_of_a_character_in_two_texts_are_no_run() -> None:
    text = event("first")
    run = Run.learn(text[6:-2], "first", text)
    assert run is not None
    halves = [event("§").replace("§".encode(), half) for half in (b"\xe6\xbc", b"\xa2")]
    assert run.take(event("漢") + halves[0] + halves[1]) is None
    assert run.take(event("漢") + event("字")) == (event("漢") + event("字"), 6, 2, b"")
