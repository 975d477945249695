"""Connections to upstreams, byte by byte: what ends an answer, what is forgiven, and what closes a connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from channels_app import pipes
from channels_app.contract import UpstreamRequest
from channels_app.incoming import Incoming
from channels_app.transport import Garbled, Timeouts, Transport, Unknown

LIMITS = Timeouts(connect=5, first_byte=5, idle=5, total=5)
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


@dataclass
class Raw:
    """A server that answers each request by bytes as they are; None closes the connection after them."""

    answers: list[tuple[bytes, ...] | None] = field(default_factory=list)
    url: str = ""
    connections: int = 0
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    running: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.running.add(asyncio.current_task())  # type: ignore[arg-type]  # there is one
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                answer = self.answers.pop(0)
                for piece in answer or ():
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.001)
                if answer is None or not self.answers:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            self.lost.set()
        with contextlib.suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()


@pytest.fixture
async def raw() -> AsyncIterator[Raw]:
    double = Raw()
    server = await asyncio.start_server(double.serve, "127.0.0.1", 0)
    double.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        yield double
        server.close()
    await asyncio.wait_for(asyncio.gather(*double.running), 5)


@pytest.fixture
async def client(raw: Raw) -> AsyncIterator[Transport]:
    async with Transport() as opened:
        yield opened


async def ask(client: Transport, raw: Raw, *, method: str = "GET") -> tuple[int, bytes]:
    async with client.open(UpstreamRequest(method, raw.url, ()), timeouts=LIMITS, allow_private=True) as exchange:
        return exchange.head.status, await exchange.body()


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ((b"HTTP/1.1 200 OK\r\n\r\n", b"until ", b"the end"), (200, b"until the end")),
        ((b"HTTP/1.0 200 OK\r\n\r\nold",), (200, b"old")),
        ((b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + PLAIN), (200, b"hi")),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), (204, b"")),
        ((b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1;x=y\r\nh\r", b"\n1  \r\ni\r\n0\r\n\r\n"), (200, b"hi")),
        (tuple(bytes([byte]) for byte in PLAIN), (200, b"hi")),
        ((b"HTTP/1.1 200 OK\nX-Bad-Value: a\x02b\r\nContent-Length: 2\r\n\r\nhi",), (200, b"hi")),
    ],
)
async def test_an_answer_ends_where_it_says_or_with_its_connection(
    client: Transport, raw: Raw, pieces: tuple[bytes, ...], expected: tuple[int, bytes]
) -> None:
    raw.answers = [pieces]
    assert await ask(client, raw) == expected


async def test_an_answer_to_head_has_no_body(client: Transport, raw: Raw) -> None:
    raw.answers = [(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",), (PLAIN,)]
    assert await ask(client, raw, method="HEAD") == (200, b"")


async def test_of_equal_headers_the_first_counts(client: Transport, raw: Raw) -> None:
    raw.answers = [(b"HTTP/1.1 200 OK\r\nX-A: one\r\nx-a: two\r\ncontent-length: 0\r\n\r\n",)]
    async with client.open(UpstreamRequest("GET", raw.url, ()), timeouts=LIMITS, allow_private=True) as exchange:
        assert (exchange.head.headers["X-A"], exchange.head.headers.get("x-b"), sorted(exchange.head.headers)) == (
            "one",
            None,
            ["content-length", "x-a"],
        )


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi",
        PLAIN + b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstolen",
    ],
)
async def test_a_connection_is_not_used_again_after_a_close_or_after_bytes_nobody_asked_for(
    client: Transport, raw: Raw, answer: bytes
) -> None:
    raw.answers = [(answer,), (PLAIN,), (PLAIN,)]
    assert await ask(client, raw) == (200, b"hi")
    await asyncio.wait_for(raw.lost.wait(), 5)
    assert await ask(client, raw) == (200, b"hi")
    assert raw.connections == 2


async def test_a_connection_that_upstream_closed_meanwhile_is_not_taken(client: Transport, raw: Raw) -> None:
    raw.answers = [(PLAIN,)]  # closes after its last answer
    await ask(client, raw)
    (pool,) = client._pools.values()
    async with asyncio.timeout(5):
        while pool._idle:  # noqa: ASYNC110  # nothing announces it
            await asyncio.sleep(0.01)
    raw.answers = [(PLAIN,)]
    assert await ask(client, raw) == (200, b"hi")
    assert raw.connections == 2


async def test_idle_connections_are_closed_after_a_while(client: Transport, raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "_IDLE_SECONDS", 0.0)
    raw.answers = [(PLAIN,), (PLAIN,)]
    await ask(client, raw)
    (pool,) = client._pools.values()
    pool.look(asyncio.get_running_loop().time())
    await asyncio.wait_for(raw.lost.wait(), 5)
    assert pool.take() is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", Garbled),
        (b"SSH-2.0-OpenSSH\r\n\r\n", Garbled),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 40_000, Garbled),
        (b"HTTP/1.1 200 OK\r\nx: ", Unknown),
    ],
)
async def test_what_is_no_answer_is_told_apart(client: Transport, raw: Raw, answer: bytes, error: type[Exception]) -> None:
    raw.answers = [(answer,)]
    with pytest.raises(error):
        await ask(client, raw)


async def test_a_slow_reader_holds_upstream_back(client: Transport, raw: Raw) -> None:
    size = 64 * 1024 * 1024
    raw.answers = [(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size, *[b"x" * (1024 * 1024)] * 64)]
    async with client.open(UpstreamRequest("GET", raw.url, ()), timeouts=LIMITS, allow_private=True) as exchange:
        await asyncio.sleep(0.1)
        assert isinstance(exchange, Incoming)
        assert exchange._size <= 3 * pipes.READ_BUFFER, "the rest waits at upstream"
        assert len(await exchange.body(size)) == size
