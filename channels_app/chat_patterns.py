"""What is known of a vendor's chat streams before they come: the bytes of their first and last frames, learned from whole streams.

All streams of a model are the same bytes but for the vendor's id and time, the texts, and the usage. A pattern is learned by
showing the reader one stream with marks in these places, and proved by a second one with other ids, times, texts and counts: only
what the reader itself would have said is ever said in its place. Pure but for what is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from channels_app import sse
from channels_app.chat_render import DONE
from channels_app.chat_runs import Run, is_plain
from channels_app.chat_usage import client_usage, is_reported, read_usage
from channels_app.contract import Frame, FrameKind, StreamReader

# In a pattern: the vendor's id, its time, the text or the usage, and the border between two parts.
_ID, _TIME, _SLOT, _GAP = b"\x01", b"\x02", b"\x03", b"\x00"
_IDS = rb"[A-Za-z0-9_.:/+=-]{8,200}"
_TIMES = rb"[1-9][0-9]{9}"
_IS_ID = re.compile(_IDS)
_IS_TIME = re.compile(_TIMES)
# Two streams that differ in everything that may differ.
_TRIALS = ((b"trial-One.0123456789", b"1234567890", b"Wq7jK", 3), (b"chatcmpl-Zz9_/other:id", b"9876543210", b"other words", 1009))
_USAGE = re.compile(rb'"usage": ?(?=\{)')
_AWKWARD = b"\n\r\\"
_MOST_PATTERNS = 8


class Maker(Protocol):
    """Makes the reader of one stream."""

    def __call__(self, *, request_id: str, created: int) -> StreamReader: ...


class Ending(NamedTuple):
    """The end of one stream: upstream's bytes before and after the usage, ours before, around and after it; empty where none comes."""

    head: bytes
    tail: bytes
    finish: bytes
    shown_head: bytes
    shown_tail: bytes

    def frames(self, data: bytes) -> list[Frame] | None:
        """Return the last frames if `data` is this end and nothing else."""
        if not data.startswith(self.head) or not data.endswith(self.tail):
            return None
        frames = [Frame(FrameKind.FINISH, self.finish)]
        if self.tail:
            spelled = data[len(self.head) : len(data) - len(self.tail)]
            usage = _usage(spelled)
            if usage is None:
                return None
            shown = self.shown_head + orjson.dumps(client_usage(usage)) + self.shown_tail if self.shown_head else b""
            frames.append(Frame(FrameKind.USAGE, shown, usage=read_usage(usage)))
        elif len(data) != len(self.head):
            return None
        frames.append(Frame(FrameKind.DONE, DONE))
        return frames

    def may_become(self, data: bytes) -> bool:
        """Tell whether `data` is the beginning of this end, and not all of it."""
        if self.head.startswith(data):
            return data != self.head or bool(self.tail)
        rest = data[len(self.head) :]
        line = rest.find(b"\n")
        tail = b"" if line < 0 else rest[max(0, line - self.tail.find(b"\n")) :]
        return data.startswith(self.head) and tail != self.tail and self.tail.startswith(tail)


class Opened(NamedTuple):
    """A stream whose pattern is known: how long its first frames are, what is shown for them, the run of its texts, its ends."""

    size: int
    shown: bytes
    run: Run
    pattern: Pattern
    identity: bytes
    time: bytes

    def endings(self) -> list[Ending]:
        """Return the ends that are known, in this stream's own bytes."""
        return [Ending(*_filled(ending, self.identity, self.time)) for ending in self.pattern.endings]


class Pattern:
    """The streams of one model of one vendor."""

    __slots__ = ("_beginning", "_opening", "endings")

    def __init__(self, opening: bytes, beginning: bytes, ending: bytes) -> None:
        self._beginning = beginning  # what is shown of the opening, then the four parts of the run
        self._opening = _expression(opening)
        self.endings = [ending]

    def open(self, chunk: bytes) -> Opened | None:
        """Return what is known of the stream that begins with `chunk`; None where it begins otherwise."""
        found = self._opening.match(chunk)
        if found is None:
            return None
        identity, time = found.group("id", "time")
        shown, *parts = _filled(self._beginning, identity, time)
        return Opened(found.end(), shown, Run(*parts), self, identity, time)

    def adopt(self, other: Pattern) -> bool:
        """Take the end of another pattern that begins and goes on like this one; tell whether it does."""
        if (other._beginning, other._opening) != (self._beginning, self._opening):
            return False
        if other.endings[0] not in self.endings:
            self.endings = [other.endings[0], *self.endings][:_MOST_PATTERNS]
        return True


