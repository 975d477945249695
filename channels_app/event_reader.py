"""The frame of every reader of server-sent events but OpenAI's: events, comments, a JSON body where a stream was expected, the end.

Derive from it, say what an event means in `on_event`, what a body that is no stream means in `on_body`, and whether all was
said in `on_end`. `T` is Delta or Frame. Lines are split on LF, CR and CRLF only; any chunking gives the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from channels_app import failures, lenient, sse
from channels_app.contract import Failure, FailureKind

T = TypeVar("T")
_BLANK = b" \t\r\n\xef\xbb\xbf"
CUT = "upstream cut the stream before its end"


class EventStreamReader(Generic[T]):
    """Read one stream. `is_over` once everything was said, or the stream broke."""

    def __init__(self) -> None:
        self.is_over = False
        self._parser = sse.Parser()
        self._head = b""
        self._is_events = False
        self._body: list[bytes] | None = None
        self._size = 0

    def on_event(self, name: str, payload: Any, data: bytes) -> Sequence[T]:
        """Return what an event says: its name (may be empty), its decoded data, and the data as it came."""
        raise NotImplementedError

    def on_comment(self, text: bytes) -> Sequence[T]:
        """Return what a sign of life comes to."""
        return ()

    def on_body(self, body: bytes) -> Sequence[T]:
        """Return what a complete body in place of a stream says; ends the stream."""
        raise NotImplementedError

    def on_end(self) -> Sequence[T]:
        """Return what is left to say when upstream closes the connection before the protocol's end mark."""
        raise NotImplementedError

    def on_failure(self, failure: Failure) -> Sequence[T]:
        """Return how a broken stream ends."""
        raise NotImplementedError

    def feed(self, chunk: bytes) -> list[T]:
        """Take bytes as they arrive; return what they say."""
        found: list[T] = []
        if self.is_over or not chunk:
            return found
        if self._body is not None:
            return self._collect(self._body, chunk)
        if not self._is_events:
            chunk = self._sniff(chunk)
        try:
            self._take(self._parser.feed(chunk), found)
        except sse.LineTooLong as error:
            found += self.fail(Failure(FailureKind.UPSTREAM, str(error)))
        return found

    def end(self) -> list[T]:
        """Say that upstream closed the connection; return what is left."""
        found: list[T] = []
        if self.is_over:
            return found
        if self._body is not None:
            found += self.on_body(b"".join(self._body).strip(_BLANK))
        else:
            self._take([] if self._is_events else self._parser.feed(self._head), found)
            self._take(self._parser.end(), found)
            if not self.is_over:
                found += self.on_end()
        self.is_over = True
        return found

    def fail(self, failure: Failure) -> Sequence[T]:
        """End the stream: it broke."""
        self.is_over = True
        return self.on_failure(failure)

    def complain(self, payload: object) -> Sequence[T]:
        """End the stream by the error inside a payload."""
        complaint = failures.find(payload)
        return self.fail(failures.of_complaint(complaint) if complaint else Failure(FailureKind.UPSTREAM, "upstream sent an error"))

    def _take(self, events: Sequence[sse.Event], found: list[T]) -> None:
        for event in events:
            if self.is_over:
                return
            if event.is_comment:
                found += self.on_comment(event.data)
            elif not event.data.startswith(b"[DONE]"):
                try:
                    payload = lenient.loads(event.data)
                except ValueError:
                    continue
                found += self.on_event(event.name.decode("latin-1"), payload, event.data)

    def _sniff(self, chunk: bytes) -> bytes:
        """Return the bytes for the event parser; b"" while it is unclear, or known that this is another kind of body."""
        self._head += chunk
        start = self._head.lstrip(_BLANK)
        if not start:
            return b""
        head, self._head = self._head, b""
        if start[:1] in b"{[<":
            self._body = [head]
            return b""
        self._is_events = True
        return head

    def _collect(self, parts: list[bytes], chunk: bytes) -> list[T]:
        parts.append(chunk)
        self._size += len(chunk)
        if self._size > sse.LINE_LIMIT:
            return list(self.fail(Failure(FailureKind.UPSTREAM, "upstream's answer is too long")))
        return []


def decoded(body: bytes) -> object:
    """Return a body's JSON, or None where it is none."""
    try:
        return lenient.loads(body)
    except ValueError:
        return None


def refusal(body: bytes) -> Failure:
    """Return the failure behind a body with a 2xx status that holds no answer."""
    complaint = failures.find(decoded(body))
    if complaint is not None:
        return failures.of_complaint(complaint)
    is_html = body[:200].lstrip().startswith(b"<")
    return Failure(FailureKind.UPSTREAM, "upstream returned HTML" if is_html else "upstream sent nothing that is an answer")
