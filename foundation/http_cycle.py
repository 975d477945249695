"""One request and its answer behind our HTTP/1.1 protocol: an answer's head goes out with its first bytes, a body is joined once.

An application may take a body and answer without ASGI's messages: see `direct`.
Raises RuntimeError, as uvicorn does, for messages that ASGI does not allow. See ADR 0019 and 0023.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import HEADER_RE, STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

# Larger ones are not copied behind their head.
_JOINED_BYTES = 64 * 1024
# What may stand in a header's value; one pass over all of them costs less than a search in each.
_FINE = bytes({9, *range(256)} - {*range(9), *range(10, 32), 127})
_LENGTH, _CODING, _CONNECTION = b"content-length: ", b"transfer-encoding: ", b"connection: "
_SPECIAL = frozenset({_LENGTH, _CODING, _CONNECTION})


class Cycle(RequestResponseCycle):
    """One request and its answer. What has come of the body lies in `parts`, `unread` bytes of it.

    `on_gone` is called when the client hangs up before it has the whole answer.
    """

    def __init__(self, protocol: HttpToolsProtocol, *, keep_alive: bool) -> None:
        # RequestResponseCycle.__init__ is deliberately not called: it takes each of these by name, and some that we have no use for.
        self.scope = protocol.scope
        self.transport = protocol.transport
        self.flow = protocol.flow
        self.logger = protocol.logger
        self.default_headers = protocol.server_state.default_headers
        self.on_response = protocol.on_response_complete
        self.disconnected = False
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = protocol.expect_100_continue
        self.more_body = True
        self.response_started = False
        self.response_complete = False
        self.chunked_encoding = None
        self.expected_content_length = 0
        self.parts: list[bytes] = []
        self.unread = 0
        self.on_gone: Callable[[], None] | None = None
        self._head = b""
        self._has_news = False
        self._waiters: set[asyncio.Future[None]] | None = None

    @property
    def message_event(self) -> Cycle:  # type: ignore[override]  # uvicorn's has an asyncio.Event, and does nothing with it but set it
        """Return what tells that something has come."""
        return self

    def set(self) -> None:
        """Note that something has come: bytes, the body's end, the answer's, or the connection's."""
        self._has_news = True
        for waiter in self._waiters or ():
            if not waiter.done():
                waiter.set_result(None)

    async def _news(self) -> None:
        """Wait until something has come."""
        self._waiters = self._waiters or set()
        if not self._has_news:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)
        self._has_news = False

    async def receive(self) -> Any:
        """Return what has come of the body since the last time, waiting for it if need be; or that the client has gone."""
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiting_for_100_continue = False
        if not self.disconnected and not self.response_complete:
            self.flow.resume_reading()
            await self._news()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        parts, self.parts, self.unread = self.parts, [], 0
        return {"type": "http.request", "body": parts[0] if len(parts) == 1 else b"".join(parts), "more_body": self.more_body}

    async def send(self, message: Any) -> None:
        """Take the answer's head, which waits for the first bytes of the body as ASGI wants it to, or write bytes."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if not self.response_started:
            if message["type"] != "http.response.start":
                raise RuntimeError(f"Expected ASGI message 'http.response.start', but got '{message['type']}'.")
            self.response_started = True
            self.waiting_for_100_continue = False
            self._head = self._headed(message["status"], [*self.default_headers, *message.get("headers", ())])
        elif self.response_complete:
            raise RuntimeError(f"Unexpected ASGI message '{message['type']}' sent, after response already completed.")
        elif message["type"] != "http.response.body":
            raise RuntimeError(f"Expected ASGI message 'http.response.body', but got '{message['type']}'.")
        else:
            self._write(message.get("body", b""), more=message.get("more_body", False))

    def take(self) -> bytes | None:
        """Return the request's body where all of it is there and nobody has to be told to go on; else None: `receive` waits for it."""
        if self.more_body or self.waiting_for_100_continue or self.disconnected or self.response_complete:
            return None
        self._has_news = False
        self.flow.resume_reading()
        parts, self.parts, self.unread = self.parts, [], 0
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def begin(self, status: int, fields: Mapping[str, str], *, more: bytes = b"") -> None:
        """Take the answer's head, which waits for the first bytes of the body; `more` are lines that are known to be fine.

        The end of the connection is ours to tell.
        """
        if self.disconnected:
            return
        if self.response_started:
            raise RuntimeError("An answer has one head.")
        lines = (_form(tuple(fields)) % tuple(fields.values())).encode("latin-1")
        if lines.translate(None, _FINE) != b"\r\n" * len(fields):
            raise RuntimeError("Invalid HTTP header value.")
        if (length := fields.get("content-length")) is not None:
            self.expected_content_length, self.chunked_encoding = int(length), False
        self.response_started = True
        self.waiting_for_100_continue = False
        own = _told(tuple(self.default_headers))
        self._head = b"".join((STATUS_LINE[status], own, lines, more, *self._last_lines(status, is_kept=self.keep_alive)))

    async def put(self, body: bytes, *, more: bool) -> None:
        """Write bytes of the body, once the client has read what lies before them."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if not self.response_started or self.response_complete:
            raise RuntimeError("A body stands between its head and its end.")
        self._write(body, more=more)

    def _headed(self, status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
        """Return the answer's head; note how long the body will be, or that it comes in chunks."""
        if b"".join([value for _, value in headers]).translate(None, _FINE):
            raise RuntimeError("Invalid HTTP header value.")
        lines = [STATUS_LINE[status]]
        is_kept, self.keep_alive = self.keep_alive, True
        for name, value in headers:
            start = _start(name)
            lines += (start, value, b"\r\n")
            if start in _SPECIAL:
                self._heed(start, value)
        is_told = not self.keep_alive  # by a header of the application's
        self.keep_alive = is_kept and not is_told
        return b"".join((*lines, *self._last_lines(status, is_kept=is_kept or is_told)))

    def _last_lines(self, status: int, *, is_kept: bool) -> Sequence[bytes]:
        """Return the end of a head: that the connection ends (not `is_kept`), that the body comes in chunks, and the empty line."""
        lines = [] if is_kept else [b"connection: close\r\n"]
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in {204, 304}:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        return lines

    def _heed(self, start: bytes, value: bytes) -> None:
        """Note what a header says about the body's length, or about the end of the connection."""
        if start == _LENGTH and self.chunked_encoding is None:
            self.expected_content_length, self.chunked_encoding = int(value), False
        elif start == _CODING and value.lower() == b"chunked":
            self.expected_content_length, self.chunked_encoding = 0, True
        elif start == _CONNECTION and b"close" in [token.lower().strip() for token in value.split(b",")]:
            self.keep_alive = False

    def _write(self, body: bytes, *, more: bool) -> None:
        head, self._head = self._head, b""
        pieces = [head, *self._framed(body, more=more)]
        if len(body) > _JOINED_BYTES:
            self.transport.writelines(pieces)
        elif data := b"".join(pieces):
            self.transport.write(data)
        if not more:
            self._complete()

    def _framed(self, body: bytes, *, more: bool) -> Sequence[bytes]:
        """Return what stands for a piece of the body on the wire; raise RuntimeError beyond the length that was told."""
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            return ()
        if self.chunked_encoding:
            size = (b"%x\r\n" % len(body), body, b"\r\n") if body else ()
            return size if more else (*size, b"0\r\n\r\n")
        self.expected_content_length -= len(body)
        if self.expected_content_length < 0:
            raise RuntimeError("Response content longer than Content-Length")
        return (body,)

    def _complete(self) -> None:
        if self.expected_content_length != 0:
            raise RuntimeError("Response content shorter than Content-Length")
        self.response_complete = True
        if self._waiters:
            self.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def direct(send: Any) -> Cycle | None:
    """Return what stands behind an application's `send` where this server serves it; None behind any other.

    Its `take`, `begin` and `put` do without the messages of `receive` and `send`.
    """
    found = getattr(send, "__self__", None)
    return found if isinstance(found, Cycle) else None


@functools.lru_cache(maxsize=1024)
def _start(name: bytes) -> bytes:
    """Return a header's line up to its value."""
    if HEADER_RE.search(name):
        raise RuntimeError("Invalid HTTP header name.")
    return name.lower() + b": "


@functools.lru_cache(maxsize=4)
def _told(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Return the lines of headers that all answers of a second share."""
    return b"".join([part for name, value in headers for part in (_start(name), value, b"\r\n")])


@functools.lru_cache(maxsize=1024)
def _form(names: tuple[str, ...]) -> str:
    """Return the lines of headers with places for their values."""
    starts = [_start(name.encode()) for name in names]
    if {_CODING, _CONNECTION}.intersection(starts):
        raise RuntimeError("How a body ends is the server's to tell.")
    return "".join([start.decode().replace("%", "%%") + "%s\r\n" for start in starts])
