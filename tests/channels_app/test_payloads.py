"""Events that hold JSON, any chunking, and what comes in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from channels_app.contract import Failure, FailureKind
from channels_app.deltas import Broken, Comment, Delta, Done, Text
from channels_app.payloads import PayloadReader

BODY = '\r\n\r\n: hi\r\ndata:{"t":"é"}\r\n\r\ndata: nonsense\n\ndata: [1]\n\nevent: end\ndata: {"t":"!"}\n\ndata: {"t":"late"}\n\n'.encode()


class Reader(PayloadReader):
    def payload(self, payload: Mapping[str, Any], name: str) -> Iterator[Delta]:
        yield Text(payload["t"])
        if name == "end":
            yield Done()

    def whole(self, body: bytes) -> Sequence[Delta]:
        return [Broken(Failure(FailureKind.BAD_REQUEST, body.decode()))]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_any_chunking_says_the_same_and_nothing_follows_the_end(size: int) -> None:
    reader = Reader()
    found = [delta for start in range(0, len(BODY), size) for delta in reader.feed(BODY[start : start + size])] + reader.end()
    assert found == [Comment(b"hi"), Text("é"), Text("!"), Done()]


@pytest.mark.parametrize("body", [b'{"error":1}', b"  \n<html>"])
def test_a_body_in_place_of_a_stream_is_read_whole(body: bytes) -> None:
    reader = Reader()
    assert [reader.feed(body[:3]), reader.feed(body[3:])] == [[], []]
    [broken] = reader.end()
    assert isinstance(broken, Broken)
    assert broken.failure.message.encode() == body.lstrip()


def test_a_cut_is_a_failure() -> None:
    reader = Reader()
    reader.feed(b'data: {"t":"a"}\n\n')
    assert isinstance(reader.end()[-1], Broken)
    assert isinstance(Reader().end()[-1], Broken)
