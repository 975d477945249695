"""What a call to an upstream looks like to the relay, over the network or local: errors, deadlines, the exchange.

TransportError
├── NotSent   no byte of the request went out: the only one safe to retry blindly
├── Unknown   it may have been sent, no answer began (connection lost, first byte too late)
├── Garbled   what came is no HTTP, or cannot be decoded, or is too long
└── Cut       the answer began and was lost

Each says in `is_timeout` whether a deadline was the reason.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Protocol

from channels_app.contract import UpstreamHead, UpstreamRequest
from channels_app.provider import Provider

BODY_LIMIT = 64 * 1024 * 1024
_PIECE = 1024 * 1024


class TransportError(Exception):
    """A call to an upstream failed below HTTP."""

    def __init__(self, message: str, *, is_timeout: bool = False) -> None:
        super().__init__(message)
        self.is_timeout = is_timeout


class NotSent(TransportError):
    """The request never left."""


class Unknown(TransportError):
    """The request may have been sent; there is no answer."""


class Garbled(TransportError):
    """The answer is no HTTP, or its body cannot be decoded or is too long."""


class Cut(TransportError):
    """The answer was lost after its head."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Deadlines in seconds: to connect, to the head of the answer, between two reads, and for everything."""

    connect: float = 10.0
    first_byte: float = 300.0
    idle: float = 300.0
    total: float = 900.0


class Exchange(Protocol):
    """One answer being read: its head, then either `chunks` or `body`."""

    @property
    def head(self) -> UpstreamHead:
        """Return the status and the headers."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Give the decoded body as it arrives; raise Cut or Garbled."""

    async def body(self, limit: int = BODY_LIMIT) -> bytes:
        """Return the whole decoded body; raise Cut, or Garbled beyond `limit` bytes."""


class Opening(Protocol):
    """What `open` returns: a context that holds the connection for as long as it lasts."""

    async def __aenter__(self) -> Exchange: ...

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Inflater:
    """Undo gzip or deflate, a bounded piece at a time."""

    __slots__ = ("_decoder",)

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Give the decoded pieces of a chunk; raise Garbled."""
        try:
            piece = self._decoder.decompress(chunk, _PIECE)
            while piece:
                yield piece
                piece = self._decoder.decompress(self._decoder.unconsumed_tail, _PIECE)
        except zlib.error as error:
            raise Garbled("upstream's compressed answer is broken") from error


def inflater(head: UpstreamHead) -> Inflater | None:
    """Return a decoder for upstreams that compress although identity was asked for; raise Garbled for unknown encodings."""
    encoding = head.headers.get("content-encoding")
    if encoding is None:  # as nearly always
        return None
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return None
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return Inflater()
    raise Garbled(f"upstream compressed its answer by {encoding[:20]}, which was not asked for")


async def inflated(chunks: AsyncIterator[bytes], decoder: Inflater) -> AsyncIterator[bytes]:
    """Give the decoded pieces of compressed chunks."""
    async for chunk in chunks:
        for piece in decoder.feed(chunk):
            yield piece


async def gather(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    """Return all chunks as one; raise Garbled beyond `limit` bytes."""
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise Garbled(f"upstream's answer is longer than {limit} bytes")
        parts.append(chunk)
    return b"".join(parts)


class LocalOpening:
    """The answer of a vendor that needs no network."""

    __slots__ = ("_provider", "_request")

    def __init__(self, provider: Provider, request: UpstreamRequest) -> None:
        self._provider = provider
        self._request = request

    async def __aenter__(self) -> Exchange:
        return _LocalExchange(self._provider, self._request)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


class _LocalExchange:
    """A local vendor's answer; its content type is told by its first bytes."""

    def __init__(self, provider: Provider, request: UpstreamRequest) -> None:
        self._pieces = provider.answer(request)
        self._pause = 0.0
        self._first = b""
        for piece in self._pieces:
            if isinstance(piece, bytes):
                self._first = piece
                break
            self._pause += piece
        kind = "text/event-stream" if self._first.startswith((b"data:", b":", b"event:")) else "application/json"
        self.head = UpstreamHead(200, MappingProxyType({"content-type": kind}))

    async def chunks(self) -> AsyncIterator[bytes]:
        await asyncio.sleep(self._pause)
        yield self._first
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                await asyncio.sleep(piece)

    async def body(self, limit: int = BODY_LIMIT) -> bytes:
        return await gather(self.chunks(), limit)
