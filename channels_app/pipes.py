"""One HTTP/1.1 connection to an upstream, and the connections kept for the next calls.

aiohttp makes the connection (names, addresses, TLS, proxies); from then on its bytes come here, through httptools' parser.
A connection serves the next call as soon as the last byte of an answer is there, read or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import httptools
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from channels_app.contract import UpstreamHead
from channels_app.exchange import Cut, Garbled, NotSent, Unknown
from channels_app.incoming import Incoming
from foundation.rounds import Rounds

READ_BUFFER = 256 * 1024
_HEAD_LIMIT = 64 * 1024
_IDLE_SECONDS = 15.0
_TIDY_SECONDS = 5.0


class Pipe(asyncio.Protocol):
    """One connection. Serves one call after the other; `close` it when a call ends early. Its `rounds` keep the deadlines of each."""

    def __init__(
        self, connection: Connection, handler: ResponseHandler, transport: asyncio.Transport, *, pool: Pool, rounds: Rounds
    ) -> None:
        self.transport = transport
        self.loop = asyncio.get_running_loop()
        self.idle_since = 0.0
        self._connection = connection
        self._handler = handler
        self._pool = pool
        self._rounds = rounds
        # The head's lines as they come: taken without a function of ours for each. Of equal ones the first counts.
        self._fields: dict[bytes, bytes] = {}
        self.on_header = self._fields.setdefault
        self._parser = httptools.HttpResponseParser(self)
        # What aiohttp forgives, too: vendors' servers and the proxies before them are not all strict.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._incoming: Incoming | None = None
        self._headers: dict[bytes, bytes] = {}
        self._head_size = 0
        self._is_paused = False
        self._is_sending = False
        self._is_bodiless = False
        self._drained: asyncio.Future[None] | None = None
        transport.set_protocol(self)
        rounds.join(self)

    def ask(self, incoming: Incoming, *, method: str) -> None:
        """Let an answer come; its request is written next."""
        self._incoming = incoming
        self._head_size = 0
        self._is_bodiless = method == "HEAD"

    async def send(self, pieces: Iterator[bytes]) -> None:
        """Write a body as fast as upstream reads it; a vendor that answers before it has read everything is listened to."""
        self._is_sending = True
        for piece in pieces:
            if self.transport.is_closing() or self._incoming is None:
                return  # the connection is not used again
            self.transport.write(piece)
            if self._drained is not None:
                await self._drained
        self._is_sending = False

    def look(self, now: float) -> None:
        """End an answer that is late."""
        if self._incoming is not None:
            self._incoming.look(now)

    def resume(self) -> None:
        """Read on: what had arrived was taken."""
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()

    def close(self) -> None:
        """Close the connection; whoever waits for it is told by its own end."""
        self._incoming = None
        self.transport.close()
        self._connection.close()

    # What the transport calls.

    def data_received(self, data: bytes) -> None:
        incoming = self._incoming
        if incoming is None:  # nobody has asked
            self.close()
            return
        if not incoming.has_head:
            self._head_size += len(data)
            if self._head_size > _HEAD_LIMIT and not data.rpartition(b"\r\n\r\n")[1]:
                self._fail("upstream's head is too long")
                return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("upstream wants to speak another protocol")
        except httptools.HttpParserError as error:
            self._fail(f"upstream's answer is no HTTP: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._rounds.leave(self)
        self._pool.drop(self)
        self.resume_writing()
        self._handler.connection_lost(exc)  # aiohttp waits for it when it stops
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            text = str(exc) if exc is not None else "upstream closed the connection"
            # Without a length the end of the connection is the end of the body.
            is_end = exc is None and incoming.has_head and not {b"content-length", b"transfer-encoding"} & self._headers.keys()
            incoming.end(None if is_end else Cut(text) if incoming.has_head else Unknown(text))
        self._connection.close()

    def pause_writing(self) -> None:
        if self._drained is None:
            self._drained = self.loop.create_future()

    def resume_writing(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._fields.clear()
        if self._incoming is None:  # a second answer to one request
            self._pool.drop(self)
            self.close()

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        incoming, fields = self._incoming, self._fields
        self._headers = {name.lower(): fields[name] for name in reversed(fields)}
        if incoming is not None and not 100 <= status < 200:
            incoming.start(UpstreamHead(status, _Headers(self._headers)))
            if self._is_bodiless:
                self._incoming = None
                incoming.end()
                self.close()

    def on_body(self, body: bytes) -> None:
        incoming = self._incoming
        if incoming is not None and incoming.feed(body) > READ_BUFFER and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        incoming = self._incoming
        if incoming is None or not incoming.has_head:  # an interim answer: the real one follows
            return
        self._incoming = None
        incoming.end()
        self.resume()
        if self._parser.should_keep_alive() and not self._is_sending and not self.transport.is_closing():
            self._pool.keep(self)
        else:
            self.close()

    def _fail(self, text: str) -> None:
        incoming = self._incoming
        if incoming is not None:
            incoming.end(Cut(text) if incoming.has_head else Garbled(text))
        self.close()


class Pool:
    """The idle connections to one place, the last used one first."""

    __slots__ = ("_idle", "_rounds")

    def __init__(self, rounds: Rounds) -> None:
        self._idle: dict[Pipe, None] = {}
        self._rounds = rounds

    def take(self) -> Pipe | None:
        """Return an open connection, or None."""
        while self._idle:
            pipe, _ = self._idle.popitem()
            if not pipe.transport.is_closing():
                return pipe
        return None

    def keep(self, pipe: Pipe) -> None:
        """Keep a connection for the next call."""
        if not self._idle:
            self._rounds.join(self)
        pipe.idle_since = pipe.loop.time()
        self._idle[pipe] = None

    def drop(self, pipe: Pipe) -> None:
        """Forget a connection that has ended."""
        self._idle.pop(pipe, None)

    def look(self, now: float) -> None:
        """Close what has rested for too long: sooner or later upstream would, perhaps just as a call goes out."""
        for pipe in [one for one in self._idle if now - one.idle_since >= _IDLE_SECONDS]:
            self.drop(pipe)
            pipe.close()
        if not self._idle:
            self._rounds.leave(self)


def pools() -> Rounds:
    """Return what looks after the idle connections of one transport."""
    return Rounds(every_seconds=_TIDY_SECONDS)


def opened(connection: Connection, pool: Pool, rounds: Rounds) -> Pipe:
    """Return the pipe over a connection that aiohttp has just made; raise NotSent when it is gone already."""
    handler = connection.protocol
    transport = handler.transport if handler is not None else None
    if handler is None or transport is None or transport.is_closing():
        connection.close()
        raise NotSent("upstream has closed the connection")
    return Pipe(connection, handler, transport, pool=pool, rounds=rounds)


class _Headers(Mapping[str, str]):
    """Upstream's headers, by names in lower case; of equal ones the first."""

    __slots__ = ("_headers",)

    def __init__(self, headers: dict[bytes, bytes]) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        return self._headers[name.lower().encode("latin-1")].decode("latin-1")

    def get(self, name: str, default: Any = None) -> Any:
        found = self._headers.get(name.lower().encode("latin-1"))
        return default if found is None else found.decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._headers)

    def __len__(self) -> int:
        return len(self._headers)
