"""Connections through a channel's proxy: SOCKS 4 and 5, and HTTP proxies by CONNECT. The one door to aiohttp-socks.

Names of upstreams are resolved by the proxy. A tenant's proxy must itself have a public address: it is resolved, checked and
connected to by what was checked.
"""

from __future__ import annotations

import asyncio
from ssl import SSLContext
from typing import Any

from aiohttp.abc import AbstractResolver
from aiohttp.client_proto import ResponseHandler
from aiohttp_socks import ProxyConnector
from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, parse_proxy_url

from channels_app.exchange import NotSent

_REFUSALS = (ProxyError, ProxyConnectionError, OSError)


class Tunnel(ProxyConnector):
    """Connections through one proxy; `guard` resolves its name to allowed addresses only, or raises OSError."""

    guard: AbstractResolver | None = None
    _proxy_name: str = ""

    async def _connect_via_proxy(
        self,
        host: str,
        port: int,
        ssl: SSLContext | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's own signature
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        try:
            if self.guard is not None:
                self._proxy_name = self._proxy_name or self._proxy_host
                self._proxy_host = (await self.guard.resolve(self._proxy_name, self._proxy_port))[0]["host"]
            return await super()._connect_via_proxy(host, port, ssl, timeout)
        except (TimeoutError, ProxyTimeoutError) as error:
            raise NotSent("the channel's proxy did not answer in time", is_timeout=True) from error
        except _REFUSALS as error:
            raise NotSent(f"the channel's proxy gave no connection ({type(error).__name__})") from error


def tunnel(proxy: str, *, guard: AbstractResolver | None, **limits: Any) -> Tunnel:
    """Return the connections through a proxy written as `scheme://[user:password@]host:port`; raise ValueError."""
    kind, host, port, user, password = parse_proxy_url(proxy)
    made = Tunnel(proxy_type=kind, host=host, port=port, username=user, password=password, rdns=True, **limits)
    made.guard = guard
    return made
