"""Server-sent events from bytes: an incremental parser that is liberal in what vendors send.

Rules: https://html.spec.whatwg.org/multipage/server-sent-events.html, and beyond them: comments are kept, a missing last
blank line is forgiven, a bare `[DONE]` or a bare JSON object counts as data.
"""

from __future__ import annotations

from typing import NamedTuple

LINE_LIMIT = 64 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


class LineTooLong(ValueError):
    """A single line grew beyond LINE_LIMIT."""


class Event(NamedTuple):
    """One event: its data lines joined by LF, its name; or a comment's text."""

    data: bytes
    name: bytes = b""
    is_comment: bool = False


def plain(chunk: bytes) -> list[bytes] | None:
    """Return the data of a chunk that is nothing but whole events of one `data:` line each, as nearly all are; None for any other."""
    if not chunk.endswith(b"\n\n") or not chunk.startswith(b"data: ") or b"\r" in chunk:
        return None
    events = chunk[6:-2].split(b"\n\ndata: ")
    return events if chunk.count(b"\n") == 2 * len(events) and all(events) else None


class Parser:
    """Take chunks of bytes as they arrive and give the events they complete; work is per line, never per byte."""

    __slots__ = ("_after_cr", "_data", "_is_fresh", "_name", "_rest", "_rest_size")

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._rest_size = 0
        self._after_cr = False
        self._is_fresh = True
        self._data: list[bytes] = []
        self._name = b""

    @property
    def is_between(self) -> bool:
        """Tell whether nothing of the next event has come yet."""
        return not (self._rest or self._data or self._name or self._after_cr)

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events completed by `chunk`; raise LineTooLong."""
        if not chunk:
            return []
        if self.is_between and (found := plain(chunk)) is not None:
            self._is_fresh = False
            return [Event(data) for data in found]
        if self._after_cr:  # CRLF split over two chunks is one line end
            self._after_cr = False
            if chunk.startswith(b"\n"):
                chunk = chunk[1:]
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\n" not in chunk:
            self._keep(chunk)
            return []
        lines = chunk.split(b"\n")
        if self._rest:
            lines[0] = b"".join([*self._rest, lines[0]])
            self._rest.clear()
            self._rest_size = 0
        self._keep(lines.pop())
        return self._take(lines)

    def end(self) -> list[Event]:
        """Return what is left when the connection closes, with or without its last line end and blank line."""
        lines = [b"".join(self._rest), b""] if self._rest else [b""]
        self._rest.clear()
        self._rest_size = 0
        return self._take(lines)

    def _keep(self, part: bytes) -> None:
        if not part:
            return
        self._rest.append(part)
        self._rest_size += len(part)
        if self._rest_size > LINE_LIMIT:
            raise LineTooLong(f"a line is longer than {LINE_LIMIT} bytes")

    def _take(self, lines: list[bytes]) -> list[Event]:
        if self._is_fresh and lines:
            self._is_fresh = False
            lines[0] = lines[0].removeprefix(_BOM)
        events: list[Event] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif not line:
                self._dispatch(events)
            else:
                self._field(line, events)
        return events

    def _field(self, line: bytes, events: list[Event]) -> None:
        if line.startswith(b":"):
            events.append(Event(line[1:].strip(), is_comment=True))
        elif line.startswith(b"event:"):
            self._name = line[6:].strip()
        elif line.startswith((b"{", b"[DONE]")):  # some vendors forget `data:` for errors and for the end mark
            self._data.append(line)
        # `id:`, `retry:` and unknown fields mean nothing here, and clients break on them: dropped.

    def _dispatch(self, events: list[Event]) -> None:
        if self._data:
            data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
            if data:
                events.append(Event(data, self._name))
            self._data = []
        self._name = b""
