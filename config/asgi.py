"""The relay's ASGI application: tells the relay's paths from the pages', serves the lifespan and the health check."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402  # Django must be set up before anything that has models

from gateway import boot, handshakes, urls  # noqa: E402
from gateway.handler import RelayHandler, clean  # noqa: E402
from gateway.link import Message, Receive, Send  # noqa: E402
from gateway.pages_proxy import PagesProxy  # noqa: E402

log = logging.getLogger("keyosk.relay")
Scope = dict[str, Any]
_HEALTH_SECONDS = 1.0


class Application:
    """One relay process. Without a pages socket only the relay's own paths are answered."""

    def __init__(self, *, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self._relay_path = urls.relay_path(tuple(settings.RELAY_MOUNTS))
        self._relay = RelayHandler(resolve=urls.resolve, body_limit=settings.RELAY_BODY_LIMIT, upload_folder=settings.UPLOAD_DIR)
        self._sockets = RelayHandler(resolve=urls.resolve_socket, body_limit=0)
        self._pages: PagesProxy | None = None
        self._exits = AsyncExitStack()
        self._seen_pages_at = -_HEALTH_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self._websocket(scope, receive, send)

    def _http(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Return the answering of a call by whoever its address belongs to."""
        path = clean(scope["path"])
        if path == "/healthz":
            return self._health(send)
        below = self._relay_path(scope["method"], path)
        if below is not None:
            return self._relay({**scope, "path": below} if below != scope["path"] else scope, receive, send)
        if self._pages is not None:
            return self._pages(scope, receive, send)
        return self._relay(scope, receive, send)  # its 404, as JSON

    async def _health(self, send: Send) -> None:
        """Answer 200 once calls can be answered and the pages (where there are any) listen."""
        now = time.monotonic()
        if self._pages is not None and now - self._seen_pages_at >= _HEALTH_SECONDS and await self._pages.is_up():
            self._seen_pages_at = now
        is_well = self._pages is None or now - self._seen_pages_at < 2 * _HEALTH_SECONDS
        body = b'{"status":"ok"}' if is_well else b'{"status":"pages are down"}'
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200 if is_well else 503, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse in the words of the address: no WebSocket is offered yet."""
        path = clean(scope["path"])
        request = handshakes.as_request(scope, self._relay_path("GET", path) or path)
        await self._sockets(request, handshakes.hearing(receive), handshakes.refusing(scope, send))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message: Message = await receive()
            if message["type"] == "lifespan.startup":
                await _report(send, "startup", self._start)
            else:
                await _report(send, "shutdown", self._exits.aclose)
                return

    async def _start(self) -> None:
        if settings.PAGES_SOCKET:
            self._pages = PagesProxy(settings.PAGES_SOCKET, trusted=tuple(settings.TRUSTED_PROXIES))
            self._exits.push_async_callback(self._pages.stop)
        await self._exits.enter_async_context(boot.running(on_lost=self._on_lost))


async def _report(send: Send, phase: str, work: Callable[[], Awaitable[object]]) -> None:
    try:
        await work()
    except Exception as error:
        log.exception("the relay's %s failed", phase)
        await send({"type": f"lifespan.{phase}.failed", "message": f"{type(error).__name__}: {error}"})
    else:
        await send({"type": f"lifespan.{phase}.complete"})


def _start_anew() -> None:
    """Let the server finish what runs and exit; the supervisor starts a fresh process."""
    os.kill(os.getpid(), signal.SIGTERM)


application = Application(on_lost=_start_anew)
