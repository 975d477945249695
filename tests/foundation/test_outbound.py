"""Calls outside: the address guard, pinned connections, bounded answers."""

from __future__ import annotations

import http.server
import ipaddress
import socket
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest

from foundation import outbound


class Upstream(http.server.BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str, str, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, self.headers["Host"], body))
        self._answer(201, b"made")

    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._answer(200, b"x" * 1000)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Kind", "test")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    Upstream.seen.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("0.0.0.0", False),  # noqa: S104  # an address to refuse
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("100.100.100.200", False),
        ("168.63.129.16", False),
        ("169.254.169.254", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_outside(address: str, expected: bool) -> None:
    assert outbound.is_public(ipaddress.ip_address(address)) is expected


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:80/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://user@127.0.0.1/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com/",
        "http://",
        "http://[bad/",
        "http://example.com:99999/",
    ],
)
def test_inner_and_odd_addresses_are_refused(url: str) -> None:
    with pytest.raises(outbound.RefusedAddress):
        outbound.check_address(url, allow_private=False)


def _names(*addresses: str) -> object:
    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return resolve


def test_one_inner_address_among_outer_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _names("93.184.216.34", "10.0.0.1"))
    with pytest.raises(outbound.RefusedAddress, match=r"rebind\.test"):
        outbound.request("GET", "http://rebind.test/")


def test_the_connection_goes_to_the_address_that_was_checked(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    looked_up: list[str] = []

    def resolve(host: str, *args: object, **kwargs: object) -> object:
        looked_up.append(host)
        return real("127.0.0.1" if host == "upstream.test" else host, *args, **kwargs)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    answer = outbound.request("POST", f"http://upstream.test:{port}/a?b=1", content=b"{}", allow_private=True)
    assert (answer.status, answer.body, answer.header("X-Kind")) == (201, b"made", "test")
    assert Upstream.seen == [("/a?b=1", f"upstream.test:{port}", b"{}")]
    assert [host for host in looked_up if host == "upstream.test"] == ["upstream.test"]


def test_a_redirect_is_an_answer_and_not_followed(port: int) -> None:
    answer = outbound.request("GET", f"http://127.0.0.1:{port}/away", allow_private=True)
    assert (answer.status, answer.header("location")) == (302, "http://169.254.169.254/")


def test_an_answer_that_is_too_long_is_none(port: int) -> None:
    with pytest.raises(outbound.Unreachable, match="longer than 999 bytes"):
        outbound.request("GET", f"http://127.0.0.1:{port}/", allow_private=True, body_limit=999)
    assert len(outbound.request("GET", f"http://127.0.0.1:{port}/", allow_private=True, body_limit=1000).body) == 1000


def test_nobody_there_is_said_without_the_path() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/secret"
        with pytest.raises(outbound.Unreachable, match=r"^127\.0\.0\.1: ConnectError$"):
            outbound.request("GET", url, allow_private=True)


def test_a_server_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(outbound.Unreachable, match="ReadTimeout"):
        outbound.request("GET", f"http://127.0.0.1:{server.getsockname()[1]}/", allow_private=True, timeout_seconds=0.1)


async def test_asyncio_callers_get_the_same(port: int) -> None:
    answer = await outbound.request_async("GET", f"http://127.0.0.1:{port}/", allow_private=True)
    assert len(answer.body) == 1000
    with pytest.raises(outbound.RefusedAddress):
        await outbound.request_async("GET", f"http://127.0.0.1:{port}/")
