"""The data plane's HTTP client: the only importer of aiohttp. Errors and shapes are those of `exchange`."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import ResolveResult
from yarl import URL

from channels_app.contract import Provider, UpstreamHead, UpstreamRequest
from channels_app.exchange import (
    BODY_LIMIT,
    Cut,
    Exchange,
    Garbled,
    LocalOpening,
    NotSent,
    Opening,
    Timeouts,
    TransportError,
    Unknown,
    gather,
    inflated,
    inflater,
)
from foundation import outbound

__all__ = [
    "SESSION_ERRORS",
    "Cut",
    "Exchange",
    "Garbled",
    "NotSent",
    "Opening",
    "Timeouts",
    "Transport",
    "TransportError",
    "Unknown",
    "unix_session",
]

_POOL_LIMIT = 4096
_REFUSED = "the upstream's address is inside a private network"
# For callers of `unix_session`, who may not import aiohttp themselves.
SESSION_ERRORS = (aiohttp.ClientError, TimeoutError)


class Transport:
    """Connections to upstreams, pooled; open calls of tenants never share a connection with calls that may go inside."""

    def __init__(self, *, user_agent: str = "Keyosk") -> None:
        self._user_agent = user_agent
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Close every connection."""
        sessions = list(self._sessions.values())
        self._sessions.clear()
        for session in sessions:
            await session.close()

    def open(self, request: UpstreamRequest, *, timeouts: Timeouts, allow_private: bool) -> Opening:
        """Send a request; inside the context the head has arrived. Leaving it early closes the connection.

        Private, loopback and metadata addresses are refused unless `allow_private`. Raises NotSent, Unknown, Garbled, Cut.
        """
        return _HttpOpening(self._session(allow_private), request, timeouts, allow_private)

    def open_local(self, provider: Provider, request: UpstreamRequest) -> Opening:
        """Let a vendor that `is_local` answer, by the same interface."""
        return LocalOpening(provider, request)

    def _session(self, allow_private: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(allow_private)
        if session is None:
            connector = aiohttp.TCPConnector(
                limit=_POOL_LIMIT, limit_per_host=0, ttl_dns_cache=30, resolver=None if allow_private else _GuardedResolver()
            )
            session = self._sessions[allow_private] = _client(connector, self._user_agent)
        return session


def unix_session(path: str) -> aiohttp.ClientSession:
    """Return a client for the HTTP server behind a Unix socket, which hands answers on as they are; the caller closes it.

    Its calls raise SESSION_ERRORS.
    """
    return _client(aiohttp.UnixConnector(path=path, limit=0), None)


def _client(connector: aiohttp.BaseConnector, user_agent: str | None) -> aiohttp.ClientSession:
    headers = {"user-agent": user_agent} if user_agent else {}
    return aiohttp.ClientSession(
        connector=connector,
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=("user-agent", "accept-encoding", "accept", "content-type"),
        timeout=aiohttp.ClientTimeout(total=None),
        read_bufsize=256 * 1024,
    )


class _GuardedResolver(aiohttp.ThreadedResolver):
    """Resolve a host once and hand out public addresses only: what is checked here is what is connected to."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        if any(_is_inner(result["host"]) for result in found):
            raise OSError(_REFUSED)
        return found


def _is_inner(host: str) -> bool:
    """Tell whether a host is an address written out, and not a public one; names are the resolver's to judge."""
    try:
        return not outbound.is_public(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return False


class _HttpOpening:
    __slots__ = ("_allow_private", "_request", "_response", "_session", "_timeouts")

    def __init__(self, session: aiohttp.ClientSession, request: UpstreamRequest, timeouts: Timeouts, allow_private: bool) -> None:
        self._session = session
        self._request = request
        self._timeouts = timeouts
        self._allow_private = allow_private
        self._response: aiohttp.ClientResponse | None = None

    async def __aenter__(self) -> Exchange:
        request, limits = self._request, self._timeouts
        try:
            url = URL(request.url, encoded=True)
            if not self._allow_private and _is_inner(url.host or ""):
                raise NotSent(_REFUSED)
            self._response = response = await self._session.request(
                request.method,
                url,
                headers=_headers(request.headers),
                data=request.body or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=limits.total, connect=limits.connect, sock_read=limits.first_byte),
            )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _before_head(error) from error
        connection = response.connection
        if connection is not None and connection.protocol is not None:
            connection.protocol.read_timeout = limits.idle
        return _HttpExchange(response)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # A response read to its end has given its connection back already; any other closes it, so that upstream stops.
        if self._response is not None:
            self._response.close()


def _headers(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    named = {name.lower() for name, _ in headers}
    return [*headers, *((name, value) for name, value in (("accept", "*/*"), ("accept-encoding", "identity")) if name not in named)]


def _before_head(error: Exception) -> TransportError:
    """Translate an error that came before the head of the answer; connect errors first: they are subclasses of others."""
    text = str(error) or type(error).__name__
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return NotSent("upstream did not accept the connection in time", is_timeout=True)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.InvalidURL | ValueError):
        return NotSent(text)
    if isinstance(error, TimeoutError):
        return Unknown("upstream did not begin to answer in time", is_timeout=True)
    if isinstance(error, aiohttp.ClientResponseError):
        return Garbled(f"upstream's answer is no HTTP: {text}")
    return Unknown(text)


class _HttpExchange:
    __slots__ = ("_response", "head")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.head = UpstreamHead(response.status, _Headers(response.headers))

    def chunks(self) -> AsyncIterator[bytes]:
        decoder = inflater(self.head)
        plain = _Chunks(self._response.content)
        return plain if decoder is None else inflated(plain, decoder)

    async def body(self, limit: int = BODY_LIMIT) -> bytes:
        return await gather(self.chunks(), limit)


class _Chunks:
    """The body as it arrives. No generator: it may be dropped half-way without anything left to close."""

    __slots__ = ("_content",)

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._content.readany()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _after_head(error) from error
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

    def __iter__(self) -> Iterator[str]:
        return iter({name.lower() for name in self._headers})

    def __len__(self) -> int:
        return len({name.lower() for name in self._headers})


def _after_head(error: Exception) -> TransportError:
    if isinstance(error, TimeoutError):
        return Cut("upstream fell silent", is_timeout=True)
    return Cut(str(error) or type(error).__name__)
