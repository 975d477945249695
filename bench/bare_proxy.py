"""The yardstick: the least a Python proxy can do with the relay's own server and client library.

uvicorn in front, aiohttp behind, no key, no limits, no ledger: what the governed relay is compared with.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

UPSTREAM = os.environ.get("BENCH_UPSTREAM", "")
_sessions: list[aiohttp.ClientSession] = []


def _session() -> aiohttp.ClientSession:
    if not _sessions:
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300)
        _sessions.append(aiohttp.ClientSession(connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()))
    return _sessions[0]


async def _body(receive: Callable[[], Awaitable[dict[str, Any]]]) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Forward one POST and pass the answer through as it comes."""
    if scope["type"] != "http":
        return
    body = await _body(receive)
    async with _session().post(UPSTREAM + scope["path"], data=body, headers={"content-type": "application/json"}) as answer:
        kind = answer.headers.get("content-type", "application/json").encode()
        await send({"type": "http.response.start", "status": answer.status, "headers": [(b"content-type", kind)]})
        async for chunk in answer.content.iter_any():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
