"""A call over a WebSocket against a real server: messages, refusals, cuts, silence, guarded addresses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from channels_app.contract import UpstreamRequest
from channels_app.exchange import Cut, Garbled, NotSent, Timeouts
from channels_app.transport import Transport

Handler = Callable[[ServerConnection], Awaitable[None]]
TIMEOUTS = Timeouts(connect=2.0, first_byte=0.3, idle=0.3, total=5.0)


async def greet(socket: ServerConnection) -> None:
    asked = await socket.recv()
    await socket.send(f"one {asked!r}")
    await socket.send(b"two")


async def cut(socket: ServerConnection) -> None:
    await socket.recv()
    await socket.send("one")
    socket.transport.abort()


async def fall_silent(socket: ServerConnection) -> None:
    await socket.wait_closed()


async def ask(url: str, *, allow_private: bool = True) -> list[bytes]:
    request = UpstreamRequest("POST", url, (("content-type", "application/json"), ("x-key", "k")), b"hello")
    async with Transport() as transport, transport.open(request, timeouts=TIMEOUTS, allow_private=allow_private) as exchange:
        return [chunk async for chunk in exchange.chunks()]


def run(handler: Handler) -> list[bytes]:
    async def play() -> list[bytes]:
        async with serve(handler, "127.0.0.1", 0) as server:
            return await ask(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/v1")

    return asyncio.run(play())


def test_each_message_is_one_chunk() -> None:
    assert run(greet) == [b"one 'hello'", b"two"]


def test_all_messages_are_one_body_of_lines() -> None:
    async def play() -> bytes:
        async with serve(greet, "127.0.0.1", 0) as server:
            url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            request = UpstreamRequest("POST", url, (), b"hello")
            async with Transport() as transport, transport.open(request, timeouts=TIMEOUTS, allow_private=True) as exchange:
                return await exchange.body()

    assert asyncio.run(play()) == b"one 'hello'\ntwo\n"


def test_a_socket_that_upstream_leaves_open_ends_with_its_last_message() -> None:
    async def linger(socket: ServerConnection) -> None:
        await greet(socket)
        await socket.wait_closed()

    async def play() -> bytes:
        async with serve(linger, "127.0.0.1", 0) as server:
            url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            request = UpstreamRequest("POST", url, (), b"hello", ends=lambda message: message == b"two")
            async with Transport() as transport, transport.open(request, timeouts=TIMEOUTS, allow_private=True) as exchange:
                return await exchange.body()

    assert asyncio.run(play()) == b"one 'hello'\ntwo\n"


def test_a_cut_socket_is_a_cut_answer() -> None:
    with pytest.raises(Cut):
        run(cut)


def test_silence_is_a_timeout() -> None:
    with pytest.raises(Cut) as silent:
        run(fall_silent)
    assert silent.value.is_timeout


def test_a_refused_handshake_is_an_answer_with_its_status() -> None:
    async def refuse(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(HTTPStatus.UNAUTHORIZED, '{"message":"HMAC signature does not match"}')

    async def play() -> tuple[int, bytes]:
        async with serve(greet, "127.0.0.1", 0, process_request=refuse) as server:
            url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            request = UpstreamRequest("POST", url, (), b"hello")
            async with Transport() as transport, transport.open(request, timeouts=TIMEOUTS, allow_private=True) as exchange:
                return exchange.head.status, await exchange.body()

    assert asyncio.run(play()) == (401, b'{"message":"HMAC signature does not match"}')


def test_inner_addresses_are_refused_and_nothing_listens_elsewhere() -> None:
    for url, private in (("ws://127.0.0.1:9/", False), ("ws://127.0.0.1:9/", True), ("ws://[", True)):
        with pytest.raises(NotSent):
            asyncio.run(ask(url, allow_private=private))


def test_another_protocol_is_garbled() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 mail.test ESMTP\r\n")
        await writer.drain()
        writer.close()

    async def play() -> AsyncIterator[bytes] | list[bytes]:
        server = await asyncio.start_server(babble, "127.0.0.1", 0)
        async with server:
            return await ask(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")

    with pytest.raises(Garbled):
        asyncio.run(play())
