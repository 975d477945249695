"""One answer from an upstream as it arrives: its head, its body, its deadlines. It owns what has come of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol, Self

from channels_app.contract import UpstreamHead
from channels_app.exchange import BODY_LIMIT, Cut, Garbled, Timeouts, TransportError, Unknown, inflated, inflater

_NO_HEAD = UpstreamHead(0, {})


class Source(Protocol):
    """Where an answer comes from."""

    def resume(self) -> None:
        """Read on: what had arrived was taken."""

    def close(self) -> None:
        """Let nothing more come."""


class Incoming:
    """One answer: its head, then its body as it arrives. `limits` count while somebody waits, and for everything: its source looks."""

    __slots__ = (
        "_chunks",
        "_error",
        "_is_whole",
        "_limit",
        "_limits",
        "_loop",
        "_since",
        "_size",
        "_source",
        "_total_at",
        "_waiter",
        "has_head",
        "head",
    )  # fmt: skip

    def __init__(self, source: Source, limits: Timeouts, loop: asyncio.AbstractEventLoop) -> None:
        self._source: Source | None = source
        self._limits = limits
        self._loop = loop
        self._chunks: list[bytes] = []
        self._size = 0
        self._is_whole = False
        self._error: TransportError | None = None
        self._waiter: asyncio.Future[None] | None = None
        now = loop.time()
        self._since = now
        self._limit = limits.first_byte
        self._total_at = now + limits.total
        self.head: UpstreamHead = _NO_HEAD
        self.has_head = False

    def begin(self) -> asyncio.Future[None]:
        """Return what waits for the head. Raises Unknown or Garbled when none comes."""
        self._since = self._loop.time()
        self._waiter = waiter = self._loop.create_future()
        if self.has_head or self._error is not None:  # upstream has answered before it had read everything
            self._wake()
        return waiter

    def chunks(self) -> AsyncIterator[bytes]:
        """Give the decoded body as it arrives; raise Cut or Garbled."""
        decoder = inflater(self.head)
        return self if decoder is None else inflated(self, decoder)

    def __aiter__(self) -> Self:
        """Give the body as it arrives. No generator: it may be dropped half-way without anything left to close."""
        return self

    async def __anext__(self) -> bytes:
        chunk = self._taken() if self._chunks else await self.read()
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def body(self, limit: int = BODY_LIMIT) -> bytes:
        """Return the whole decoded body; raise Cut, or Garbled beyond `limit` bytes."""
        parts: list[bytes] = []
        size = 0
        if inflater(self.head) is None and self._is_whole and self._size <= limit:  # as nearly always
            return await self.read()
        async for chunk in self.chunks():
            size += len(chunk)
            if size > limit:
                raise Garbled(f"upstream's answer is longer than {limit} bytes")
            parts.append(chunk)
        return b"".join(parts)

    async def read(self) -> bytes:
        """Return what has arrived, waiting for it if need be; nothing at the end."""
        if not self._chunks and not self._is_whole:
            self._since = self._loop.time()
            while not self._chunks and not self._is_whole:
                if self._error is not None:
                    raise self._error
                self._waiter = self._loop.create_future()
                await self._waiter
        return self._taken()

    def _taken(self) -> bytes:
        chunks, self._chunks, self._size = self._chunks, [], 0
        if self._source is not None:
            self._source.resume()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def feed(self, data: bytes) -> int:
        """Take a piece of the body; return how much lies unread."""
        self._chunks.append(data)
        self._size += len(data)
        if self._waiter is not None:
            self._wake()
        return self._size

    def start(self, head: UpstreamHead) -> None:
        """Take the head."""
        self.head, self.has_head = head, True
        self._limit = self._limits.idle
        self._wake()

    def end(self, error: TransportError | None = None) -> None:
        """Note that nothing more comes."""
        self._error, self._is_whole, self._source = error, error is None, None
        if self._waiter is not None:
            self._wake()

    def leave(self) -> None:
        """Close the connection of an answer that was not read to its end: so upstream stops."""
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def look(self, now: float) -> None:
        """End the answer when it is late: somebody waits for too long, or all of it takes too long."""
        is_awaited = self._waiter is not None and not self._waiter.done()
        if now >= self._total_at or (is_awaited and now >= self._since + self._limit):
            source = self._source
            is_begun = self.has_head
            text = "upstream fell silent" if is_begun else "upstream did not begin to answer in time"
            self.end(Cut(text, is_timeout=True) if is_begun else Unknown(text, is_timeout=True))
            if source is not None:
                source.close()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is None or waiter.done():
            return
        if self._error is not None and not self.has_head:
            waiter.set_exception(self._error)
        else:
            waiter.set_result(None)
