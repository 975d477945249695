"""Learn what a vendor's chat streams look like, and prove it; remember it for the next ones. Pure but for what is remembered.

A pattern is learned by showing the reader one stream with marks in the places that vary, and proved by two others with other ids,
times, texts and counts: only what the reader itself would have said is ever said in its place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from channels_app import sse
from channels_app.chat_patterns import GAP, ID, IDS, MOST, TIME, TIMES, Opened, Pattern, filled, plain_usage
from channels_app.chat_runs import is_plain
from channels_app.chat_usage import client_usage, is_reported
from channels_app.contract import Frame, FrameKind, StreamReader

_SLOT = b"\x03"  # a text
_IS_ID = re.compile(IDS)
_IS_TIME = re.compile(TIMES)
# Two streams that differ in everything that may differ.
_TRIALS = ((b"trial-One.0123456789", b"1234567890", b"Wq7jK", 3), (b"chatcmpl-Zz9_/other:id", b"9876543210", b"other words", 1009))
_USAGE = re.compile(rb'"usage": ?(?=\{)')


class Maker(Protocol):
    """Makes the reader of one stream."""

    def __call__(self, *, request_id: str, created: int) -> StreamReader: ...


class Patterns:
    """The patterns of one model; `make` makes the reader that is asked what they come to. Streams to learn from grow rare: 1, 2, 4, 8, …"""

    def __init__(self, make: Maker) -> None:
        self._make = make
        self._patterns: list[Pattern] = []
        self._strangers = 0

    def open(self, chunk: bytes) -> Opened | None:
        """Return what is known of the stream that begins with `chunk`, or None."""
        for pattern in self._patterns:
            if (found := pattern.opening.match(chunk)) is not None:
                return Opened(pattern, found)
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
            self._patterns = [pattern, *self._patterns][:MOST]
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
        opening, event, ending = filled(GAP.join((self.opening, self.text.replace(_SLOT, text), end)), identity, time)
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
    if not events or events[-1] != b"[DONE]" or any(mark in data for mark in (ID, TIME, _SLOT, GAP)):
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
    marked = GAP.join((opening, text, ending)).replace(identity, ID).replace(time, TIME)
    opening, text, ending = marked.split(GAP)
    if ID not in opening or TIME not in opening or _USAGE.search(opening + text):
        return None  # of usage that is told several times the last one that is not zero counts
    return _Parts(opening, text, *_around_usage(ending))


def _around_usage(ending: bytes) -> tuple[bytes, bytes, dict[str, Any]]:
    """Return what stands before and after the usage in the last frames, and the usage; all of it and nothing where there is none."""
    found = _USAGE.search(ending)
    at = end = found.end() if found else len(ending)
    while (end := ending.find(b"}", end) + 1) > 0:
        usage = plain_usage(ending[at:end])
        if is_reported(usage):
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
    marked = GAP.join((*ours, shown_head, shown_tail)).replace(identity, ID).replace(time, TIME)
    opened, shown_start, shown_end, finish, shown_head, shown_tail = marked.split(GAP)
    return Pattern(
        parts.opening,
        GAP.join((opened, start, end, shown_start, shown_end)),
        GAP.join((parts.head, parts.tail, finish, shown_head, shown_tail)),
    )


def _is_true(pattern: Pattern, parts: _Parts, trial: tuple[bytes, bytes, bytes, int], make: Maker) -> bool:
    """Tell whether the reader says of a trial what the pattern says."""
    opening, event, ending, _ = parts.trial(*trial)
    reader = make(request_id=trial[2].decode(), created=trial[3])
    expected = [*reader.feed(opening), *reader.feed(event), *reader.feed(ending)]
    found = pattern.opening.match(opening + event)
    if found is None or found.end() != len(opening):
        return False
    opened = Opened(pattern, found)
    taken = opened.run.take(event)
    last = opened.last(ending)
    if taken is None or taken.rest or last is None:
        return False
    told = [Frame(FrameKind.ROLE, opened.shown), Frame(FrameKind.CONTENT, taken.shown, taken.delivered, events=taken.events), *last]
    return _said(told) == _said(expected)


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


def _changed(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {name: _changed(one, number) for name, one in value.items()}
    return value + number if type(value) is int else value
