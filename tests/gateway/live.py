"""A relay as it runs in production: uvicorn with the real application in a thread, real PostgreSQL and Redis behind it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import uvicorn

from config.asgi import Application
from foundation.http_server import Protocol
from gateway import process
from gateway.process import Relay

T = TypeVar("T")


class LiveRelay:
    """Use as a context; `url` is the base address."""

    def __init__(self) -> None:
        self.application = Application(on_lost=lambda: None)
        config = uvicorn.Config(
            self.application,
            http=Protocol,
            port=0,
            lifespan="on",
            log_level="warning",
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._server = Server(config, self._ready)
        self._thread = threading.Thread(target=self._run, name="relay")

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(20) or not self._server.started:
            raise RuntimeError("the relay did not start")
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"
        self.http = httpx.Client(base_url=self.url, timeout=20, trust_env=False)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join(20)
        if self._thread.is_alive():
            raise RuntimeError("the relay did not stop")

    @property
    def state(self) -> Relay:
        return process.current()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the relay's event loop and return its result."""
        if self._loop is None:
            raise RuntimeError("the relay does not run")
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(20)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            await self._server.serve()
        finally:
            self._ready.set()


class Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()
