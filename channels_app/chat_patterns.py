"""What is known of a vendor's chat streams before they come: the bytes of their first and last frames. Pure.

All streams of a model are the same bytes but for the vendor's id and time, the texts, and the usage. `chat_lessons` learns patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from channels_app.chat_render import DONE
from channels_app.chat_runs import Run
from channels_app.chat_usage import client_usage, read_usage
from channels_app.contract import Frame, FrameKind

# In a pattern: the vendor's id, its time, and the border between two parts.
ID, TIME, GAP = b"\x01", b"\x02", b"\x00"
IDS = rb"[A-Za-z0-9_.:/+=-]{8,200}"
TIMES = rb"[1-9][0-9]{9}"
# So many ends of one beginning, and so many beginnings of a model's streams are remembered.
MOST = 8
_DONE = Frame(FrameKind.DONE, DONE)


class Ending(NamedTuple):
    """The end of one stream: upstream's bytes before and after the usage, ours before, around and after it; empty where none comes."""

    head: bytes
    tail: bytes
    finish: bytes
    shown_head: bytes
    shown_tail: bytes

    def frames(self, data: bytes) -> list[Frame] | None:
        """Return the last frames if `data` is this end and nothing else."""
        head, tail, finish, shown_head, shown_tail = self
        if not data.startswith(head) or not data.endswith(tail):
            return None
        if not tail:
            return [Frame(FrameKind.FINISH, finish), _DONE] if len(data) == len(head) else None
        raw = plain_usage(data[len(head) : -len(tail)])
        usage = read_usage(raw)
        if usage is None:
            return None
        shown = shown_head + orjson.dumps(client_usage(raw)) + shown_tail if shown_head else b""
        return [Frame(FrameKind.FINISH, finish), Frame(FrameKind.USAGE, shown, usage=usage), _DONE]

    def may_become(self, data: bytes) -> bool:
        """Tell whether `data` is the beginning of this end, and not all of it."""
        if self.head.startswith(data):
            return data != self.head or bool(self.tail)
        rest = data[len(self.head) :]
        line = rest.find(b"\n")
        tail = b"" if line < 0 else rest[max(0, line - self.tail.find(b"\n")) :]
        return data.startswith(self.head) and tail != self.tail and self.tail.startswith(tail)


class Opened:
    """A stream whose pattern is known: how long its first frames are, what is shown for them, the run of its texts, its likeliest end."""

    __slots__ = ("_ending", "_identity", "_pattern", "_time", "run", "shown", "size")

    def __init__(self, pattern: Pattern, found: re.Match[bytes]) -> None:
        self._pattern = pattern
        self._identity, self._time = identity, time = found.group("id", "time")
        parts = pattern.marked.replace(ID, identity).replace(TIME, time).split(GAP)
        self.size = found.end()
        self.shown, start, end, shown_start, shown_end, head, tail, finish, shown_head, shown_tail = parts
        self.run = Run(start, end, shown_start, shown_end)
        self._ending = Ending(head, tail, finish, shown_head, shown_tail)

    def last(self, data: bytes) -> list[Frame] | None:
        """Return the last frames if `data` is one of the ends that are known and nothing else."""
        frames = self._ending.frames(data)
        if frames is None:
            frames = next(filter(None, (ending.frames(data) for ending in self._others())), None)
        return frames

    def may_end(self, data: bytes) -> bool:
        """Tell whether `data` is the beginning of an end."""
        return self._ending.may_become(data) or any(ending.may_become(data) for ending in self._others())

    def _others(self) -> Iterator[Ending]:
        return (Ending(*filled(ending, self._identity, self._time)) for ending in self._pattern.endings[1:])


class Pattern:
    """The streams of one model of one vendor: its first frames, and, marked, what is shown for them, the run of its texts, an end."""

    __slots__ = ("_beginning", "endings", "marked", "opening")

    def __init__(self, opening: bytes, beginning: bytes, ending: bytes) -> None:
        self.opening = _expression(opening)
        self._beginning = beginning
        self.endings = [ending]
        self.marked = beginning + GAP + ending

    def adopt(self, other: Pattern) -> bool:
        """Take the end of another pattern that begins and goes on like this one; tell whether it does."""
        if (other._beginning, other.opening) != (self._beginning, self.opening):
            return False
        new = other.endings[0]
        if new not in self.endings:
            # The end that was learned first is the likeliest, and is looked for first.
            self.endings = [*self.endings[: MOST - 1], new]
        return True


def plain_usage(spelled: bytes) -> Any:
    """Return a usage that is spelled without anything unusual; None for all others."""
    if not spelled.isascii() or b"\\" in spelled or b"\n" in spelled or b"\r" in spelled:
        return None
    try:
        return orjson.loads(spelled)
    except orjson.JSONDecodeError:
        return None


def filled(marked: bytes, identity: bytes, time: bytes) -> list[bytes]:
    """Return the parts of a pattern as one stream has them."""
    return marked.replace(ID, identity).replace(TIME, time).split(GAP)


def _expression(marked: bytes) -> re.Pattern[bytes]:
    """Return what matches a stream's beginning whose id and time stand in several places."""
    escaped = re.escape(marked)
    for mark, name, form in ((ID, b"id", IDS), (TIME, b"time", TIMES)):
        escaped = escaped.replace(mark, b"(?P<%b>%b)" % (name, form), 1).replace(mark, b"(?P=%b)" % name)
    return re.compile(escaped)
