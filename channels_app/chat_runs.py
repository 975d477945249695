"""Pass runs of plain text chunks through in one go: same bytes around another text, as nearly all chunks of a stream are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Self

import orjson

_OPENINGS = (b'"content":', b'"content": ')
_PREFIX, _END = b"data: ", b"\n\n"
# What may not stand in a JSON string as it is.
_SPECIAL = bytes(range(32)) + b'"\\'
# These are escaped for clients that split lines at them.
_SEPARATORS = (b"\xe2\x80\xa8", b"\xe2\x80\xa9", b"\xc2\x85")


class Taken(NamedTuple):
    """What a run came to: the bytes for the client, the size of the text in them, how many events they are, and what follows the run."""

    shown: bytes
    delivered: int
    events: int
    rest: bytes


class Run:
    """The bytes around the text of a chunk that was read in full, upstream's and ours."""

    __slots__ = ("_end", "_joint", "_shown_end", "_shown_joint", "_shown_start", "start")

    def __init__(self, start: bytes, end: bytes, shown_start: bytes, shown_end: bytes) -> None:
        self.start = start
        self._end = end
        self._joint = end + start
        self._shown_start = shown_start
        self._shown_end = shown_end
        self._shown_joint = shown_end + shown_start

    @classmethod
    def learn(cls, data: bytes, text: str, shown: bytes) -> Self | None:
        """Learn from one chunk: its data, the text in its delta, the event that is shown for it; None where it is no pattern."""
        spelled = orjson.dumps(text)
        for opening in _OPENINGS:
            member = opening + spelled
            if data.count(member) == 1 and shown.count(member) == 1 and b"\n" not in data:
                before, after = data.split(member)
                shown_before, shown_after = shown.split(member)
                if not _is_text_of(before + opening + orjson.dumps(text + "x") + after, text + "x"):
                    return None
                opened = opening + b'"'
                return cls(_PREFIX + before + opened, b'"' + after + _END, shown_before + opened, b'"' + shown_after)
        return None

    def take(self, chunk: bytes) -> Taken | None:
        """Take the run at the beginning of `chunk`, which starts with `start`; None when there is none."""
        texts, rest = self._texts(chunk)
        delivered = _size(texts)
        if not delivered:
            return None
        return Taken(self._shown_start + self._shown_joint.join(texts) + self._shown_end, delivered, len(texts), rest)

    def _texts(self, chunk: bytes) -> tuple[list[bytes], bytes]:
        """Return the texts of the run, and what follows it."""
        skip = len(self.start)
        *pieces, rest = chunk.split(self._end)
        texts = [piece[skip:] for piece in pieces]
        # Looking for the long joint takes three times as long; if the texts come to the chunk again, it would have found the same.
        if texts and chunk.startswith(self._joint.join(texts), skip):
            return texts, rest
        texts = chunk[skip:].split(self._joint)
        last, end, rest = texts.pop().partition(self._end)
        return ([*texts, last], rest) if end else (texts, self.start + last)


def is_plain(choice: object, opened: Collection[int]) -> bool:
    """Tell whether a choice is what nearly all are: more text of an opened choice, and nothing to repair. Saves half the time."""
    if type(choice) is not dict or choice.get("finish_reason") is not None or choice.get("index") not in opened:
        return False
    delta = choice.get("delta")
    if type(delta) is not dict or len(delta) != 1 or type(choice["index"]) is not int:
        return False
    text = delta.get("content")
    return type(text) is str and text != ""


def _size(texts: Sequence[bytes]) -> int:
    """Return the bytes of text in the inner parts of JSON strings; 0 if one of them is empty or none."""
    if not texts or not all(texts):
        return 0
    whole = b" ".join(texts)
    if not whole.isascii() and any(separator in whole for separator in _SEPARATORS):
        return 0
    if len(whole.translate(None, _SPECIAL)) == len(whole):
        return len(whole) - len(texts) + 1 if whole.isascii() or _is_utf8(whole) else 0
    try:
        return sum([len(orjson.loads(b'"%b"' % text).encode()) for text in texts])
    except orjson.JSONDecodeError:
        return 0


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_text_of(data: bytes, text: str) -> bool:
    try:
        chunk: Any = orjson.loads(data)
        return bool(chunk["choices"][0]["delta"] == {"content": text})
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return False
