"""A wire to PostgreSQL that can be cut: between processes under test and the server that everybody shares."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit, urlunsplit

_SOCKET = ".s.PGSQL.5432"


class Wire:
    """Use as a context; `url` is the database behind the wire. Cut, open connections break and new ones find nobody."""

    def __init__(self, database_url: str) -> None:
        parts = urlsplit(database_url)
        self._folder = Path(tempfile.mkdtemp(prefix="wire-"))
        self._target = str(Path(parse_qs(parts.query)["host"][0]) / _SOCKET)
        self.url = urlunsplit(parts._replace(query=f"host={self._folder}"))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._server: asyncio.Server | None = None
        self._live: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self.mend()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        shutil.rmtree(self._folder)

    def mend(self) -> None:
        """Let connections through (again)."""
        self._do(self._mend())

    def cut(self) -> None:
        """Break every connection; there is no server until `mend`."""
        self._do(self._cut())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _mend(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self._folder / _SOCKET)

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
        (self._folder / _SOCKET).unlink(missing_ok=True)
        for writer in list(self._live):
            writer.transport.abort()
        await asyncio.sleep(0.05)  # for the tasks of the connections to end

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(self._target)
        ends = {writer, far_writer}
        self._live |= ends
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._live -= ends

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()
