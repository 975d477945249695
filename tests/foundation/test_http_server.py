"""Our HTTP/1.1 protocol: what goes over the wire byte by byte, in how many writes, and what the application hears."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from foundation.http_cycle import Cycle, direct
from foundation.http_server import Protocol

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
LONG = b"x" * 70_000


class Wire(asyncio.Transport):
    """A connection in memory: keeps each write as it came."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.writes: list[bytes] = []
        self.pauses: list[str] = []
        self.closed = asyncio.Event()

    @property
    def is_closed(self) -> bool:
        return self.closed.is_set()

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.writes.append(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.closed.set()

    def pause_reading(self) -> None:
        self.pauses.append("pause")

    def resume_reading(self) -> None:
        self.pauses.append("resume")


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def served(app: App, *pieces: bytes, is_cut: bool = False, limit: int | None = None) -> Wire:
    """Return what an application did with the bytes of a client, each piece in a turn of the loop of its own."""

    async def serve() -> Wire:
        config = uvicorn.Config(app, http=Protocol, lifespan="off", server_header=False, date_header=False, limit_concurrency=limit)
        config.load()
        wire, protocol = Wire(), Protocol(config=config, server_state=ServerState(), app_state={})
        protocol.connection_made(wire)
        for piece in pieces:
            protocol.data_received(piece)
            await settle()
        if is_cut:
            protocol.connection_lost(None)
            await settle()
        if not is_cut:
            protocol.connection_lost(ConnectionResetError())
        return wire

    return asyncio.run(serve())


def answering(*bodies: bytes, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> App:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        for number, body in enumerate(bodies, 1):
            await send({"type": "http.response.body", "body": body, "more_body": number < len(bodies)})

    return app


GET = b"GET /a%20b?c=d HTTP/1.1\r\nHost: h\r\n\r\n"


def test_the_head_goes_out_with_the_first_bytes() -> None:
    wire = served(answering(b"hello", headers=((b"Content-Length", b"5"), (b"x-a", b"b"))), GET)
    assert wire.writes == [b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-a: b\r\n\r\nhello"]
    assert not wire.is_closed


def test_a_body_without_a_length_comes_in_chunks_the_last_with_its_end() -> None:
    wire = served(answering(b"one", b"two"), GET)
    assert wire.writes == [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n", b"3\r\ntwo\r\n0\r\n\r\n"]


def test_a_large_body_is_whole() -> None:
    wire = served(answering(LONG, headers=((b"content-length", b"70000"),)), GET)
    assert b"".join(wire.writes) == b"HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n" + LONG


def test_an_answer_without_a_body_is_its_head_alone() -> None:
    length = ((b"content-length", b"3"),)
    assert served(answering(b"abc", headers=length), b"HEAD / HTTP/1.1\r\nhost: h\r\n\r\n").writes == [
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"
    ]
    assert served(answering(b"", status=304), GET).writes == [b"HTTP/1.1 304 Not Modified\r\n\r\n"]


@pytest.mark.parametrize("request_head", [b"GET / HTTP/1.0\r\nhost: h\r\n\r\n", b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"])
def test_a_connection_ends_where_the_client_wants_it(request_head: bytes) -> None:
    wire = served(answering(b"a", headers=((b"content-length", b"1"),)), request_head)
    assert wire.writes == [b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\na"]
    assert wire.is_closed


def test_a_connection_ends_where_the_application_wants_it() -> None:
    wire = served(answering(b"a", headers=((b"content-length", b"1"), (b"connection", b"Close"))), GET)
    assert wire.writes == [b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: Close\r\n\r\na"]
    assert wire.is_closed


@pytest.mark.parametrize("header", [(b"x-a", b"b\r\nx-c: d"), (b"x-a", b"b\nc"), (b"x-a\r\nx-b", b"c"), (b"x a", b"c"), (b"x-a", b"\0")])
def test_a_header_that_would_break_out_of_its_line_is_not_sent(header: tuple[bytes, bytes]) -> None:
    wire = served(answering(b"a", headers=(header,)), GET)
    assert wire.writes == []  # as with uvicorn's own protocol the connection is closed
    assert wire.is_closed


@pytest.mark.parametrize(("length", "bodies"), [(b"3", [b"four"]), (b"5", [b"four"])])
def test_a_body_of_another_length_than_announced_breaks_the_connection(length: bytes, bodies: list[bytes]) -> None:
    assert served(answering(*bodies, headers=((b"content-length", length),)), GET).is_closed


def test_what_fails_before_the_head_is_a_500() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        raise ValueError

    wire = served(app, GET)
    assert wire.writes == [
        b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 21\r\n"
        b"connection: close\r\n\r\nInternal Server Error"
    ]


def test_the_application_hears_the_request_and_its_body_in_order() -> None:
    heard: list[Any] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        heard.append([scope[name] for name in ("method", "path", "raw_path", "query_string", "http_version", "headers")])
        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message["more_body"]:
                break
        heard.append(body)
        await answering(b"ok", headers=((b"content-length", b"2"),))(scope, receive, send)

    head = b"POST /a%20b?c=d HTTP/1.1\r\nHost: h\r\nContent-Length: 140000\r\n\r\n"
    wire = served(app, head + LONG[:100], LONG[100:], LONG[:1], LONG[1:])
    headers = [(b"host", b"h"), (b"content-length", b"140000")]
    assert heard == [["POST", "/a b", b"/a%20b", b"c=d", "1.1", headers], LONG + LONG]
    assert len(wire.writes) == 1


def test_a_client_waits_while_much_lies_unread() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await settle()
        while (await receive())["more_body"]:
            pass
        await answering(b"", status=204)(scope, receive, send)

    million = b"x" * 1_100_000
    wire = served(app, b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1100000\r\n\r\n" + million[:-1], million[:1])
    assert wire.pauses == ["pause", "resume"]
    assert wire.writes == [b"HTTP/1.1 204 No Content\r\n\r\n"]


def test_requests_in_one_piece_are_answered_in_turn() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        path = scope["path"].encode()
        await answering(path, headers=((b"content-length", b"%d" % len(path)),))(scope, receive, send)

    wire = served(app, b"GET /1 HTTP/1.1\r\nhost: h\r\n\r\nGET /2 HTTP/1.1\r\nhost: h\r\n\r\n")
    assert [write[-2:] for write in wire.writes] == [b"/1", b"/2"]


def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        await answering(b"", status=204)(scope, receive, send)

    wire = served(app, b"POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n", b"x")
    assert wire.writes == [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"]


def test_a_client_that_hangs_up_is_noticed_and_told_nothing() -> None:
    heard: list[str] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        heard.append((await receive())["type"])
        await answering(b"late")(scope, receive, send)

    assert served(app, GET, is_cut=True).writes == []
    assert heard == ["http.disconnect"]


def directly(*bodies: bytes, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> App:
    """Answer as `answering` does, without ASGI's messages."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        cycle = behind(send)
        cycle.begin(status, {name.decode(): value.decode("latin-1") for name, value in headers})
        for number, body in enumerate(bodies, 1):
            await cycle.put(body, more=number < len(bodies))

    return app


def behind(send: Any) -> Cycle:
    cycle = direct(send)
    assert cycle is not None
    return cycle


HEADS = [
    GET,
    b"HEAD / HTTP/1.1\r\nhost: h\r\n\r\n",
    b"GET / HTTP/1.0\r\nhost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(
    ("bodies", "status", "headers"),
    [
        ((b"hello",), 200, ((b"content-length", b"5"), (b"x-a", b"100%"))),
        ((b"one", b"two"), 200, ((b"content-type", b"text/event-stream"),)),
        ((b"one", b"", b""), 200, ()),
        ((LONG,), 502, ((b"content-length", b"70000"),)),
        ((b"",), 204, ((b"x-a", "\u00e9".encode("latin-1")),)),
    ],
)
def test_without_asgis_messages_the_bytes_are_the_same(
    head: bytes, bodies: tuple[bytes, ...], status: int, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    told, done = (served(make(*bodies, status=status, headers=headers), head) for make in (answering, directly))
    assert (done.writes, done.is_closed) == (told.writes, told.is_closed)


@pytest.mark.parametrize(
    "headers",
    [
        ((b"x-a", b"b\r\nset-cookie: c"),),
        ((b"x-a", b"b\n"),),
        ((b"x\r\nset-cookie", b"b"),),
        ((b"transfer-encoding", b"chunked"),),
        ((b"connection", b"close"),),
    ],
)
def test_no_header_breaks_out_of_its_line_without_messages_either(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    assert served(directly(b"a", headers=headers), GET).writes[0].startswith(b"HTTP/1.1 500 Internal Server Error\r\n")


def test_without_messages_too_a_body_is_as_long_as_was_told() -> None:
    assert served(directly(b"abc", headers=((b"content-length", b"2"),)), GET).is_closed
    assert served(directly(b"abc", headers=((b"content-length", b"4"),)), GET).is_closed


def test_a_body_is_taken_at_once_where_it_is_there_and_received_where_it_is_not() -> None:
    taken: list[bytes | None] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        taken.append(behind(send).take())
        await directly(b"", status=204)(scope, receive, send)

    head = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n"
    served(app, head + b"\r\nbody")
    served(app, head + b"\r\nbo", b"dy")
    served(app, head + b"expect: 100-continue\r\n\r\nbody")
    served(app, GET)
    assert taken == [b"body", None, None, b""]


def test_whoever_has_taken_the_body_still_hears_that_the_client_has_gone() -> None:
    heard: list[str] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        behind(send).take()
        heard.append((await receive())["type"])
        await directly(b"late")(scope, receive, send)

    assert served(app, GET, is_cut=True).writes == []
    assert heard == ["http.disconnect"]


@pytest.mark.parametrize("is_complete", [False, True])
def test_who_wants_to_know_is_told_when_the_client_goes_before_it_has_its_answer(is_complete: bool) -> None:
    told: list[str] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        cycle = behind(send)
        cycle.take()
        cycle.on_gone = lambda: told.append("gone")
        cycle.begin(200, {})
        await cycle.put(b"one", more=not is_complete)
        await receive()

    served(app, GET, is_cut=True)
    assert told == ([] if is_complete else ["gone"])


def test_two_may_wait_for_the_end_of_one_connection() -> None:
    heard: list[str] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        behind(send).take()
        early = asyncio.ensure_future(receive())
        messages = await asyncio.gather(receive(), receive())
        early.cancel()
        heard.extend(message["type"] for message in messages)

    served(app, GET, is_cut=True)
    assert heard == ["http.disconnect"] * 2


def test_lines_that_are_known_to_be_fine_follow_the_others() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        behind(send).begin(200, {"content-length": "1"}, more=b"x-a: b\r\n")
        await behind(send).put(b"a", more=False)

    assert served(app, GET).writes == [b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nx-a: b\r\n\r\na"]


def test_no_other_server_has_anything_behind_its_send() -> None:
    async def send(message: Any) -> None: ...

    assert direct(send) is None


def test_an_idle_connection_is_closed_and_a_busy_one_is_not() -> None:
    async def serve() -> bool:
        answered = asyncio.Event()

        async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["path"] == "/slow":
                await answered.wait()
            await answering(b"", status=204)(scope, receive, send)

        config = uvicorn.Config(app, http=Protocol, lifespan="off", timeout_keep_alive=1)
        config.load()
        wires = [Wire(), Wire()]
        for wire, path in zip(wires, (b"/", b"/slow"), strict=True):
            protocol = Protocol(config=config, server_state=ServerState(), app_state={})
            protocol.connection_made(wire)
            protocol.data_received(b"GET %b HTTP/1.1\r\nhost: h\r\n\r\n" % path)
        async with asyncio.timeout(20):
            await wires[0].closed.wait()
        is_slow_closed = wires[1].is_closed
        answered.set()
        await settle()
        return is_slow_closed

    assert asyncio.run(serve()) is False


def test_more_than_the_limit_is_refused() -> None:
    wire = served(answering(b"a"), GET, limit=1)
    assert wire.writes[0].startswith(b"HTTP/1.1 503 Service Unavailable\r\n")


@pytest.mark.parametrize("first", [{"type": "http.response.body", "body": b""}, {"type": "nonsense"}])
def test_messages_out_of_turn_are_the_applications_fault(first: dict[str, Any]) -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        with pytest.raises(RuntimeError, match="Expected ASGI message"):
            await send(first)
        await answering(b"", status=204)(scope, receive, send)
        with pytest.raises(RuntimeError, match="already completed"):
            await send({"type": "http.response.body", "body": b""})

    assert served(app, GET).writes == [b"HTTP/1.1 204 No Content\r\n\r\n"]
