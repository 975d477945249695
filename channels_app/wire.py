"""One HTTP exchange over aiohttp's pooled connections: its request head, its deadlines, its answer.

aiohttp connects, pools and parses; its ClientSession, which costs as much again, is left out.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from channels_app.contract import UpstreamHead, UpstreamRequest
from channels_app.exchange import (
    BODY_LIMIT,
    Cut,
    Exchange,
    Garbled,
    NotSent,
    Timeouts,
    TransportError,
    Unknown,
    gather,
    inflated,
    inflater,
)
from channels_app.forms import FormBody
from foundation.rounds import Rounds

# How exactly deadlines are kept.
ROUND_SECONDS = 0.05
READ_BUFFER = 256 * 1024
_JOINED_BODY = 64 * 1024
_DEFAULTS = (("accept", "*/*"), ("accept-encoding", "identity"))
_ERRORS = (aiohttp.ClientError, HttpProcessingError, TimeoutError, OSError, ValueError)


class Target:
    """What all requests to one address share: how to connect, and the first lines of their heads."""

    __slots__ = ("_common", "_starts", "connector", "prototype", "rounds")

    def __init__(self, request: UpstreamRequest, connector: aiohttp.TCPConnector, user_agent: str, rounds: Rounds) -> None:
        url = URL(request.url, encoded=True)
        if url.scheme not in {"http", "https"} or not url.host:
            raise NotSent("the upstream's address is no HTTP address")
        self.connector = connector
        self.rounds = rounds
        self.prototype = aiohttp.ClientRequest(
            request.method, url, headers={"user-agent": user_agent}, skip_auto_headers=("accept", "accept-encoding", "content-type")
        )
        self._common = [(name.lower(), value) for name, value in self.prototype.headers.items() if name.lower() != "content-length"]
        self._starts: dict[tuple[str, ...], str] = {}

    def head(self, request: UpstreamRequest) -> bytes:
        """Return the request's head; raise ValueError for headers that would break out of their line."""
        names = tuple([name for name, _ in request.headers])
        start = self._starts.get(names) or self._start(names)
        lines = "".join([f"{name}: {value}\r\n" for name, value in request.headers])
        if lines.count("\n") != len(names) or lines.count("\r") != len(names) or "\0" in lines:
            raise ValueError("a header holds a line end")
        return f"{start}{lines}content-length: {len(request.body if request.upload is None else request.upload)}\r\n\r\n".encode()

    def _start(self, names: tuple[str, ...]) -> str:
        own = {name.lower() for name in names}
        common = [(name, value) for name, value in (*self._common, *_DEFAULTS) if name not in own]
        path = self.prototype.url.raw_path_qs
        lines = [f"{self.prototype.method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in common), ""]
        self._starts[names] = start = "\r\n".join(lines)
        return start


class _Watch:
    """The deadlines of one exchange: for everything, and for each wait while somebody waits."""

    __slots__ = ("_loop", "_protocol", "_rounds", "_total_at", "content", "limit", "since")

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: ResponseHandler, limits: Timeouts, rounds: Rounds) -> None:
        self._loop = loop
        self._protocol = protocol
        self._rounds = rounds
        self.content: aiohttp.StreamReader | None = None
        self.limit = limits.first_byte
        now = loop.time()
        self.since: float | None = now
        self._total_at = now + limits.total
        rounds.join(self)

    def begin(self) -> None:
        self.since = self._loop.time()

    def stop(self) -> None:
        self._rounds.leave(self)

    def look(self, now: float) -> None:
        if now < self._total_at and (self.since is None or now < self.since + self.limit):
            return
        self.stop()
        late = aiohttp.SocketTimeoutError("upstream is late")
        self._protocol.set_exception(late)
        if self.content is not None:
            self.content.set_exception(late)