class Patterns:
    """The patterns of one model; `make` makes the reader that is asked what they come to. Streams to learn from grow rare: 1, 2, 4, 8, …"""

    def __init__(self, make: Maker) -> None:
        self._make = make
        self._patterns: list[Pattern] = []
        self._strangers = 0

    def open(self, chunk: bytes) -> Opened | None:
        """Return what is known of the stream that begins with `chunk`, or None."""
        for pattern in self._patterns:
            if (opened := pattern.open(chunk)) is not None:
                return opened
        return None

    def wants_lesson(self) -> bool:
        """Count a stream that is not known; tell whether it is to be learned from."""
        self._strangers += 1
        return self._strangers & (self._strangers - 1) == 0

    def learn(self, data: bytes) -> bool:
        """Learn from a complete stream; tell whether there was something to learn."""
        pattern = learned(data, self._make)
        if pattern is None:
            return False
        if not any(known.adopt(pattern) for known in self._patterns):
            self._patterns = [pattern, *self._patterns][:_MOST_PATTERNS]
        return True


class _Parts(NamedTuple):
    """A stream taken apart, with marks in place of what varies."""

    opening: bytes
    text: bytes  # one event of text
    head: bytes
    tail: bytes
    usage: dict[str, Any]

    def trial(self, identity: bytes, time: bytes, text: bytes, number: int) -> tuple[bytes, bytes, bytes, dict[str, Any]]:
        """Return a stream like it: its opening, an event of text, its end; and the usage in it."""
        usage = _changed(self.usage, number)
        end = self.head + (orjson.dumps(usage) if self.tail else b"") + self.tail
        opening, event, ending = _filled(_GAP.join((self.opening, self.text.replace(_SLOT, text), end)), identity, time)
        return opening, event, ending, usage


def learned(data: bytes, make: Maker) -> Pattern | None:
    """Return the pattern of a complete stream, proved; None where there is none."""
    parts = _taken_apart(data)
    if parts is None:
        return None
    pattern = _pattern(parts, make)
    if pattern is None:
        return None
    is_proved = all(_is_true(pattern, parts, trial, make) for trial in _TRIALS)
    return pattern if is_proved else None


def _taken_apart(data: bytes) -> _Parts | None:
    events = sse.plain(data)
    if not events or events[-1] != b"[DONE]" or any(mark in data for mark in (_ID, _TIME, _SLOT, _GAP)):
        return None
    texts = [_text(event) for event in events]
    first = next((at for at, text in enumerate(texts) if text), 0)
    if not first:
        return None
    last = next((at for at, text in enumerate(texts[first:], first) if not text), len(texts))
    chunk: Any = orjson.loads(events[first])
    identity, time = str(chunk.get("id")).encode(), str(chunk.get("created")).encode()
    if not _IS_ID.fullmatch(identity) or not _IS_TIME.fullmatch(time):
        return None
    spelled = orjson.dumps(texts[first])
    if events[first].count(spelled) != 1:
        return None
    opening, ending = (b"".join([b"data: " + event + b"\n\n" for event in part]) for part in (events[:first], events[last:]))
    text = b"data: " + events[first].replace(spelled, b'"' + _SLOT + b'"') + b"\n\n"
    marked = _GAP.join((opening, text, ending)).replace(identity, _ID).replace(time, _TIME)
    opening, text, ending = marked.split(_GAP)
    if _ID not in opening or _TIME not in opening or _USAGE.search(opening + text):
        return None  # of usage that is told several times the last one that is not zero counts
    return _Parts(opening, text, *_around_usage(ending))


def _around_usage(ending: bytes) -> tuple[bytes, bytes, dict[str, Any]]:
    """Return what stands before and after the usage in the last frames, and the usage; all of it and nothing where there is none."""
    found = _USAGE.search(ending)
    at = end = found.end() if found else len(ending)
    while (end := ending.find(b"}", end) + 1) > 0:
        usage = _usage(ending[at:end])
        if usage is not None:
            return ending[:at], ending[end:], usage
    return ending, b"", {}


