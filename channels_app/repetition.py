"""End a stream that says the same piece over and over: a model in a loop goes on, and is paid for, up to its limit.

Pieces are told apart by their size first, so that ordinary streams cost next to nothing; what is told beside them (numbers of
events, padding, counts so far) is no part of a piece. Two bytes or less may be repeated as they like: lines, spaces, tables.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from channels_app.contract import Failure, FailureKind, Frame, FrameKind, StreamReader

MOST = 100
CODE = "answer_repeats"
_SHORTEST = 3
_NONE = sys.maxsize
_END = b"\n\n"
# In JSON a quotation mark inside a text is escaped: these are members, never words of the answer.
_ASIDE = re.compile(
    rb'"(?:sequence_number|obfuscation|usageMetadata|usage)":\s*(?:\d+|"[^"]*"|\{(?:[^{}]|\{[^{}]*\})*\})'  # one level below is enough
)


class Watch:
    """A reader whose stream ends in an ERROR frame after `most` equal pieces in a row."""

    def __init__(self, inner: StreamReader, *, most: int = MOST) -> None:
        self._inner = inner
        self._most = most
        self._size = _NONE  # of the piece that may be repeated, which is `_piece`, or the last in `_data`
        self._data = b""
        self._piece: bytes | None = None
        self._count = 0
        self._has_aside: bool | None = None  # all of a stream's events have something beside the piece, or none

    def feed(self, chunk: bytes) -> Sequence[Frame]:
        """Take bytes as they arrive; return the frames they complete."""
        return self._watched(self._inner.feed(chunk))

    def end(self) -> Sequence[Frame]:
        """Say that upstream closed the connection; return what is left."""
        return self._watched(self._inner.end())

    def _watched(self, frames: Sequence[Frame]) -> Sequence[Frame]:
        for place, frame in enumerate(frames):
            size = frame.delivered
            if size < _SHORTEST:
                if size:
                    self._size = _NONE
            elif size % self._size or not self._goes_on(frame):
                self._begin(frame)
            elif self._count >= self._most:
                failure = Failure(FailureKind.UPSTREAM, f"upstream said the same {self._count} times", code=CODE)
                return [*frames[: place + 1], Frame(FrameKind.ERROR, failure=failure)]
        return frames

    def _begin(self, frame: Frame) -> None:
        """Take a frame for the first of its kind; a run of equal pieces for as many of them."""
        self._data, self._piece, self._size, self._count = frame.data, None, frame.delivered, 1
        many = frame.events or frame.data.count(_END)
        if many > 1:
            self._data = frame.data[frame.data.rfind(_END, 0, -len(_END)) + len(_END) :]
        if many > 1 and frame.delivered % many == 0:
            pieces = _pieces(frame.data)
            if pieces.count(pieces[0]) == len(pieces):
                size = frame.delivered // many
                self._piece, self._size, self._count = pieces[0], size if size >= _SHORTEST else _NONE, many

    def _goes_on(self, frame: Frame) -> bool:
        """Tell whether a frame is the same piece again, or several times, and count it."""
        if self._has_aside is None:
            self._has_aside = _ASIDE.search(frame.data) is not None
        if not self._has_aside:
            times = frame.delivered // self._size
            is_same = frame.data == (self._data if times == 1 else self._data * times)
            self._count += times if is_same else 0
            return is_same
        if self._piece is None:
            self._piece = _pieces(self._data)[-1]
        pieces = _pieces(frame.data)
        if pieces.count(self._piece) != len(pieces) or len(pieces) * self._size != frame.delivered:
            return False
        self._count += len(pieces)
        return True


def _pieces(data: bytes) -> list[bytes]:
    return _ASIDE.sub(b"", data.removesuffix(_END)).split(_END)
