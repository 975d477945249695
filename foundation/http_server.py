"""uvicorn's HTTP/1.1 protocol with our cycles (`http_cycle`) and one timer for all idle connections. See ADR 0019."""

from __future__ import annotations

import asyncio
import functools
import math
import urllib.parse
from typing import cast

import httptools
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from foundation.http_cycle import Cycle
from foundation.rounds import Rounds

# So much of a body may lie unread before the client has to wait.
_UNREAD_BYTES = 1024 * 1024
# A timer of its own for each answer costs four times as much; clients see no difference of a second.
_IDLE = Rounds(every_seconds=1.0)


class Protocol(HttpToolsProtocol):
    """One connection of a client: uvicorn's own, with our cycles and one timer for all idle connections. There is no access log."""

    cycle: Cycle
    _idle_since = math.inf  # while it is busy

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Begin to look after the connection."""
        super().connection_made(transport)
        _IDLE.join(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        _IDLE.leave(self)
        cycle = cast("Cycle | None", self.cycle)
        if cycle is not None and cycle.disconnected and cycle.on_gone is not None:
            cycle.on_gone()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to another protocol."""
        _IDLE.leave(self)
        super().handle_websocket_upgrade()

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = math.inf

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._idle_since = self.loop.time()

    def look(self, now: float) -> None:
        """Close the connection when it has been idle for too long."""
        if now - self._idle_since >= self.timeout_keep_alive:
            self.timeout_keep_alive_handler()

    def on_headers_complete(self) -> None:
        """Start the application for a request, or let it wait for the answer to the one before."""
        http_version, scope = self.parser.get_http_version(), self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        if http_version != "1.1":
            scope["http_version"] = http_version
        if self.parser.should_upgrade() and self._should_upgrade():
            return
        # A query may hold a key: that is not remembered.
        path, raw_path, query = _parsed(self.url) if b"?" in self.url else _remembered(self.url)
        scope["path"] = self.root_path + path
        scope["raw_path"] = self.root_path.encode("ascii") + raw_path
        scope["query_string"] = query
        before = cast("Cycle | None", self.cycle)
        self.cycle = cycle = Cycle(self, keep_alive=http_version != "1.0" and self.parser.should_keep_alive())
        limit = self.limit_concurrency
        is_full = limit is not None and (len(self.connections) >= limit or len(self.tasks) >= limit)
        application = service_unavailable if is_full else self.app
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, application)
        else:  # pipelined
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, application))

    def on_body(self, body: bytes) -> None:
        """Keep a piece of a request's body until the application asks for it."""
        cycle = self.cycle
        if cycle.response_complete or (self.parser.should_upgrade() and self._should_upgrade()):
            return
        cycle.parts.append(body)
        cycle.unread += len(body)
        if cycle.unread > _UNREAD_BYTES:
            self.flow.pause_reading()
        cycle.set()

    def on_message_complete(self) -> None:
        """Note that all of a request's body is there."""
        if self.parser.should_upgrade() and self._should_upgrade():
            return
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.set()


def _parsed(url: bytes) -> tuple[str, bytes, bytes]:
    """Return an address's path, the same as it came, and its query."""
    parsed = httptools.parse_url(url)
    path = parsed.path.decode("ascii")
    return urllib.parse.unquote(path) if "%" in path else path, parsed.path, parsed.query or b""


_remembered = functools.lru_cache(maxsize=1024)(_parsed)
