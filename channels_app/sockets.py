"""One call over a WebSocket: the request's body is the first message, each message of upstream's is one chunk.

Some vendors (iFlytek Spark) answer this way only. Errors and shapes are those of `exchange`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.uri import parse_uri

from channels_app.contract import UpstreamHead, UpstreamRequest
from channels_app.exchange import BODY_LIMIT, Cut, Exchange, Garbled, NotSent, Timeouts, Unknown, gather

_MESSAGE_LIMIT = 64 * 1024 * 1024


class SocketOpening:
    """A WebSocket on its way: a context that holds it for as long as it lasts. `refuses` tells which addresses may not be reached."""

    def __init__(self, request: UpstreamRequest, limits: Timeouts, *, refuses: Callable[[str], bool], proxy: str = "") -> None:
        self._request = request
        self._limits = limits
        self._refuses = refuses
        self._proxy = proxy
        self._socket: ClientConnection | None = None

    async def __aenter__(self) -> Exchange:
        deadline = asyncio.get_running_loop().time() + self._limits.total
        try:
            self._socket = socket = await self._connect()
        except websockets.InvalidStatus as error:
            return _Refusal(error)
        try:
            await socket.send(self._request.body.decode())
        except (websockets.ConnectionClosed, UnicodeDecodeError) as error:
            raise Unknown(f"the question did not get through: {type(error).__name__}") from error
        return _SocketExchange(socket, self._limits, deadline, self._request.ends)

    async def _connect(self) -> ClientConnection:
        try:
            return await connect(
                self._request.url,
                **await self._way(),
                additional_headers=[(name, value) for name, value in self._request.headers if name not in {"content-type", "accept"}],
                open_timeout=self._limits.connect,
                close_timeout=1,
                max_size=_MESSAGE_LIMIT,
                compression=None,
            )
        except websockets.InvalidStatus:
            raise
        except TimeoutError as error:
            raise NotSent("upstream did not accept the connection in time", is_timeout=True) from error
        except (websockets.InvalidURI, OSError, ValueError) as error:
            raise NotSent(str(error) or type(error).__name__) from error
        except websockets.InvalidHandshake as error:
            raise Garbled(f"upstream speaks no WebSocket: {type(error).__name__}") from error

    async def _way(self) -> dict[str, Any]:
        """Return how to connect: to the very address that was checked, or through the channel's proxy."""
        uri = parse_uri(self._request.url)
        if self._proxy:
            through = urlsplit(self._proxy)
            await self._resolve(through.hostname or "", through.port or 0)
            return {"proxy": self._proxy}
        return {"host": await self._resolve(uri.host, uri.port), "port": uri.port, "proxy": None}

    async def _resolve(self, host: str, port: int) -> str:
        """Return the address to connect to: the very one that was checked."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)
        addresses = [str(info[4][0]) for info in found]
        if any(map(self._refuses, addresses)):
            raise NotSent("the upstream's address is inside a private network")
        return addresses[0]

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._socket is not None:
            await self._socket.close()


class _SocketExchange:
    """The messages of an open WebSocket, until the last one, or until upstream closes it."""

    def __init__(self, socket: ClientConnection, limits: Timeouts, deadline: float, ends: Callable[[bytes], bool] | None) -> None:
        self.head = UpstreamHead(200, {"content-type": "application/json"})
        self._socket = socket
        self._limits = limits
        self._deadline = deadline
        self._ends = ends

    async def chunks(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        patience = self._limits.first_byte
        while True:
            try:
                async with asyncio.timeout(min(patience, self._deadline - loop.time())):
                    message = await self._socket.recv()
            except TimeoutError as error:
                raise Cut("upstream fell silent", is_timeout=True) from error
            except websockets.ConnectionClosedOK:
                return
            except websockets.ConnectionClosed as error:
                raise Cut("upstream cut the WebSocket") from error
            patience = self._limits.idle
            chunk = message.encode() if isinstance(message, str) else message
            yield chunk
            if self._ends is not None and self._ends(chunk):
                return

    async def body(self, limit: int = BODY_LIMIT) -> bytes:
        """Return all messages, one a line."""
        return await gather(_lines(self.chunks()), limit)


class _Refusal:
    """An answer in place of a WebSocket: an error like any other over HTTP."""

    def __init__(self, error: websockets.InvalidStatus) -> None:
        response = error.response
        self.head = UpstreamHead(response.status_code, {name.lower(): value for name, value in response.headers.raw_items()})
        self._body = bytes(response.body or b"")

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._body

    async def body(self, limit: int = BODY_LIMIT) -> bytes:
        return self._body[:limit]


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk + b"\n"
