"""Read chat streams whose frames are known beforehand; hand all others to their reader, as if it had read them from the beginning.

A known stream is taken as long as it goes on as its pattern says. What is not complete yet waits: nothing of it could be shown.
With the first bytes that are anything else the reader is shown the stream's beginning anew, and reads on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from channels_app.chat_lessons import Patterns
from channels_app.chat_patterns import Opened
from channels_app.contract import Frame, FrameKind, StreamReader

# More than this is not waited for; longer streams teach nothing.
_MOST_WAITING = 64 * 1024
_MOST_LEARNED = 256 * 1024
_LINE = b"data: {"

Make = Callable[[], StreamReader]


class KnownReader:
    """Reads one stream; `make` makes its reader where the stream is not known."""

    __slots__ = ("_event", "_is_over", "_make", "_opened", "_opening", "_patterns", "_reader", "_record", "_size", "_waiting")

    def __init__(self, patterns: Patterns, make: Make) -> None:
        self._patterns = patterns
        self._make = make
        self._is_over = False
        self._opened: Opened | None = None
        self._opening = b""  # upstream's first frames, and one of text: what the reader is shown if it has to go on
        self._event = b""
        self._waiting = b""
        self._reader: StreamReader | None = None
        self._record: list[bytes] | None = None
        self._size = 0

    def feed(self, chunk: bytes) -> Sequence[Frame]:
        """Take bytes as they arrive; return the frames they complete."""
        if self._reader is not None:
            return self._read(self._reader, chunk)
        if self._is_over:
            return ()
        if self._waiting:
            chunk = self._waiting + chunk
        frames: list[Frame] = []
        opened = self._opened
        if opened is None:
            opened = self._opened = self._patterns.open(chunk)
            if opened is None:
                if _is_begun(chunk):
                    self._waiting = chunk
                    return frames
                return self._hand_over(chunk, frames)
            self._opening, chunk = chunk[: opened.size], chunk[opened.size :]
            frames.append(Frame(FrameKind.ROLE, opened.shown))
        return self._go_on(opened, chunk, frames)

    def end(self) -> Sequence[Frame]:
        """Say that upstream closed the connection; return what is left, ending in DONE or in ERROR."""
        if self._is_over:
            return ()
        frames: list[Frame] = []
        if self._reader is None:
            self._hand_over(self._waiting, frames)
        if self._reader is not None:
            frames += self._reader.end()
        self._is_over = True
        return frames

    def _go_on(self, opened: Opened, chunk: bytes, frames: list[Frame]) -> Sequence[Frame]:
        """Take a run of texts and the end; keep what is not complete."""
        run = opened.run
        if chunk.startswith(run.start) and (taken := run.take(chunk)) is not None:
            if not self._event:
                self._event = chunk[: chunk.index(b"\n\n") + 2]
            frames.append(Frame(FrameKind.CONTENT, taken.shown, taken.delivered, events=taken.events))
            chunk = taken.rest
        self._waiting = chunk
        if not chunk:
            return frames
        if self._event:
            if (last := opened.last(chunk)) is not None:
                self._is_over = True
                frames += last
                return frames
            if len(chunk) < _MOST_WAITING and opened.may_end(chunk):
                return frames
        if b"\n\n" not in chunk and len(chunk) < _MOST_WAITING and (run.start.startswith(chunk) or chunk.startswith(run.start)):
            return frames
        return self._hand_over(chunk, frames)

    def _hand_over(self, chunk: bytes, frames: list[Frame]) -> Sequence[Frame]:
        """Let the reader go on from here; learn from what it reads, now and then."""
        reader = self._reader = self._make()
        beginning = self._opening + self._event
        self._waiting = b""
        if self._patterns.wants_lesson():
            self._record = [beginning]
        if beginning:
            reader.feed(self._opening)
            reader.feed(self._event)
        frames += self._read(reader, chunk)
        return frames

    def _read(self, reader: StreamReader, chunk: bytes) -> Sequence[Frame]:
        frames = reader.feed(chunk)
        if self._record is not None:
            self._record.append(chunk)
            self._size += len(chunk)
            if self._size > _MOST_LEARNED:
                self._record = None
            elif frames and frames[-1].kind is FrameKind.DONE:
                self._patterns.learn(b"".join(self._record))
                self._record = None
        return frames


def _is_begun(chunk: bytes) -> bool:
    """Tell whether a chunk is the beginning of a first line, and may yet become known."""
    return (
        (chunk.startswith(_LINE) or _LINE.startswith(chunk))
        and b"\n" not in chunk[:-1]
        and b"\r" not in chunk
        and len(chunk) < _MOST_WAITING
    )
