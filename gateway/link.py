"""The client's end of one call: whether it is still there, and what it hears while upstream is silent."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from foundation import http_cycle
from foundation.rounds import Rounds

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Names in lower case.
Headers = Mapping[str, str]

# Browsers may call from anywhere: the key, not the origin, is what counts; no cookies are involved.
CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": (
        "x-request-id, x-oneapi-request-id, request-id, x-keyosk-cost-micros, x-should-retry, retry-after, x-ratelimit-limit-requests, "
        "x-ratelimit-remaining-requests, x-ratelimit-reset-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, "
        "x-ratelimit-reset-tokens"
    ),
}
_CORS_LINES = "".join([f"{name}: {value}\r\n" for name, value in CORS.items()]).encode()
HEARTBEAT = b": keep-alive\n\n"
HEARTBEAT_SECONDS = 10.0
ROUND_SECONDS = 0.05


class Link:
    """One ASGI connection during one call. Behind our own server (see `http_cycle.direct`) it does without ASGI's messages.

    `on_gone` is called once when the client hangs up; ASGI's servers never report that by themselves: somebody must await
    `receive()`. Heartbeats are SSE comments: they start the answer, so that from the first one on errors are in-stream.
    """

    __slots__ = (
        "_direct",
        "_heartbeat_bytes",
        "_loop",
        "_receive",
        "_rounds",
        "_send",
        "_stream_headers",
        "_tasks",
        "_touched",
        "_watch_at",
        "is_gone",
        "is_started",
        "on_gone",
    )

    def __init__(self, receive: Receive, send: Send, rounds: Rounds) -> None:
        self._receive = receive
        self._send = send
        self._direct = http_cycle.direct(send)
        self._rounds = rounds
        self._loop = asyncio.get_running_loop()
        self._watch_at = math.inf
        self._tasks: set[asyncio.Task[None]] | None = None
        self._stream_headers: Headers | None = None
        self._heartbeat_bytes = HEARTBEAT
        self._touched = 0.0
        self.is_gone = False
        self.is_started = False
        self.on_gone: Callable[[], None] | None = None

    def take_body(self) -> bytes | None:
        """Return the request's body as it came where all of it is there already; None where it has to be received."""
        return self._direct.take() if self._direct is not None else None

    def watch(self, *, after_seconds: float = 0.25) -> None:
        """Look out for the client hanging up; where that takes a task, short calls end before it is worth it."""
        if self._direct is None:
            self._watch_at = self._loop.time() + after_seconds
            self._rounds.join(self)
            return
        self._direct.on_gone = self._go
        if self._direct.disconnected:
            self._go()

    def expect_stream(self, headers: Mapping[str, str], *, heartbeat: bytes = HEARTBEAT) -> None:
        """Keep the client company until the answer is complete; `headers` start the answer if the first heartbeat comes first."""
        self._stream_headers = headers
        self._heartbeat_bytes = heartbeat
        self._touched = self._loop.time()
        self._rounds.join(self)

    async def start(self, status: int, headers: Headers) -> None:
        """Send the answer's head, unless a heartbeat has."""
        if not self.is_started:
            self.is_started = True
            if self._direct is not None:
                self._direct.begin(status, headers, more=_CORS_LINES)
                return
            raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (*headers.items(), *CORS.items())]
            await self._send({"type": "http.response.start", "status": status, "headers": raw})

    def write(self, data: bytes, *, more: bool) -> Awaitable[None]:
        """Return the sending of bytes of the body; it waits while the client reads slowly."""
        self._touched = self._loop.time()
        if self._direct is not None:
            return self._direct.put(data, more=more)
        return self._send({"type": "http.response.body", "body": data, "more_body": more})

    def close(self) -> None:
        """Stop watching and beating, and let go of the call: a cycle would keep its body until the collector comes."""
        self.on_gone = None
        if self._direct is not None:
            self._direct.on_gone = None
        self._rounds.leave(self)
        for task in self._tasks or ():
            task.cancel()

    def look(self, now: float) -> None:
        """Begin to watch, and beat where upstream is silent."""
        if now >= self._watch_at:
            self._watch_at = math.inf
            self._spawn(self._watch_for_the_end())
        if self._stream_headers is not None and now - self._touched >= HEARTBEAT_SECONDS and not self.is_gone:
            self._touched = now
            self._spawn(self._send_heartbeat(self._stream_headers))

    async def _watch_for_the_end(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._go()

    def _go(self) -> None:
        self.is_gone = True
        if self.on_gone is not None:
            self.on_gone()

    async def _send_heartbeat(self, headers: Headers) -> None:
        await self.start(200, headers)
        await self.write(self._heartbeat_bytes, more=True)

    def _spawn(self, work: Any) -> None:
        if self._tasks is None:
            self._tasks = set()
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
