"""The lean door: addresses, CORS, bodies. All over real HTTP."""

from __future__ import annotations

import gzip
import socket
from dataclasses import replace

import httpx
import orjson
import pytest

from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import HELLO, Caller, lines
from tests.gateway.live import LiveRelay

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    "path",
    ["//v1/chat/completions", "/v1//chat/completions", "/v1/chat/completions/", "/one-api/v1/chat/completions", "/v1/chat///completions//"],
)
def test_careless_addresses_are_understood_without_a_redirect(relay: LiveRelay, caller: Caller, path: str) -> None:
    response = httpx.post(relay.url + path, headers=caller.headers, json=HELLO)

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/nothing"), ("POST", "/v1/models2/x"), ("GET", "/openai/x"), ("GET", "/one-api/v1/x"), ("GET", "/v1")],
)
def test_unknown_addresses_are_a_json_404(relay: LiveRelay, method: str, path: str) -> None:
    response = relay.http.request(method, path)

    assert (response.status_code, response.json()["error"]["code"], response.json()["error"]["type"]) == (
        404,
        "unknown_url",
        "invalid_request_error",
    )
    assert response.headers["content-type"] == "application/json"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path", "allow"), [("GET", CHAT, "POST"), ("POST", "/v1/models", "GET, HEAD"), ("DELETE", "/v1/models/m", "GET, HEAD")]
)
def test_a_wrong_method_is_named(relay: LiveRelay, caller: Caller, method: str, path: str, allow: str) -> None:
    response = relay.http.request(method, path, headers=caller.headers)

    assert (response.status_code, response.json()["error"]["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"] == allow


def test_head_of_the_root_is_answered_at_once(relay: LiveRelay) -> None:
    response = relay.http.head("/")

    assert (response.status_code, response.content) == (200, b"")


def test_head_of_a_list_has_no_body(relay: LiveRelay, caller: Caller) -> None:
    response = relay.http.head("/v1/models", headers=caller.headers)

    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("path", [CHAT, "/v1/models", "/dashboard/billing/subscription", "/one-api/v1/chat/completions"])
def test_preflight_needs_no_key_and_echoes_what_is_asked_for(relay: LiveRelay, path: str) -> None:
    asked = "authorization, x-stainless-os, x-anything"
    headers = {"origin": "https://chat.example", "access-control-request-method": "POST", "access-control-request-headers": asked}

    response = relay.http.options(path, headers=headers)

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["access-control-allow-headers"] == asked
    assert "POST" in response.headers["access-control-allow-methods"]
    assert response.headers["access-control-max-age"] == "86400"
    assert "Origin" in response.headers["vary"]
    assert "access-control-allow-credentials" not in response.headers


def test_answers_streams_and_refusals_may_be_read_by_browsers(relay: LiveRelay, caller: Caller) -> None:
    answers = [
        relay.http.post(CHAT, headers=caller.headers, json=HELLO),
        relay.http.post(CHAT, headers=caller.headers, json={**HELLO, "stream": True}),
        relay.http.post(CHAT, json=HELLO),
        relay.http.post(CHAT, headers=caller.headers, content=b"{"),
    ]

    assert [one.status_code for one in answers] == [200, 200, 401, 400]
    for one in answers:
        assert one.headers["access-control-allow-origin"] == "*"
        assert "x-request-id" in one.headers["access-control-expose-headers"]
        assert one.headers["x-request-id"] == one.headers["x-oneapi-request-id"] == one.headers["request-id"]
        assert "set-cookie" not in one.headers


def test_what_the_client_accepts_does_not_matter(relay: LiveRelay, caller: Caller) -> None:
    response = relay.http.post(CHAT, headers={**caller.headers, "accept": "text/event-stream"}, json=HELLO)

    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize("is_chunked", [False, True])
def test_forty_megabytes_are_refused_and_the_client_hears_why(relay: LiveRelay, caller: Caller, is_chunked: bool) -> None:
    megabyte = b"x" * (1024 * 1024)
    content = (megabyte for _ in range(40)) if is_chunked else megabyte * 40

    response = relay.http.post(CHAT, headers=caller.headers, content=content)

    assert (response.status_code, response.json()["error"]["code"]) == (413, "request_too_large")
    assert response.headers["access-control-allow-origin"] == "*"
    assert lines(relay) == []


def test_who_asks_before_sending_too_much_is_refused_at_once(relay: LiveRelay) -> None:
    host, port = relay.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 5) as client:
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("encoding", ["gzip", "GZIP"])
def test_packed_bodies_are_unpacked(relay: LiveRelay, caller: Caller, encoding: str) -> None:
    content = gzip.compress(orjson.dumps(HELLO))

    response = relay.http.post(CHAT, headers={**caller.headers, "content-encoding": encoding}, content=content)

    assert response.status_code == 200


def test_a_packed_bomb_is_refused(relay: LiveRelay, caller: Caller) -> None:
    content = gzip.compress(b" " * (40 * 1024 * 1024))

    response = relay.http.post(CHAT, headers={**caller.headers, "content-encoding": "gzip"}, content=content)

    assert (response.status_code, response.json()["error"]["code"]) == (413, "request_too_large")


def test_an_unknown_packing_is_named(relay: LiveRelay, caller: Caller) -> None:
    response = relay.http.post(CHAT, headers={**caller.headers, "content-encoding": "zstd"}, content=b"x")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "unsupported_field")
    assert response.json()["error"]["param"] == "content-encoding"


@pytest.mark.parametrize("is_stream", [False, True])
def test_headers_end_at_the_relay_in_both_directions(relay: LiveRelay, caller: Caller, upstream: Upstream, is_stream: bool) -> None:
    """Gotchas 41 and 44: the vendor's headers are not the client's affair, nor the client's the vendor's."""
    theirs = {"set-cookie": "a=1", "openai-organization": "org-x", "x-litellm-model-api-base": "http://inner.test", "x-request-id": "up"}
    plain = replies.stream() if is_stream else replies.answer()
    upstream.script(replace(plain, headers=(*plain.headers, *theirs.items())))
    ours = {
        "cookie": "s=1",
        "x-forwarded-for": "203.0.113.7",
        "accept-encoding": "gzip, br",
        "te": "trailers",
        "x-own": "1",
        "x-api-key": "k",
    }

    answer = relay.http.post(CHAT, headers={**ours, **caller.headers}, json={**HELLO, "stream": is_stream})

    (asked,) = upstream.requests
    assert answer.status_code == 200
    assert theirs.keys() & answer.headers.keys() == {"x-request-id"}
    assert answer.headers["x-request-id"] != "up"
    assert "content-encoding" not in answer.headers
    assert ours.keys() & asked.headers.keys() == {"accept-encoding"}
    assert (asked.headers["accept-encoding"], asked.headers["authorization"]) == ("identity", "Bearer sk-upstream-secret")
