"""WebSockets are refused by HTTP, with words that real clients can read: straight, through nginx, and without the server's extension."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import openai
import orjson
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from gateway import handshakes
from gateway.link import Message
from tests.gateway.conftest import Caller
from tests.gateway.live import LiveRelay
from tests.house.code import ROOT

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
REALTIME = "/v1/realtime?model=gpt-realtime"
LIVE = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"


def refusal(url: str, **options: Any) -> tuple[int, dict[str, Any]]:
    """Return how a WebSocket's handshake is refused: the HTTP status and the error."""
    with pytest.raises(InvalidStatus) as caught, connect(url.replace("http", "ws", 1), open_timeout=10, proxy=None, **options):
        pass
    answer = caught.value.response
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Any] = orjson.loads(answer.body or b"")["error"]
    return answer.status_code, error


def offered(caller: Caller) -> list[Any]:
    """Return what a browser offers: it can set no header."""
    return ["realtime", f"openai-insecure-api-key.{caller.secret}", "openai-beta.realtime-v1"]


@pytest.mark.parametrize(
    "path",
    [
        REALTIME,
        "/one-api/v1/realtime?model=m",
        "/openai/realtime?api-version=2025-04-01-preview&deployment=m",
        "/openai/v1/realtime?model=m",
    ],
)
def test_realtime_is_refused_by_name(relay: LiveRelay, caller: Caller, path: str) -> None:
    status, error = refusal(relay.url + path, subprotocols=offered(caller))
    below = path.partition("?")[0].removeprefix("/one-api")
    assert (status, error["code"], error["type"]) == (501, "not_implemented", "invalid_request_error")
    assert error["message"] == f"WebSockets are not offered at {below} yet."


def test_each_protocol_refuses_in_its_own_words(relay: LiveRelay, caller: Caller) -> None:
    status, error = refusal(f"{relay.url}{LIVE}?key={caller.secret}")
    assert (status, error["code"], error["status"]) == (501, 501, "UNIMPLEMENTED")
    status, error = refusal(relay.url + "/v1/responses", additional_headers=caller.headers)
    assert (status, error["code"]) == (501, "not_implemented")


def test_a_handshake_is_asked_for_its_key_first(relay: LiveRelay) -> None:
    status, error = refusal(relay.url + REALTIME)
    assert (status, error["code"]) == (401, "missing_api_key")
    status, error = refusal(relay.url + REALTIME, subprotocols=["realtime", "openai-insecure-api-key.sk-nobody"])
    assert (status, error["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize("path", ["/v1/nothing", "/console/"])
def test_a_socket_to_nowhere_is_a_404(relay: LiveRelay, path: str) -> None:
    status, error = refusal(relay.url + path)
    assert (status, error["code"]) == (404, "unknown_url")


def test_openais_client_reads_the_refusal(relay: LiveRelay, caller: Caller) -> None:
    client = openai.OpenAI(base_url=relay.url + "/v1", api_key=caller.secret, max_retries=0)
    with client, pytest.raises(InvalidStatus) as caught, client.realtime.connect(model="gpt-realtime"):
        pass
    assert caught.value.response.status_code == 501


@pytest.fixture
def nginx(relay: LiveRelay, tmp_path: Path) -> Generator[str, None, None]:
    """nginx in front of the relay, as deploy/nginx.conf has it."""
    if NGINX is None:
        pytest.skip("nginx is not installed here")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    site = site.replace("127.0.0.1:8000", relay.url.removeprefix("http://")).replace("listen 80;", f"listen 127.0.0.1:{port};")
    frame = tmp_path / "nginx.conf"
    places = " ".join(f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    frame.write_text(
        f"daemon off; error_log stderr; pid {tmp_path}/pid; events {{}} http {{ access_log off; {places} {site} }}", encoding="utf-8"
    )
    process = subprocess.Popen([NGINX, "-c", str(frame)], stderr=subprocess.DEVNULL)
    _wait_for(port)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("nginx did not start")


@pytest.mark.parametrize(("host", "mount"), [("keyosk.example", ""), ("www.example", "/keyosk")])
def test_nginx_passes_the_refusal_on(nginx: str, caller: Caller, host: str, mount: str) -> None:
    link = socket.create_connection(("127.0.0.1", int(nginx.rpartition(":")[2])))
    status, error = refusal(f"http://{host}{mount}{REALTIME}", sock=link, subprotocols=offered(caller))
    assert (status, error["code"], error["message"]) == (501, "not_implemented", "WebSockets are not offered at /v1/realtime yet.")


async def test_a_server_that_cannot_say_why_says_no() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    say = handshakes.refusing({"type": "websocket"}, send)
    await say({"type": "http.response.start", "status": 501, "headers": []})
    await say({"type": "http.response.body", "body": b"{}", "more_body": False})
    assert sent == [{"type": "websocket.close"}]


async def test_a_client_that_goes_is_heard_to_go() -> None:
    async def receive() -> Message:
        return {"type": "websocket.disconnect", "code": 1006}

    assert await handshakes.hearing(receive)() == {"type": "http.disconnect"}
