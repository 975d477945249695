"""A proxy on a port of its own, in a thread: SOCKS 5 (RFC 1928, with RFC 1929 passwords) and CONNECT of HTTP (RFC 9110)."""

from __future__ import annotations

import asyncio
import base64
import struct
import threading
from types import TracebackType
from typing import Self

_NAME, _IPV4 = 3, 1


class Proxy:
    """Use as a context. `asked` lists the (host, port) it was to connect to; every one leads to this machine."""

    def __init__(self, *, user: str = "", password: str = "", refuses: bool = False) -> None:
        self.asked: list[tuple[str, int]] = []
        self.port = 0
        self._login = (user, password)
        self._refuses = refuses
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._writers: list[asyncio.StreamWriter] = []
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def url(self, scheme: str) -> str:
        user, password = self._login
        login = f"{user}:{password}@" if user else ""
        return f"{scheme}://{login}127.0.0.1:{self.port}"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))  # the aborted transports close
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        first = await reader.readexactly(1)
        try:
            where = await (self._socks(reader, writer) if first == b"\x05" else self._connect(first, reader, writer))
            if where is not None:
                await self._join(reader, writer, where)
        finally:
            writer.close()

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int] | None:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        wants = 2 if self._login[0] else 0
        writer.write(bytes([5, wants if wants in methods else 255]))
        if wants == 2 and not await self._knows(reader, writer):
            return None
        _, _, _, kind = await reader.readexactly(4)
        if kind == _NAME:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = ".".join(map(str, await reader.readexactly(4)))
        (port,) = struct.unpack(">H", await reader.readexactly(2))
        self.asked.append((host, port))
        writer.write(bytes([5, 2 if self._refuses else 0, 0, _IPV4, 0, 0, 0, 0, 0, 0]))
        return None if self._refuses else (host, port)

    async def _knows(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await reader.readexactly(1)
        user = await reader.readexactly((await reader.readexactly(1))[0])
        password = await reader.readexactly((await reader.readexactly(1))[0])
        is_right = (user.decode(), password.decode()) == self._login
        writer.write(bytes([1, 0 if is_right else 1]))
        return is_right

    async def _connect(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int] | None:
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, _ = head.split("\r\n")[0].split(" ")
        host, _, port = target.rpartition(":")
        proof = base64.b64encode(":".join(self._login).encode()).decode()
        if method != "CONNECT" or (self._login[0] and f"basic {proof}" not in head.replace("Basic", "basic")):
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            return None
        self.asked.append((host, int(port)))
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n" if self._refuses else b"HTTP/1.1 200 Connection established\r\n\r\n")
        return None if self._refuses else (host, int(port))

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, where: tuple[str, int]) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", where[1])
        self._writers.append(back)
        await asyncio.gather(_pour(reader, back), _pour(there, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
