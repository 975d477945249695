"""A scripted upstream that speaks the chat-completions protocol over real HTTP, on a port of its own, in a thread.

It answers by the queue (`script`), else by the model's name (`on_model`), else rightly and at once: streamed or not as
asked, with usage in streams only where `stream_options.include_usage` is set.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import orjson

from tests.doubles import replies
from tests.doubles.replies import Act, Reply


@dataclass(frozen=True)
class Received:
    """One request as it came; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        loaded: dict[str, Any] = orjson.loads(self.body)
        return loaded


class Upstream:
    """Use as a context; `url` is the base address. Counters and `requests` may be read from any thread."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.disconnects = 0  # callers that left before the answer was complete
        self.connections = 0
        self.port = 0
        self._queue: deque[Reply] = deque()
        self._by_model: dict[str, Reply] = {}
        self._by_path: dict[str, Reply] = {}
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._live: set[_Connection] = set()
        self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(60):
            raise RuntimeError("the scripted upstream did not start")  # without it calls would go to port 0
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def script(self, *queued: Reply) -> None:
        """Answer the next requests by these replies, one each."""
        self._queue.extend(queued)

    def on_model(self, model: str, reply: Reply) -> None:
        """Answer every request for an upstream model by this reply."""
        self._by_model[model] = reply

    def on_path(self, ending: str, reply: Reply) -> None:
        """Answer every request whose path (without its query) ends so by this reply."""
        self._by_path[ending] = reply

    def wait(self, is_true: Callable[[Upstream], bool], *, seconds: float = 5.0) -> bool:
        """Block until something is true of this upstream; tell whether it became so in time."""
        with self._changed:
            return self._changed.wait_for(lambda: is_true(self), seconds)

    def reply_to(self, request: Received) -> Reply:
        """Choose the answer; called by the server."""
        path = request.path.partition("?")[0]
        for ending, reply in self._by_path.items():
            if path.endswith(ending):
                return reply
        if path.endswith("/models"):
            return replies.answer({"object": "list", "data": [{"id": "up-1", "object": "model", "created": 1, "owned_by": "up"}]})
        scripted = self.next_reply(request)
        if scripted is not None:
            return scripted
        fields = request.fields if request.body.startswith(b"{") else {}
        if not fields.get("stream"):
            return replies.answer()
        asks = (fields.get("stream_options") or {}).get("include_usage")
        return replies.stream(usage=replies.USAGE if asks else None)

    def next_reply(self, request: Received | None = None) -> Reply | None:
        """Return what was scripted for the next request, or for the model that this one names."""
        if self._queue:
            return self._queue.popleft()
        return self._by_model.get(request.fields.get("model", "")) if request and request.body.startswith(b"{") else None

    def note(self, **changes: int) -> None:
        """Add to counters and wake those who wait."""
        with self._changed:
            for name, more in changes.items():
                setattr(self, name, getattr(self, name) + more)
            self._changed.notify_all()

    def take(self, request: Received) -> None:
        """Record a request."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self._loop.create_server(lambda: _Connection(self, self._live), "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._close())
        self._loop.close()

    async def _close(self) -> None:
        for connection in list(self._live):
            connection.abort()
        await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class _Connection(asyncio.Protocol):
    """One connection: reads requests (also pipelined), plays a reply for each, notices when the caller leaves."""

    def __init__(self, upstream: Upstream, live: set[_Connection]) -> None:
        self._upstream = upstream
        self._live = live
        self._buffer = b""
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport
        self._is_cut = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._live.add(self)
        self._upstream.note(connections=1)

    def connection_lost(self, exc: Exception | None) -> None:
        self._live.discard(self)
        if self._task is not None and not self._is_cut:
            self._task.cancel()
            self._upstream.note(disconnects=1)

    def abort(self) -> None:
        """Close from our side; this is no disconnect of the caller."""
        self._is_cut = True
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._next()

    def _next(self) -> None:
        if self._task is not None:
            return
        request = self._parse()
        if request is None:
            return
        self._upstream.take(request)
        self._task = asyncio.get_running_loop().create_task(self._play(self._upstream.reply_to(request)))

    def _parse(self) -> Received | None:
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        method, path, _ = first.split(" ")
        return Received(method, path, headers, rest[:length])

    async def _play(self, reply: Reply) -> None:
        if reply.status is not None:
            self._transport.write(_head(reply))
        for step in reply.steps:
            if isinstance(step, bytes):
                self._transport.write(b"%x\r\n%s\r\n" % (len(step), step) if reply.is_chunked else step)
            elif isinstance(step, Act):
                await self._act(step)
                return
            else:
                await asyncio.sleep(step)
        if reply.is_chunked:
            self._transport.write(b"0\r\n\r\n")
        self._task = None
        self._next()

    async def _act(self, act: Act) -> None:
        if act is Act.HANG:
            await asyncio.Event().wait()
        self._is_cut = True
        self._transport.close()


def _head(reply: Reply) -> bytes:
    size = sum(len(step) for step in reply.steps if isinstance(step, bytes))
    framing = ("transfer-encoding", "chunked") if reply.is_chunked else ("content-length", str(size))
    lines = [f"{name}: {value}" for name, value in (("content-type", reply.content_type), framing, *reply.headers)]
    return "\r\n".join([f"HTTP/1.1 {reply.status} Scripted", *lines, "", ""]).encode("latin-1")
