"""Read an event stream whose events are JSON objects of a vendor's own shape, and what may come in its place. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from channels_app import lenient, sse
from channels_app.contract import Failure, FailureKind
from channels_app.deltas import Broken, Comment, Delta, Done

_BLANK = b" \t\r\n\xef\xbb\xbf"


class PayloadReader:
    """Derive `payload`: the deltas of one event; and `whole`: those of a JSON body that came instead of a stream.

    Nothing follows Done or Broken. A stream that ends without either is cut, unless `is_complete`.
    """

    def __init__(self) -> None:
        self._parser = sse.Parser()
        self._head: bytes | None = b""  # what came before it is known whether this is an event stream
        self._body: list[bytes] | None = None
        self._is_over = False
        self.is_complete = False

    def payload(self, payload: Mapping[str, Any], name: bytes) -> Iterator[Delta]:
        """Yield what one event says; `name` is the event's."""
        raise NotImplementedError

    def whole(self, body: bytes) -> Sequence[Delta]:
        """Return what a JSON body says: mostly an error."""
        raise NotImplementedError

    def feed(self, chunk: bytes) -> list[Delta]:
        """Take bytes as they arrive; return what they say."""
        if self._body is not None:
            self._body.append(chunk)
            return []
        if self._head is not None:
            chunk = self._sniff(chunk)
        return self._until_over(self._events(self._parser.feed(chunk)))

    def end(self) -> list[Delta]:
        """Say that upstream closed the connection; return what is left."""
        if self._body is not None:
            return self._until_over(iter(self.whole(b"".join(self._body))))
        found = self._until_over(self._events(self._parser.end()))
        if not self._is_over:
            cut = Failure(FailureKind.UPSTREAM, "upstream cut the stream before its end")
            found += self._until_over(iter([Done() if self.is_complete else Broken(cut)]))
        return found

    def _sniff(self, chunk: bytes) -> bytes:
        start = ((self._head or b"") + chunk).lstrip(_BLANK)
        if not start:
            return b""
        self._head = None
        if start[:1] in b"{<[":
            self._body = [start]
            return b""
        return start

    def _events(self, events: Sequence[sse.Event]) -> Iterator[Delta]:
        for event in events:
            if event.is_comment:
                yield Comment(event.data)
                continue
            try:
                payload = lenient.loads(event.data)
            except ValueError:
                continue
            if isinstance(payload, dict):
                yield from self.payload(payload, event.name)

    def _until_over(self, deltas: Iterator[Delta]) -> list[Delta]:
        found: list[Delta] = []
        while not self._is_over and (delta := next(deltas, None)) is not None:
            found.append(delta)
            self._is_over = isinstance(delta, Done | Broken)
        return found
