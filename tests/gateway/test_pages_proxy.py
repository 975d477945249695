"""Pages behind the relay's port: forwarded both ways, with headers nobody can forge."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from pytest_django import Settings

from gateway.link import Receive, Send
from tests.gateway.conftest import Caller
from tests.gateway.live import LiveRelay, Server


class Pages:
    """Tells what arrives; `/slow` answers in two parts, the second one when told to."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/slow":
            await self._slow(send)
            return
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = bool(message.get("more_body"))
        headers = [[name.decode(), value.decode()] for name, value in scope["headers"]]
        seen = {"method": scope["method"], "path": scope["raw_path"].decode(), "query": scope["query_string"].decode()}
        body = orjson.dumps({**seen, "headers": headers, "size": size})
        answer = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 207, "headers": answer})
        await send({"type": "http.response.body", "body": body})

    async def _slow(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.to_thread(self.go_on.wait, 10)
        await send({"type": "http.response.body", "body": b"second"})


@pytest.fixture
def socket_path() -> Generator[str, None, None]:
    with TemporaryDirectory(prefix="pages-") as folder:
        yield str(Path(folder) / "p.sock")


@pytest.fixture
def pages(socket_path: str) -> Generator[Pages, None, None]:
    application, ready = Pages(), threading.Event()
    config = uvicorn.Config(
        application, uds=socket_path, lifespan="off", log_level="warning", proxy_headers=False, timeout_graceful_shutdown=1
    )
    server = Server(config, ready)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert ready.wait(10)
    yield application
    application.go_on.set()
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def front(caller: Caller, socket_path: str, settings: Settings) -> Generator[LiveRelay, None, None]:
    settings.PAGES_SOCKET = socket_path
    with LiveRelay() as started:
        yield started


def test_a_page_is_forwarded_as_it_is(pages: Pages, front: LiveRelay) -> None:
    response = front.http.post("/a%2Fb/%E4?x=%20+&y", content=b"z" * 300_000, headers={"host": "shop.test", "cookie": "s=1"})

    seen = response.json()
    headers = dict(map(tuple, seen["headers"]))
    assert (response.status_code, response.headers.get_list("set-cookie")) == (207, ["a=1", "b=2"])
    assert (seen["method"], seen["path"], seen["query"], seen["size"]) == ("POST", "/a%2Fb/%E4", "x=%20+&y", 300_000)
    assert (headers["host"], headers["cookie"], headers["x-forwarded-for"], headers["x-forwarded-proto"]) == (
        "shop.test",
        "s=1",
        "127.0.0.1",
        "http",
    )
    assert "access-control-allow-origin" not in response.headers


def test_a_body_without_a_length_is_forwarded(pages: Pages, front: LiveRelay) -> None:
    assert front.http.post("/x", content=iter([b"a" * 10, b"b" * 20])).json()["size"] == 30


@pytest.mark.parametrize(("trusted", "expected"), [([], ("127.0.0.1", "http")), (["127.0.0.0/8"], ("203.0.113.9", "https"))])
def test_what_a_client_says_of_proxies_counts_only_from_ours(
    pages: Pages, caller: Caller, socket_path: str, settings: Settings, trusted: list[str], expected: tuple[str, str]
) -> None:
    settings.PAGES_SOCKET, settings.TRUSTED_PROXIES = socket_path, trusted
    forged = {
        "x-forwarded-for": "198.51.100.1, 203.0.113.9",
        "x-forwarded-proto": "https",
        "x-real-ip": "1.1.1.1",
        "forwarded": "for=1.1.1.1",
    }
    with LiveRelay() as front:
        headers = [tuple(one) for one in front.http.get("/x", headers=forged).json()["headers"]]

    found = {name: value for name, value in headers if name.startswith("x-") or name == "forwarded"}
    assert (found["x-forwarded-for"], found["x-forwarded-proto"]) == expected
    assert found["x-real-ip"] == expected[0]
    assert "forwarded" not in found


def test_an_answer_streams(pages: Pages, front: LiveRelay) -> None:
    with front.http.stream("GET", "/slow") as response:
        parts = response.iter_raw()
        assert next(parts) == b"first"
        pages.go_on.set()
        assert b"".join(parts) == b"second"


def test_pages_that_are_down_are_a_short_502(front: LiveRelay) -> None:
    response = front.http.get("/console/")

    assert (response.status_code, response.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert "One moment" in response.text
    assert httpx.get(front.url + "/healthz").status_code == 503


def test_health_needs_the_pages(pages: Pages, front: LiveRelay) -> None:
    assert httpx.get(front.url + "/healthz").json() == {"status": "ok"}


def test_the_relays_paths_do_not_go_to_the_pages(pages: Pages, front: LiveRelay) -> None:
    assert front.http.get("/v1/nothing").json()["error"]["code"] == "unknown_url"
    assert front.http.head("/").status_code == 200
    assert front.http.get("/").status_code == 207
