"""One HTTP exchange: its request head, its connection, new or kept, and the errors on the way to the answer's head.

aiohttp makes connections; its ClientSession and its response parser, which cost several times as much, are left out.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import Any

import aiohttp
from yarl import URL

from channels_app.contract import UpstreamRequest
from channels_app.exchange import Exchange, NotSent, Timeouts, TransportError, Unknown
from channels_app.incoming import Incoming
from channels_app.pipes import Pipe, Pool, opened
from foundation.rounds import Rounds

# How exactly deadlines are kept.
ROUND_SECONDS = 0.05
_JOINED_BODY = 64 * 1024
_DEFAULTS = (("accept", "*/*"), ("accept-encoding", "identity"))
_ERRORS = (aiohttp.ClientError, TimeoutError, OSError, ValueError)

Pools = Callable[[aiohttp.TCPConnector, Any], Pool]


class Target:
    """What all requests to one address share: how to connect, and the first lines of their heads."""

    __slots__ = ("_common", "_known", "_starts", "connector", "pool", "prototype", "rounds")

    def __init__(self, request: UpstreamRequest, connector: aiohttp.TCPConnector, pools: Pools, user_agent: str, rounds: Rounds) -> None:
        url = URL(request.url, encoded=True)
        if url.scheme not in {"http", "https"} or not url.host:
            raise NotSent("the upstream's address is no HTTP address")
        self.connector = connector
        self.rounds = rounds
        self.prototype = aiohttp.ClientRequest(
            request.method, url, headers={"user-agent": user_agent}, skip_auto_headers=("accept", "accept-encoding", "content-type")
        )
        self.pool = pools(connector, self.prototype.connection_key)
        self._common = [(name.lower(), value) for name, value in self.prototype.headers.items() if name.lower() != "content-length"]
        self._starts: dict[tuple[str, ...], str] = {}
        self._known: tuple[tuple[tuple[str, str], ...], bytes] | None = None

    def head(self, request: UpstreamRequest) -> bytes:
        """Return the request's head; raise ValueError for headers that would break out of their line."""
        headers = request.headers
        known = self._known
        if known is None or known[0] is not headers:  # those of the call before, nearly always
            known = self._known = headers, self._lines(headers)
        return known[1] + b"content-length: %d\r\n\r\n" % len(request.body if request.upload is None else request.upload)

    def _lines(self, headers: tuple[tuple[str, str], ...]) -> bytes:
        names = tuple([name for name, _ in headers])
        start = self._starts.get(names) or self._start(names)
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        if lines.count("\n") != len(names) or lines.count("\r") != len(names) or "\0" in lines:
            raise ValueError("a header holds a line end")
        return f"{start}{lines}".encode()

    def _start(self, names: tuple[str, ...]) -> str:
        own = {name.lower() for name in names}
        common = [(name, value) for name, value in (*self._common, *_DEFAULTS) if name not in own]
        path = self.prototype.url.raw_path_qs
        lines = [f"{self.prototype.method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in common), ""]
        self._starts[names] = start = "\r\n".join(lines)
        return start


class HttpOpening:
    """A request on its way: a context that holds the connection for as long as it lasts."""

    __slots__ = ("_incoming", "_limits", "_request", "_target")

    def __init__(self, target: Target, request: UpstreamRequest, limits: Timeouts) -> None:
        self._target = target
        self._request = request
        self._limits = limits
        self._incoming: Incoming | None = None

    async def __aenter__(self) -> Exchange:
        target = self._target
        try:
            head = target.head(self._request)
            pipe = target.pool.take() or await self._connect()
            self._incoming = incoming = Incoming(pipe, self._limits, pipe.loop)
            pipe.ask(incoming, method=self._request.method)
            if self._request.upload is not None:
                pipe.transport.write(head)
                await pipe.send(self._request.upload.pieces())
            elif len(self._request.body) <= _JOINED_BODY:
                pipe.transport.write(head + self._request.body)
            else:
                pipe.transport.writelines((head, self._request.body))
            # What is written need not wait for the answer: the next large body finds its memory free, and still in the cache.
            del self._request
            await incoming.begin()
        except BaseException as error:
            if self._incoming is not None:
                self._incoming.leave()
            if isinstance(error, _ERRORS):
                raise _before_head(error) from error
            raise
        return incoming

    async def _connect(self) -> Pipe:
        target = self._target
        try:
            connection = await target.connector.connect(target.prototype, [], _connect_timeout(self._limits.connect))
        except TimeoutError as error:
            raise NotSent("upstream did not accept the connection in time", is_timeout=True) from error
        return opened(connection, target.pool, target.rounds)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # The connection of an answer read to its end serves others already; that of any other is closed, so that upstream stops.
        if self._incoming is not None:
            self._incoming.leave()


@functools.lru_cache(maxsize=16)
def _connect_timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=seconds)


def _before_head(error: Exception) -> TransportError:
    """Translate an error on the way to a connection; connect errors first: they are subclasses of others."""
    text = str(error) or type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.InvalidURL | ValueError):
        return NotSent(text)
    return Unknown(text)
