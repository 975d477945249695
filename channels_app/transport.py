"""The data plane's HTTP client: pools of connections, and who may be connected to. Errors and shapes are those of `exchange`."""

from __future__ import annotations

import ipaddress
import socket
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.abc import ResolveResult

from channels_app.contract import UpstreamAnswer, UpstreamRequest
from channels_app.exchange import Cut, Exchange, Garbled, LocalOpening, NotSent, Opening, Timeouts, TransportError, Unknown
from channels_app.pipes import READ_BUFFER, Pool, pools
from channels_app.provider import Provider
from channels_app.sockets import SocketOpening
from channels_app.tunnels import tunnel
from channels_app.wire import ROUND_SECONDS, HttpOpening, Target
from foundation import outbound
from foundation.rounds import Rounds

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
_TARGETS = 4096
_REFUSED = "the upstream's address is inside a private network"
# For callers of `unix_session`, who may not import aiohttp themselves.
SESSION_ERRORS = (aiohttp.ClientError, TimeoutError)


class Transport:
    """Connections to upstreams, pooled; open calls of tenants never share a connection with calls that may go inside."""

    def __init__(self, *, user_agent: str = "Keyosk") -> None:
        self._user_agent = user_agent
        self._connectors: dict[tuple[bool, str], aiohttp.TCPConnector] = {}
        self._targets: dict[tuple[str, str, bool, str], Target] = {}
        self._pools: dict[tuple[int, Any], Pool] = {}
        self._rounds = Rounds(every_seconds=ROUND_SECONDS)
        self._tidying = pools()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Close every connection."""
        connectors = list(self._connectors.values())
        self._connectors.clear()
        self._targets.clear()
        self._pools.clear()
        for connector in connectors:
            await connector.close()

    def open(self, request: UpstreamRequest, *, timeouts: Timeouts, allow_private: bool, proxy: str = "") -> Opening:
        """Send a request; inside the context the head has arrived. Leaving it early closes the connection.

        Private, loopback and metadata addresses are refused unless `allow_private`; so are those of the `proxy` (a URL) that the
        call goes through. Raises NotSent, Unknown, Garbled, Cut.
        """
        if request.url.startswith(("ws:", "wss:")):
            return SocketOpening(request, timeouts, refuses=_allow if allow_private else _is_inner, proxy=proxy)
        try:
            return HttpOpening(self._target(request, allow_private, proxy), request, timeouts)
        except NotSent as error:
            return _Refused(error)

    async def ask(
        self, request: UpstreamRequest, *, timeouts: Timeouts, allow_private: bool, limit: int, proxy: str = ""
    ) -> UpstreamAnswer:
        """Send a request and return the whole answer, up to `limit` bytes; raise TransportError."""
        async with self.open(request, timeouts=timeouts, allow_private=allow_private, proxy=proxy) as exchange:
            return UpstreamAnswer(exchange.head, await exchange.body(limit))

    def open_local(self, provider: Provider, request: UpstreamRequest) -> Opening:
        """Let a vendor that `is_local` answer, by the same interface."""
        return LocalOpening(provider, request)

    def _target(self, request: UpstreamRequest, allow_private: bool, proxy: str) -> Target:
        """Return what is constant for all requests to an address; raise NotSent where none may or can go."""
        asked = (request.method, request.url, allow_private, proxy)
        target = self._targets.get(asked)
        if target is None:
            if len(self._targets) >= _TARGETS:
                self._targets.clear()
            try:
                target = Target(request, self._connector(allow_private, proxy), self._pool, self._user_agent, self._rounds)
            except (ValueError, aiohttp.InvalidURL) as error:
                raise NotSent(str(error)) from error
            if not allow_private and _is_inner(target.prototype.url.host or ""):
                raise NotSent(_REFUSED)
            self._targets[asked] = target
        return target

    def _pool(self, connector: aiohttp.TCPConnector, place: Any) -> Pool:
        """Return the idle connections to a place; those of different connectors never mix: not everybody may go everywhere."""
        found = self._pools.get((id(connector), place))
        if found is None:
            found = self._pools[id(connector), place] = Pool(self._tidying)
        return found

    def _connector(self, allow_private: bool, proxy: str) -> aiohttp.TCPConnector:
        connector = self._connectors.get((allow_private, proxy))
        if connector is None:
            resolver = None if allow_private else _GuardedResolver()
            if proxy:
                connector = tunnel(proxy, guard=resolver, limit=_POOL_LIMIT, limit_per_host=0)
            else:
                connector = aiohttp.TCPConnector(limit=_POOL_LIMIT, limit_per_host=0, ttl_dns_cache=30, resolver=resolver)
            self._connectors[(allow_private, proxy)] = connector
        return connector


class _Refused:
    """A request that may not go out."""

    __slots__ = ("_error",)

    def __init__(self, error: NotSent) -> None:
        self._error = error

    async def __aenter__(self) -> Exchange:
        raise self._error

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


def unix_session(path: str) -> aiohttp.ClientSession:
    """Return a client for the HTTP server behind a Unix socket, which hands answers on as they are; the caller closes it.

    Its calls raise SESSION_ERRORS.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.UnixConnector(path=path, limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=("user-agent", "accept-encoding", "accept", "content-type"),
        timeout=aiohttp.ClientTimeout(total=None),
        read_bufsize=READ_BUFFER,
    )


class _GuardedResolver(aiohttp.ThreadedResolver):
    """Resolve a host once and hand out public addresses only: what is checked here is what is connected to."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        if any(_is_inner(result["host"]) for result in found):
            raise OSError(_REFUSED)
        return found


def _allow(host: str) -> bool:
    return False


def _is_inner(host: str) -> bool:
    """Tell whether a host is an address written out, and not a public one; names are the resolver's to judge."""
    try:
        return not outbound.is_public(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return False
