"""Five upstreams in one asyncio server, told apart by path: fast, slow, flaky, poor; and one on a port of its own that can be dead."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable

from bench.mock_upstream import COMPLETION, stream

FLAKY_SHARE = 0.3
_PAUSES = {"fast": 0.02, "slow": 0.8, "flaky": 0.03, "dead": 0.02, "poor": 0.01}
_WHOLE = json.dumps(COMPLETION).encode()
_STREAM = stream(20).encode()
_BROKEN = json.dumps({"error": {"message": "internal", "type": "server_error", "code": "server_error"}}).encode()
_POOR = json.dumps(
    {"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}}
).encode()


class Upstream(asyncio.Protocol):
    """One connection: reads a request, waits as its upstream does, answers."""

    def __init__(self, draw: Callable[[], float]) -> None:
        self._draw = draw
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # for the type checker
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        if len(body) < length:
            return
        self._buffer = body[length:]
        name = head.split(b" ", 2)[1].split(b"/")[1].decode()
        is_stream = b'"stream":true' in body[:length].replace(b" ", b"")
        asyncio.get_running_loop().call_later(_PAUSES[name], self._answer, name, is_stream)

    def _answer(self, name: str, is_stream: bool) -> None:
        status, payload, kind = 200, _STREAM if is_stream else _WHOLE, "text/event-stream" if is_stream else "application/json"
        if name == "poor":
            status, payload, kind = 429, _POOR, "application/json"
        elif name == "flaky" and self._draw() < FLAKY_SHARE:
            status, payload, kind = 500, _BROKEN, "application/json"
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(payload)}\r\n\r\n"
        self._transport.write(head.encode() + payload)


async def serve(port: int, *, seed: int = 7) -> asyncio.Server:
    """Listen on a port until the server is closed."""
    draw = random.Random(seed).random  # noqa: S311  # a repeatable lottery
    return await asyncio.get_running_loop().create_server(lambda: Upstream(draw), "127.0.0.1", port)