class HttpOpening:
    """A request on its way: a context that holds the connection for as long as it lasts."""

    __slots__ = ("_connection", "_limits", "_request", "_target", "_watch")

    def __init__(self, target: Target, request: UpstreamRequest, limits: Timeouts) -> None:
        self._target = target
        self._request = request
        self._limits = limits
        self._connection: Connection | None = None
        self._watch: _Watch | None = None

    async def __aenter__(self) -> Exchange:
        try:
            return await self._open()
        except BaseException as error:
            self._close()
            if isinstance(error, _ERRORS):
                raise _before_head(error) from error
            raise

    async def _open(self) -> Exchange:
        limits = self._limits
        head = self._target.head(self._request)
        protocol = await self._connect(self._target)
        pipe = protocol.transport
        if pipe is None or pipe.is_closing():
            raise NotSent("upstream has closed the connection")
        self._watch = watch = _Watch(asyncio.get_running_loop(), protocol, limits, self._target.rounds)
        body = self._request.body
        if self._request.upload is not None:
            pipe.write(head)
            await _send_pieces(protocol, pipe, self._request.upload)
            watch.begin()
        elif len(body) <= _JOINED_BODY:
            pipe.write(head + body)
        else:
            pipe.write(head)
            pipe.write(body)
        message, content = await protocol.read()
        while 100 <= message.code < 200 and message.code != 101:
            message, content = await protocol.read()
        watch.since, watch.limit, watch.content = None, limits.idle, content
        content.on_eof(self._release)
        return _HttpExchange(UpstreamHead(message.code, _Headers(message.headers)), content, watch)

    async def _connect(self, target: Target) -> ResponseHandler:
        try:
            self._connection = connection = await target.connector.connect(target.prototype, [], _connect_timeout(self._limits.connect))
        except TimeoutError as error:
            raise NotSent("upstream did not accept the connection in time", is_timeout=True) from error
        protocol = connection.protocol
        if protocol is None:
            raise NotSent("upstream has closed the connection")
        protocol.set_response_params(
            skip_payload=target.prototype.method == "HEAD", read_until_eof=True, auto_decompress=False, read_bufsize=READ_BUFFER
        )
        return protocol

    def _release(self) -> None:
        """Give the connection back: the answer is read to its end."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.release()
        if self._watch is not None:
            self._watch.stop()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        if self._watch is not None:
            self._watch.stop()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # A response read to its end has given its connection back already; any other closes it, so that upstream stops.
        self._close()


async def _send_pieces(protocol: ResponseHandler, pipe: asyncio.Transport, body: FormBody) -> None:
    """Write a body as fast as upstream reads it; a vendor that answers before it has read everything is listened to."""
    try:
        for piece in body.pieces():
            if pipe.is_closing():
                return
            pipe.write(piece)
            await protocol._drain_helper()
    except (aiohttp.ClientConnectionError, ConnectionError):
        return


@functools.lru_cache(maxsize=16)
def _connect_timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=seconds)


def _before_head(error: Exception) -> TransportError:
    """Translate an error that came before the head of the answer; connect errors first: they are subclasses of others."""
    text = str(error) or type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.InvalidURL | ValueError):
        return NotSent(text)
    if isinstance(error, TimeoutError):
        return Unknown("upstream did not begin to answer in time", is_timeout=True)
    if isinstance(error, HttpProcessingError | aiohttp.ClientResponseError):
        return Garbled(f"upstream's answer is no HTTP: {text}")
    return Unknown(text)


class _HttpExchange:
    __slots__ = ("_content", "_watch", "head")

    def __init__(self, head: UpstreamHead, content: aiohttp.StreamReader, watch: _Watch) -> None:
        self._content = content
        self._watch = watch
        self.head = head

    def chunks(self) -> AsyncIterator[bytes]:
        decoder = inflater(self.head)
        plain = _Chunks(self._content, self._watch)
        return plain if decoder is None else inflated(plain, decoder)

    async def body(self, limit: int = BODY_LIMIT) -> bytes:
        return await gather(self.chunks(), limit)


class _Chunks:
    """The body as it arrives. No generator: it may be dropped half-way without anything left to close."""

    __slots__ = ("_content", "_watch")

    def __init__(self, content: aiohttp.StreamReader, watch: _Watch) -> None:
        self._content = content
        self._watch = watch

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        watch = self._watch
        watch.begin()
        try:
            chunk = await self._content.readany()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _after_head(error) from error
        watch.since = None
        if not chunk:
            raise StopAsyncIteration
        return chunk


class _Headers(Mapping[str, str]):
    """Upstream's headers, by names in lower case, without copying them."""

    __slots__ = ("_headers",)

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        return self._headers[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self._headers.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter({name.lower() for name in self._headers})

    def __len__(self) -> int:
        return len({name.lower() for name in self._headers})


def _after_head(error: Exception) -> TransportError:
    if isinstance(error, TimeoutError):
        return Cut("upstream fell silent", is_timeout=True)
    return Cut(str(error) or type(error).__name__)
