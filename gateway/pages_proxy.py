"""Forward what is not the relay's to the pages, over their Unix socket: the one-port set-up without a proxy in front."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

from yarl import URL

from channels_app.transport import SESSION_ERRORS, unix_session
from gateway import proxies
from gateway.link import Receive, Send

log = logging.getLogger("keyosk.relay")

# These belong to one connection, not to the message (RFC 9110 §7.6.1); and what only a proxy of ours may say.
_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect"})
_FORWARDED = frozenset(
    {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto", b"x-forwarded-prefix", b"x-real-ip"}
)
_DOWN = b"""<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>One moment</title>
<h1>One moment, please</h1><p>The pages are starting or restarting. This page tries again by itself.</p></html>"""


class PagesProxy:
    """The pages behind `socket`. Belongs to one event loop."""

    def __init__(self, socket: str, *, trusted: tuple[str, ...]) -> None:
        self._socket = socket
        self._trusted = trusted
        self._session = unix_session(socket)

    async def stop(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def is_up(self) -> bool:
        """Tell whether somebody listens."""
        try:
            _, writer = await asyncio.wait_for(asyncio.open_unix_connection(self._socket), 1.0)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        url = "http://pages" + scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
        query = scope["query_string"].decode("latin-1")
        started = False
        try:
            async with self._session.request(
                scope["method"],
                URL(f"{url}?{query}" if query else url, encoded=True),
                headers=self._headers(scope),
                data=_body(receive) if _has_body(scope) else None,
                allow_redirects=False,
            ) as answer:
                headers = [(name.lower(), value) for name, value in answer.raw_headers if name.lower() not in _HOP_BY_HOP]
                started = True
                await send({"type": "http.response.start", "status": answer.status, "headers": headers})
                async for chunk in answer.content.iter_any():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except SESSION_ERRORS as error:
            log.warning("the pages did not answer", extra={"error": type(error).__name__})
            if started:
                raise  # the server closes the connection: a shorter body must not look complete
            await _send_down(send)

    def _headers(self, scope: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the client's headers; what it says of proxies counts only if it is one of ours."""
        peer = scope["client"][0] if scope.get("client") else ""
        given = {name: value.decode("latin-1") for name, value in scope["headers"] if name in _FORWARDED}
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in scope["headers"]
            if name not in _HOP_BY_HOP and name not in _FORWARDED
        ]
        chain, proto, host, prefix = "", scope.get("scheme", "http"), "", ""
        if proxies.is_trusted(peer, self._trusted):
            chain = given.get(b"x-forwarded-for", "")
            proto = given.get(b"x-forwarded-proto", proto)
            host = given.get(b"x-forwarded-host", "")
            prefix = given.get(b"x-forwarded-prefix", "")
        client = proxies.resolve(peer, chain, trusted=self._trusted)
        headers += [("x-forwarded-for", client), ("x-real-ip", client), ("x-forwarded-proto", proto)]
        headers += [(name, value) for name, value in (("x-forwarded-host", host), ("x-forwarded-prefix", prefix)) if value]
        return headers


def _has_body(scope: Mapping[str, Any]) -> bool:
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client has gone")
        more = message.get("more_body", False)
        if message.get("body"):
            yield message["body"]


async def _send_down(send: Send) -> None:
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(_DOWN)).encode()),
        (b"cache-control", b"no-store"),
        (b"retry-after", b"5"),
    ]
    await send({"type": "http.response.start", "status": 502, "headers": headers})
    await send({"type": "http.response.body", "body": _DOWN, "more_body": False})
