"""Streams that are known beforehand come out exactly as their reader would have told them, however they are cut or broken."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.chat_known import KnownReader
from channels_app.chat_lessons import Patterns
from channels_app.chat_stream import ChatReader
from channels_app.contract import Frame, FrameKind, StreamReader
from tests.doubles.defects import FAILURES, STREAMS

USAGE = {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16}
DETAILED = {**USAGE, "prompt_tokens_details": {"cached_tokens": 3}, "completion_tokens_details": {"reasoning_tokens": 2}}


def chunk(choices: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-aB3",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "vendor-1",
        "choices": choices,
        **more,
    }


def choice(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"index": 0, "delta": delta, **more, "finish_reason": finish}


class Shape:
    """How one vendor writes a stream."""

    def __init__(self, *, ending: str = "usage last", spaces: bool = False, role: dict[str, Any] | None = None, **every: Any) -> None:
        self._ending = ending
        self._separators = (", ", ": ") if spaces else (",", ":")
        self._role = role or {"role": "assistant", "content": ""}
        self._every = every

    def event(self, payload: dict[str, Any]) -> bytes:
        return b"data: " + json.dumps(payload, separators=self._separators, ensure_ascii=False).encode() + b"\n\n"

    def stream(
        self,
        texts: Sequence[str],
        *,
        finish: str = "stop",
        usage: Any = USAGE,
        identity: str = "chatcmpl-aB3",
        created: int = 1_700_000_000,
    ) -> bytes:
        last = {"usage": usage} if self._ending == "usage beside finish" else {}
        payloads = [chunk([choice(self._role)], **self._every)]
        payloads += [chunk([choice({"content": text})], **self._every) for text in texts]
        payloads.append(chunk([choice({}, finish)], **{**self._every, **last}))
        if self._ending == "usage last":
            payloads.append(chunk([], **{**self._every, "usage": usage}))
        named = [{**payload, "id": identity, "created": created} for payload in payloads]
        return b"".join(map(self.event, named)) + b"data: [DONE]\n\n"


SHAPES = {
    "plain": Shape(),
    "no usage": Shape(ending="no usage"),
    "usage beside finish": Shape(ending="usage beside finish"),
    "spaces": Shape(spaces=True),
    "null usage": Shape(usage=None, system_fingerprint="fp_1"),
    "role alone": Shape(role={"role": "assistant"}),
    "null content": Shape(role={"role": "assistant", "content": None, "refusal": None}),
    "more members": Shape(service_tier="default", obfuscation=""),
}


def make(*, model: str = "public", wants_usage: bool = True, request_id: str = "r", created: int = 1) -> StreamReader:
    return ChatReader(model=model, wants_usage=wants_usage, request_id=request_id, created=created)


def taught(*streams: bytes, wants_usage: bool = True) -> Patterns:
    patterns = Patterns(functools.partial(make, wants_usage=wants_usage))
    for stream in streams:
        assert patterns.learn(stream)
    return patterns


def told(frames: Sequence[Frame]) -> object:
    """Return what frames come to, however many say it."""
    kinds = {kind: b"".join(frame.data for frame in frames if frame.kind is kind) for kind in FrameKind}
    rest = [(frame.usage, frame.failure) for frame in frames if frame.usage or frame.failure]
    return b"".join(frame.data for frame in frames), kinds, sum(frame.delivered for frame in frames), rest


def read(reader: StreamReader, pieces: Sequence[bytes]) -> list[object]:
    """Return what was told with each piece, all of it so far."""
    frames: list[Frame] = []
    found = []
    for piece in pieces:
        frames += reader.feed(piece)
        found.append(told(frames))
    frames += reader.end()
    return [*found, told(frames), list(reader.feed(b"data: {}\n\n")), list(reader.end())]


def same(patterns: Patterns, pieces: Sequence[bytes], *, wants_usage: bool = True) -> KnownReader:
    """Check that both readers tell the same, piece by piece; return the one that knows."""
    known = KnownReader(patterns, functools.partial(make, wants_usage=wants_usage))
    assert read(known, pieces) == read(make(wants_usage=wants_usage), pieces)
    return known


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = sorted({min(place, len(data)) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(edges)] or [b""]


@pytest.mark.parametrize("wants_usage", [True, False])
@pytest.mark.parametrize("name", SHAPES)
def test_a_second_stream_of_a_vendor_is_known(name: str, wants_usage: bool) -> None:
    shape = SHAPES[name]
    patterns = taught(shape.stream(["Hello", " you"]), wants_usage=wants_usage)
    stream = shape.stream(["A", ' "word"', "漢字", "\n"], usage=DETAILED, identity="gen-9/other", created=1_812_345_678)
    for pieces in ([stream], [event + b"\n\n" for event in stream.split(b"\n\n")[:-1]], cut(stream, range(0, len(stream), 7))):
        assert same(patterns, pieces, wants_usage=wants_usage)._reader is None


@pytest.mark.parametrize(
    "stream",
    [
        SHAPES["plain"].stream(["a"], identity="short"),
        SHAPES["plain"].stream(["a"], identity='quo"ted-identity'),
        SHAPES["plain"].stream(["a"], created=17),
        SHAPES["plain"].stream(["a"], finish="length"),
        SHAPES["plain"].stream(["a"], usage={}),
        SHAPES["plain"].stream(["a"], usage=None),
        SHAPES["plain"].stream(["a"], usage={**USAGE, "note": "two\nlines"}),
        SHAPES["plain"].stream(["a"], usage={**USAGE, "note": "\u2028"}),
        SHAPES["plain"].stream(["a", "", "b"]),
        SHAPES["plain"].stream(["a", "\u2028"]),
        SHAPES["plain"].stream([]),
        SHAPES["plain"].stream(["a"]).replace(b"vendor-1", b"vendor-2"),
        SHAPES["plain"].stream(["a"]).replace(b'"a"', b'"a","role":"assistant"'),
        SHAPES["plain"].stream(["a"])[:-14],
        SHAPES["plain"].stream(["a"]).replace(b"\n", b"\r\n"),
        SHAPES["plain"].stream(["a", "b"]).replace(b'\n\ndata: {"id"', b'\n\n: hello\n\ndata: {"id"'),
        b"\xef\xbb\xbf" + SHAPES["plain"].stream(["a"]),
    ],
)
def test_what_is_another_stream_is_left_to_its_reader(stream: bytes) -> None:
    for size in (1, 10, 150, len(stream)):
        patterns = taught(SHAPES["plain"].stream(["Hello", " you"]))
        assert same(patterns, cut(stream, range(0, len(stream), size)))._reader is not None


@pytest.mark.parametrize("size", [1, 3, 40, 170, 1000, 100_000])
@pytest.mark.parametrize("name", [*STREAMS, *FAILURES])
def test_every_known_defect_is_told_as_ever(name: str, size: int) -> None:
    """After every stream that can be learned from was, in the same memory."""
    patterns = Patterns(make)
    for stream in [*(one.body for one in STREAMS.values()), *(body for body, _ in FAILURES.values())]:
        patterns.learn(stream)
    body = STREAMS[name].body if name in STREAMS else FAILURES[name][0]
    same(patterns, cut(body, range(0, len(body), size)))


SPOILED = st.tuples(st.sampled_from(["drop", "double", "change", "insert", "end"]), st.integers(0, 2500), st.binary(max_size=6))


@given(
    name=st.sampled_from(sorted(SHAPES)),
    wants_usage=st.booleans(),
    texts=st.lists(st.text(max_size=8), max_size=6),
    finish=st.sampled_from(["stop", "length", "tool_calls", "weird", "error"]),
    usage=st.sampled_from([USAGE, DETAILED, {"prompt_tokens": 0, "completion_tokens": 0}, {"total_tokens": 7.5}, {}, None, "none"]),
    defects=st.lists(SPOILED, max_size=2),
    cuts=st.lists(st.integers(0, 2500), max_size=12),
)
def test_any_defect_and_any_cut_is_told_as_ever(
    name: str, wants_usage: bool, texts: list[str], finish: str, usage: Any, defects: list[tuple[str, int, bytes]], cuts: list[int]
) -> None:
    shape = SHAPES[name]
    patterns = taught(shape.stream(["Hello", " you"]), shape.stream(["x"], finish="length"), wants_usage=wants_usage)
    stream = shape.stream([text.encode("utf-8", "replace").decode() for text in texts], finish=finish, usage=usage, identity="gen-9/other")
    for what, place, noise in defects:
        stream = _spoiled(stream, what, place % (len(stream) + 1), noise)
    same(patterns, cut(stream, cuts), wants_usage=wants_usage)


def _spoiled(stream: bytes, what: str, at: int, noise: bytes) -> bytes:
    if what == "drop":
        return stream[:at] + stream[at + len(noise) :]
    if what == "double":
        events = stream.split(b"\n\n")
        return b"\n\n".join([*events[: at % len(events)], *events[at % len(events) - 1 :]])
    if what == "change":
        return stream[:at] + noise + stream[at + len(noise) :]
    return stream[:at] + noise + stream[at:] if what == "insert" else stream[:at]


def test_nothing_is_held_back_longer_than_its_reader_would() -> None:
    """A client sees each text as soon as it is complete: the parts of `read` say so for every piece."""
    stream = SHAPES["plain"].stream(["one", "two"])
    known = KnownReader(taught(stream), make)
    end = stream.index(b"one") + len(b"one") + len(b'"},"finish_reason":null}]}\n\n')
    assert [frame.kind for frame in known.feed(stream[:end])] == [FrameKind.ROLE, FrameKind.CONTENT]


def test_streams_that_pass_by_are_learned_from_now_and_then() -> None:
    patterns = Patterns(make)
    shapes = [Shape(system_fingerprint=f"fp_{number}") for number in range(9)]
    for shape in shapes:
        reader = KnownReader(patterns, make)
        reader.feed(shape.stream(["one", "two"]))
    assert [patterns.open(shape.stream(["x"])) is not None for shape in shapes] == [
        True,
        True,
        False,
        True,
        False,
        False,
        False,
        True,
        False,
    ]


def test_the_last_frames_of_a_known_beginning_are_learned_too() -> None:
    patterns = taught(SHAPES["plain"].stream(["Hello"]))
    for expected in (False, True):
        reader = KnownReader(patterns, make)
        frames = reader.feed(SHAPES["plain"].stream(["a", "b"], finish="length"))
        assert frames[-1].kind is FrameKind.DONE
        assert (reader._reader is None) is expected
