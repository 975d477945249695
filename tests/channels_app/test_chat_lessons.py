"""A stream teaches its pattern only where the reader's own words prove it."""

from __future__ import annotations

import pytest

from channels_app.chat_lessons import Patterns, learned
from channels_app.chat_stream import ChatReader
from channels_app.contract import FrameKind, StreamReader, Usage
from tests.channels_app.test_chat_known import DETAILED, SHAPES, Shape


def make(*, request_id: str, created: int) -> StreamReader:
    return ChatReader(model="public", wants_usage=True, request_id=request_id, created=created)


PLAIN = SHAPES["plain"].stream(["Hello", " you"])


def test_a_pattern_says_what_comes_of_another_stream() -> None:
    patterns = Patterns(make)
    assert patterns.learn(PLAIN)
    stream = SHAPES["plain"].stream(["Bye"], usage=DETAILED, identity="gen-12345", created=1_812_345_678)
    opened = patterns.open(stream)
    assert opened is not None
    assert opened.shown == stream[: opened.size].replace(b"vendor-1", b"public")
    taken = opened.run.take(stream[opened.size :])
    assert taken is not None
    assert taken.delivered == 3
    last = opened.last(taken.rest)
    assert last is not None
    finish, usage, done = last
    assert (finish.kind, usage.kind, done.kind) == (FrameKind.FINISH, FrameKind.USAGE, FrameKind.DONE)
    assert usage.usage == Usage(input=9, cache_read=3, output=2, reasoning=2)
    assert b'"id":"gen-12345"' in usage.data
    assert b'"created":1812345678' in usage.data


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"data: [DONE]\n\n",
        PLAIN.replace(b"data: [DONE]\n\n", b""),
        PLAIN.replace(b"\n", b"\r\n"),
        PLAIN.replace(b'"id":"chatcmpl-aB3",', b""),
        PLAIN.replace(b'"created":1700000000,', b""),
        PLAIN.replace(b"Hello", b"Hel\x00lo"),
        Shape(role={"role": "assistant", "content": "Hello"}).stream([" you"]),
        Shape(role={"role": "assistant", "tool_calls": [{"index": 0, "id": "c", "function": {"name": "f"}}]}).stream(["x"]),
        SHAPES["plain"].stream([]),
        SHAPES["plain"].stream(["a"], finish="error"),
        SHAPES["plain"].stream(["a"]).replace(b'"delta":{},', b'"delta":{"content":"last"},'),
        SHAPES["plain"].stream(["vendor-1"]),
        Shape(ending="usage beside finish", usage=DETAILED).stream(["a"]),
    ],
)
def test_what_is_no_pattern_teaches_nothing(stream: bytes) -> None:
    assert learned(stream, make) is None


def test_only_what_the_reader_itself_would_say_is_learned() -> None:
    """A reader whose words depend on the call, or on what is in a stream, has no pattern."""

    class Peculiar(ChatReader):
        def __init__(self, *, request_id: str, created: int) -> None:
            super().__init__(model=f"public-{request_id}", wants_usage=True, request_id=request_id, created=created)

    assert learned(PLAIN, make) is not None
    assert learned(PLAIN, Peculiar) is None


def test_so_many_patterns_are_kept_and_no_more() -> None:
    patterns = Patterns(make)
    shapes = [Shape(system_fingerprint=f"fp_{number}") for number in range(10)]
    for shape in shapes:
        assert patterns.learn(shape.stream(["one"]))
    assert [patterns.open(shape.stream(["x"])) is not None for shape in shapes] == [False] * 2 + [True] * 8
