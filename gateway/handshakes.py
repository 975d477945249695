"""A WebSocket's handshake, answered as the HTTP request that it is: whoever is refused reads why (ASGI's `websocket.http.response`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.link import Message, Receive, Send

_EXTENSION = "websocket.http.response"
_ANSWERS = {"http.response.start": f"{_EXTENSION}.start", "http.response.body": f"{_EXTENSION}.body"}


def as_request(scope: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return the handshake's scope as that of a GET at `path`."""
    return {**scope, "type": "http", "method": "GET", "path": path, "scheme": "https" if scope.get("scheme") == "wss" else "http"}


def hearing(receive: Receive) -> Receive:
    """Return what tells in HTTP's words that the client has gone."""

    async def heard() -> Message:
        message = await receive()
        return {"type": "http.disconnect"} if message["type"] == "websocket.disconnect" else message

    return heard


def refusing(scope: Mapping[str, Any], send: Send) -> Send:
    """Return what sends an HTTP answer in place of the handshake's. A server that cannot do that says 403 without words."""
    can_say_why = _EXTENSION in (scope.get("extensions") or {})

    async def said(message: Message) -> None:
        if can_say_why:
            await send({**message, "type": _ANSWERS[message["type"]]})
        elif message["type"] == "http.response.start":
            await send({"type": "websocket.close"})

    return said
