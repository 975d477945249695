"""The transport against a real upstream that fails in every way: which error, and what becomes of the connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import orjson
import pytest
from django.conf import settings

from channels_app import registry, transport
from channels_app.contract import UpstreamRequest
from channels_app.forms import Form, Part, Store
from channels_app.transport import Timeouts, Transport
from tests.doubles import replies
from tests.doubles.upstream import Upstream

SHORT = Timeouts(connect=5, first_byte=0.2, idle=0.2, total=5)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started:
        yield started


@pytest.fixture
async def client() -> AsyncIterator[Transport]:
    async with Transport() as opened:
        yield opened


def ask(upstream: Upstream, **fields: object) -> UpstreamRequest:
    body = orjson.dumps({"model": "up-1", "messages": [], **fields})
    return UpstreamRequest("POST", f"{upstream.url}/chat/completions", (("content-type", "application/json"),), body)


async def read(client: Transport, request: UpstreamRequest, timeouts: Timeouts = SHORT) -> bytes:
    async with client.open(request, timeouts=timeouts, allow_private=True) as exchange:
        return await exchange.body()


async def test_an_answer_arrives_with_its_head_and_identity_is_asked_for(client: Transport, upstream: Upstream) -> None:
    async with client.open(ask(upstream), timeouts=SHORT, allow_private=True) as exchange:
        body = await exchange.body()
    assert (exchange.head.status, exchange.head.content_type) == (200, "application/json")
    assert orjson.loads(body) == replies.completion()
    assert upstream.requests[0].headers["accept-encoding"] == "identity"
    assert upstream.requests[0].headers["user-agent"] == "Keyosk"
    assert "cookie" not in upstream.requests[0].headers


async def test_a_connection_is_used_again_after_a_complete_answer(client: Transport, upstream: Upstream) -> None:
    for _ in range(3):
        await read(client, ask(upstream))
    assert (len(upstream.requests), upstream.connections, upstream.disconnects) == (3, 1, 0)


async def test_an_error_status_is_an_answer(client: Transport, upstream: Upstream) -> None:
    upstream.script(replies.error(429, "rate_limit_exceeded", retry_after="3"))
    async with client.open(ask(upstream), timeouts=SHORT, allow_private=True) as exchange:
        assert (exchange.head.status, exchange.head.retry_after_seconds(0.0)) == (429, 3.0)


async def test_a_redirect_is_not_followed(client: Transport, upstream: Upstream) -> None:
    upstream.script(replies.answer({}, status=307, headers=[("location", f"{upstream.url}/elsewhere")]))
    async with client.open(ask(upstream), timeouts=SHORT, allow_private=True) as exchange:
        assert exchange.head.status == 307
    assert len(upstream.requests) == 1


async def test_a_closed_port_means_not_sent(client: Transport) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(transport.NotSent):
        await read(client, UpstreamRequest("POST", f"http://127.0.0.1:{port}/v1/chat/completions", ()))


async def test_a_name_that_does_not_exist_means_not_sent(client: Transport) -> None:
    with pytest.raises(transport.NotSent):
        await read(client, UpstreamRequest("POST", "http://upstream.invalid/v1/chat/completions", ()))


async def test_a_connection_that_is_never_accepted_means_not_sent(client: Transport) -> None:
    with socket.socket() as deaf, socket.socket() as first:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        first.connect(deaf.getsockname())  # fills the backlog, so that the next connection waits
        request = UpstreamRequest("POST", f"http://127.0.0.1:{deaf.getsockname()[1]}/", ())
        with pytest.raises(transport.NotSent) as caught:
            await read(client, request, Timeouts(connect=0.2, first_byte=5, idle=5, total=5))
    assert caught.value.is_timeout


@pytest.mark.parametrize(
    ("reply", "expected", "is_timeout"),
    [
        (replies.hang_before_head(), transport.Unknown, True),
        (replies.close_before_head(), transport.Unknown, False),
        (replies.no_http(), transport.Garbled, False),
        (replies.hang_before_content(), transport.Cut, True),
        (replies.hang_mid_stream(), transport.Cut, True),
        (replies.cut_mid_stream(), transport.Cut, False),
        (replies.cut_body(), transport.Cut, False),
        (replies.answer(b"not gzip", headers=[("content-encoding", "gzip")]), transport.Garbled, False),
        (replies.answer(b"odd", headers=[("content-encoding", "br")]), transport.Garbled, False),
    ],
)
async def test_each_failure_has_its_error(
    client: Transport, upstream: Upstream, reply: replies.Reply, expected: type[transport.TransportError], is_timeout: bool
) -> None:
    upstream.script(reply)
    with pytest.raises(transport.TransportError) as caught:
        await read(client, ask(upstream))
    assert (type(caught.value), caught.value.is_timeout) == (expected, is_timeout)


async def test_the_total_deadline_ends_a_stream_that_never_pauses(client: Transport, upstream: Upstream) -> None:
    upstream.script(replies.stream(["x"] * 100, pause=0.05))
    with pytest.raises(transport.Cut) as caught:
        await read(client, ask(upstream), Timeouts(connect=1, first_byte=1, idle=1, total=0.3))
    assert caught.value.is_timeout


async def test_silence_is_measured_between_reads_not_from_the_start(client: Transport, upstream: Upstream) -> None:
    """Gotcha 12: what goes on speaking has time."""
    upstream.script(replies.stream(["x"] * 10, pause=0.05))
    body = await read(client, ask(upstream), Timeouts(connect=1, first_byte=1, idle=0.4, total=10))
    assert body.endswith(b"data: [DONE]\n\n")


def test_a_model_may_think_for_five_minutes_before_its_first_byte() -> None:
    """Gotcha 12: models that reason are silent for minutes."""
    assert (Timeouts().first_byte, Timeouts().idle) == (300.0, 300.0)
    assert (settings.UPSTREAM_FIRST_BYTE_SECONDS, settings.UPSTREAM_IDLE_SECONDS) == (300.0, 300.0)


@pytest.mark.parametrize("is_stream", [False, True])
async def test_gzip_that_nobody_asked_for_is_undone(client: Transport, upstream: Upstream, is_stream: bool) -> None:
    """Gotcha 11: an upstream may pack its events all the same."""
    upstream.script(replies.gzipped(is_stream=is_stream))
    body = await read(client, ask(upstream))
    assert b"Hello" in body


async def test_a_line_of_ten_megabytes_passes(client: Transport, upstream: Upstream) -> None:
    upstream.script(replies.long_line())
    assert len(await read(client, ask(upstream), Timeouts())) > 10 * 1024 * 1024


async def test_a_body_beyond_the_limit_is_refused(client: Transport, upstream: Upstream) -> None:
    upstream.script(replies.answer(b"x" * 2000))
    async with client.open(ask(upstream), timeouts=SHORT, allow_private=True) as exchange:
        with pytest.raises(transport.Garbled):
            await exchange.body(1000)


async def test_leaving_in_the_middle_closes_the_connection(client: Transport, upstream: Upstream) -> None:
    upstream.script(replies.hang_mid_stream())
    async with client.open(ask(upstream), timeouts=Timeouts(), allow_private=True) as exchange:
        async for _ in exchange.chunks():
            break
    assert await asyncio.to_thread(upstream.wait, lambda double: double.disconnects == 1)


async def test_a_cancelled_call_closes_the_connection_before_the_head(client: Transport, upstream: Upstream) -> None:
    upstream.script(replies.hang_before_head())
    task = asyncio.create_task(read(client, ask(upstream), Timeouts()))
    assert await asyncio.to_thread(upstream.wait, lambda double: len(double.requests) == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(upstream.wait, lambda double: double.disconnects == 1)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "127.1", "2130706433", "[::ffff:127.0.0.1]"]
)
async def test_inner_addresses_are_refused_unless_allowed(client: Transport, upstream: Upstream, host: str) -> None:
    request = UpstreamRequest("POST", f"http://{host}:{upstream.port}/v1/chat/completions", (), b"{}")
    with pytest.raises(transport.NotSent):
        async with client.open(request, timeouts=SHORT, allow_private=False):
            pass
    assert upstream.connections == 0


async def test_a_local_vendor_answers_by_the_same_interface(client: Transport) -> None:
    body = orjson.dumps({"model": "demo-chat", "messages": [{"role": "user", "content": "hi"}], "stream": True})
    request = UpstreamRequest("POST", "http://demo.invalid/v1/chat/completions", (("x-demo-delay-ms", "0"),), body)
    async with client.open_local(registry.provider("demo"), request) as exchange:
        assert (exchange.head.status, exchange.head.content_type) == (200, "text/event-stream")
        assert (await exchange.body()).endswith(b"data: [DONE]\n\n")


async def test_a_form_larger_than_memory_should_hold_goes_out_in_pieces(client: Transport, upstream: Upstream) -> None:
    store = Store(memory_bytes=1024)
    data = bytes(range(256)) * 4096 * 3
    store.write(data)
    body = Form(parts=(Part("file", "a.wav", "audio/wav", 0, len(data)),), store=store, boundary="B").body(values={"model": "up-1"})
    upstream.script(replies.answer({"text": "hello"}))

    request = UpstreamRequest("POST", f"{upstream.url}/audio/transcriptions", (("content-type", body.content_type),), upload=body)
    assert await read(client, request, Timeouts()) == b'{"text":"hello"}'

    assert upstream.requests[0].body == bytes(body)
    assert upstream.requests[0].headers["content-length"] == str(len(body))
    store.close()


async def test_a_vendor_that_refuses_a_form_before_it_has_read_it_is_listened_to(client: Transport) -> None:
    done = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 No\r\ncontent-length: 4\r\nconnection: close\r\n\r\nnope")
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                pass
        writer.close()
        done.set()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    store = Store(memory_bytes=1024)
    store.write(b"x" * 8_000_000)
    body = Form(parts=(Part("file", "a", None, 0, store.size),), store=store, boundary="B").body(values={})
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/audio/transcriptions"
    async with server, client.open(UpstreamRequest("POST", url, (), upload=body), timeouts=Timeouts(), allow_private=True) as exchange:
        assert (exchange.head.status, await exchange.body()) == (401, b"nope")
    await done.wait()
    store.close()