def _pattern(parts: _Parts, make: Maker) -> Pattern | None:
    """Ask the reader what it makes of a stream, and mark the places of the vendor's id, its time and the usage in that."""
    identity, time, text, number = _TRIALS[0]
    opening, event, ending, usage = parts.trial(identity, time, text, number)
    reader = make(request_id="first", created=1)
    shown = [reader.feed(opening), reader.feed(event), reader.feed(ending)]
    kinds = [[frame.kind for frame in frames] for frames in shown]
    told = [FrameKind.FINISH, *([FrameKind.USAGE] if parts.tail else []), FrameKind.DONE]
    if any(kind is not FrameKind.ROLE for kind in kinds[0]) or kinds[1:] != [[FrameKind.CONTENT], told]:
        return None
    start, _, end = parts.text.partition(_SLOT)
    shown_start, has_text, shown_end = shown[1][0].data.rpartition(text)
    shown_head, has_usage, shown_tail = shown[2][1].data.partition(orjson.dumps(client_usage(usage)))
    if not has_text or (parts.tail and bool(shown[2][1].data) != bool(has_usage)):
        return None
    ours = (b"".join([frame.data for frame in shown[0]]), shown_start, shown_end, shown[2][0].data)
    if not parts.tail:
        shown_head = shown_tail = b""
    marked = _GAP.join((*ours, shown_head, shown_tail)).replace(identity, _ID).replace(time, _TIME)
    opened, shown_start, shown_end, finish, shown_head, shown_tail = marked.split(_GAP)
    return Pattern(
        parts.opening,
        _GAP.join((opened, start, end, shown_start, shown_end)),
        _GAP.join((parts.head, parts.tail, finish, shown_head, shown_tail)),
    )


def _is_true(pattern: Pattern, parts: _Parts, trial: tuple[bytes, bytes, bytes, int], make: Maker) -> bool:
    """Tell whether the reader says of a trial what the pattern says."""
    opening, event, ending, _ = parts.trial(*trial)
    reader = make(request_id=trial[2].decode(), created=trial[3])
    expected = [*reader.feed(opening), *reader.feed(event), *reader.feed(ending)]
    opened = pattern.open(opening + event)
    if opened is None or opened.size != len(opening):
        return False
    taken = opened.run.take(event)
    last = opened.endings()[0].frames(ending)
    if taken is None or taken.rest or last is None:
        return False
    found = [Frame(FrameKind.ROLE, opened.shown), Frame(FrameKind.CONTENT, taken.shown, taken.delivered), *last]
    return _said(found) == _said(expected)


def _said(frames: Sequence[Frame]) -> object:
    """Return what frames come to for the relay, however many say it."""
    kinds = {kind: b"".join([frame.data for frame in frames if frame.kind is kind]) for kind in FrameKind}
    return kinds, b"".join([frame.data for frame in frames]), sum([frame.delivered for frame in frames]), frames[-2].usage


def _text(event: bytes) -> str:
    """Return the text of an event that is nothing but more text of choice 0; empty for all others."""
    try:
        chunk = orjson.loads(event)
        choices = chunk["choices"]
        return str(choices[0]["delta"]["content"]) if len(choices) == 1 and is_plain(choices[0], (0,)) else ""
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return ""


def _usage(spelled: bytes) -> dict[str, Any] | None:
    """Return a usage that says something and that is spelled without anything unusual; None for all others."""
    if not spelled.isascii() or len(spelled.translate(None, _AWKWARD)) != len(spelled):
        return None
    try:
        usage = orjson.loads(spelled)
    except orjson.JSONDecodeError:
        return None
    return usage if is_reported(usage) else None


def _changed(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {name: _changed(one, number) for name, one in value.items()}
    return value + number if type(value) is int else value


def _filled(marked: bytes, identity: bytes, time: bytes) -> list[bytes]:
    return marked.replace(_ID, identity).replace(_TIME, time).split(_GAP)


def _expression(marked: bytes) -> re.Pattern[bytes]:
    """Return what matches a stream's beginning whose id and time stand in several places."""
    escaped = re.escape(marked)
    for mark, name, form in ((_ID, b"id", _IDS), (_TIME, b"time", _TIMES)):
        escaped = escaped.replace(mark, b"(?P<%b>%b)" % (name, form), 1).replace(mark, b"(?P=%b)" % name)
    return re.compile(escaped)
