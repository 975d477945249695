"""The manners of the wire, line by line: what careless clients send, and what no answer may do to them."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from accounts import keys
from accounts.models import Membership, User
from gateway.guesses import Guesses
from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import HELLO, Caller
from tests.gateway.live import LiveRelay

CHAT = "/v1/chat/completions"
MESSAGE = {"model": "m", "max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
GEMINI = "/v1beta/models/m:generateContent"


def ask(relay: LiveRelay, method: str, path: str, **values: Any) -> httpx.Response:
    """Ask as a client that follows nothing and cleans no address."""
    return httpx.request(method, relay.url + path, follow_redirects=False, **values)


@pytest.mark.parametrize("prefix", ["", "/one-api", "//one-api/", "/v1", "/one-api/v1", "/one-api//v1"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, HELLO),
        ("/v1/messages", MESSAGE),
        ("/v1/responses", {"model": "m", "input": "Hello"}),
        (GEMINI, CONTENTS),
        ("/v1/models/m:generateContent", CONTENTS),
    ],
)
def test_every_protocol_answers_below_every_prefix(relay: LiveRelay, caller: Caller, prefix: str, path: str, body: dict[str, Any]) -> None:
    answer = ask(relay, "POST", prefix + path + "/", headers=caller.headers, json=body)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    [f"{CHAT}?", f"{CHAT}?beta=true", f"{CHAT}?api-version=2024-10-21&x=%2F%2F", "/openai/deployments/m/chat/completions?api-version=1"],
)
def test_query_strings_are_no_part_of_the_address(relay: LiveRelay, caller: Caller, path: str) -> None:
    assert ask(relay, "POST", path, headers=caller.headers, json=HELLO).status_code == 200


@pytest.mark.parametrize("path", ["/", "/?x=1", "/one-api", "/one-api/", "//one-api//"])
def test_a_base_address_is_answered_at_once(relay: LiveRelay, path: str) -> None:
    answer = ask(relay, "HEAD", path)

    assert (answer.status_code, answer.headers["content-length"]) == (200, "0")


def test_nothing_on_the_relays_paths_leads_elsewhere_or_leaves_a_trace(relay: LiveRelay, caller: Caller) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        for path in (
            "/v1",
            "/v1/",
            "/v1/models/",
            "//v1//models",
            "/v1/chat/completions/",
            "/dashboard/billing/usage/",
            "/openai/",
            "/v1/x",
        ):
            for headers in ({}, caller.headers, {"authorization": "Basic eDp5"}):
                answer = ask(relay, method, path, headers=headers)
                assert not 300 <= answer.status_code < 400
                assert answer.status_code < 500
                assert not {"set-cookie", "www-authenticate", "location", "content-encoding"} & set(answer.headers)


@pytest.mark.parametrize(
    "accept", ["text/event-stream", "text/html", "application/xml;q=0.1", "nonsense", "", "application/json, text/event-stream"]
)
def test_whatever_a_client_accepts_it_is_answered(relay: LiveRelay, caller: Caller, accept: str) -> None:
    answer = ask(relay, "POST", CHAT, headers={**caller.headers, "accept": accept}, json=HELLO)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=utf-8", "application/octet-stream", ""])
def test_whatever_a_body_is_called_it_is_read(relay: LiveRelay, caller: Caller, kind: str) -> None:
    body = b'{"model": "m", "messages": [{"role": "user", "content": "Hello"}]}'
    headers = {**caller.headers, "content-type": kind}

    assert ask(relay, "POST", CHAT, headers=headers, content=body).status_code == 200


def test_a_key_may_be_sent_under_several_names_and_the_first_counts(relay: LiveRelay, caller: Caller) -> None:
    same = {
        "authorization": f"Bearer {caller.secret}",
        "x-api-key": caller.secret,
        "api-key": caller.secret,
        "x-goog-api-key": caller.secret,
    }
    assert ask(relay, "POST", CHAT, headers=same, json=HELLO).status_code == 200
    for wins, loses in (("authorization", "x-api-key"), ("x-api-key", "api-key"), ("api-key", "x-goog-api-key")):
        assert ask(relay, "POST", CHAT, headers={wins: caller.secret, loses: "sk-wrong"}, json=HELLO).status_code == 200
        assert ask(relay, "POST", CHAT, headers={wins: "sk-wrong", loses: caller.secret}, json=HELLO).status_code == 401
    twice = [("authorization", f"Bearer {caller.secret}"), ("authorization", f"Bearer {caller.secret}")]
    assert ask(relay, "POST", CHAT, headers=twice, json=HELLO).status_code == 200


@pytest.mark.parametrize("nothing", ["Bearer undefined", "Bearer null", "Bearer", "bearer none"])
def test_a_key_that_is_none_leaves_the_others_their_turn(relay: LiveRelay, caller: Caller, nothing: str) -> None:
    assert ask(relay, "POST", CHAT, headers={"authorization": nothing, "x-api-key": caller.secret}, json=HELLO).status_code == 200
    alone = ask(relay, "POST", CHAT, headers={"authorization": nothing}, json=HELLO)
    assert (alone.status_code, alone.headers["x-should-retry"]) == (401, "false")


@pytest.fixture
def poor(caller: Caller) -> Caller:
    """A customer without a cent."""
    member = Membership.objects.create(tenant=caller.membership.tenant, user=User.objects.create_user(email="poor@shop.test"))
    issued = keys.issue(membership=member, name="empty")
    return Caller(member, issued.key, issued.secret)


QUOTA = {"type": "insufficient_quota", "code": "insufficient_quota"}


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        (CHAT, HELLO, 429, {**QUOTA, "param": None}),
        (CHAT, {**HELLO, "stream": True}, 429, {**QUOTA, "param": None}),
        ("/v1/responses", {"model": "m", "input": "Hello", "stream": True}, 429, QUOTA),
        ("/v1/messages", {**MESSAGE, "stream": True}, 402, {"type": "billing_error"}),
        (GEMINI, CONTENTS, 429, {"code": 429, "status": "RESOURCE_EXHAUSTED"}),
        ("/v1beta/models/m:streamGenerateContent?alt=sse", CONTENTS, 429, {"code": 429, "status": "RESOURCE_EXHAUSTED"}),
    ],
)
def test_an_empty_wallet_stops_clients_in_their_own_words(
    poor: Caller, upstream: Upstream, relay: LiveRelay, path: str, body: dict[str, Any], status: int, told: dict[str, Any]
) -> None:
    answer = ask(relay, "POST", path, headers=poor.headers, json=body)

    assert (answer.status_code, answer.headers["x-should-retry"], answer.headers["content-type"]) == (status, "false", "application/json")
    assert answer.json()["error"].items() >= told.items()
    assert not upstream.requests


def test_errors_of_streams_are_json_with_their_status(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    upstream.script(*[replies.error(400, "bad", "the vendor says no")] * 4)

    answer = ask(relay, "POST", CHAT, headers={**caller.headers, "accept": "text/event-stream"}, json={**HELLO, "stream": True})

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")


def test_streams_are_not_held_back(relay: LiveRelay, caller: Caller) -> None:
    packed = {**caller.headers, "accept-encoding": "gzip, br"}
    answer = ask(relay, "POST", CHAT, headers=packed, json={**HELLO, "stream": True})

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert (answer.headers["x-accel-buffering"], answer.headers["cache-control"]) == ("no", "no-cache, no-transform")
    assert not {"content-encoding", "content-length", "set-cookie"} & set(answer.headers)
    assert not [line for line in answer.text.splitlines() if line.startswith(("id:", "retry:")) or line == "data:"]


@pytest.mark.parametrize(("path", "status", "reason"), [(CHAT, 401, b"Unauthorized"), ("/v1/x", 404, b"Not Found")])
def test_a_reason_stands_behind_the_status(relay: LiveRelay, path: str, status: int, reason: bytes) -> None:
    where = urlsplit(relay.url)
    with socket.create_connection((where.hostname, where.port or 80), timeout=10) as plain:
        plain.sendall(f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}".encode())
        first = plain.makefile("rb").readline()

    assert first.rstrip() == b"HTTP/1.1 %d %s" % (status, reason)


@pytest.mark.parametrize(
    "fields",
    [
        {"user": {"id": "1", "name": "Ann"}},
        {"messages": [{"role": "user", "content": None}, {"role": "user", "content": [{"type": "text", "text": "Hello"}]}]},
        {"top_k": 5, "min_p": 0.1, "repetition_penalty": 1.1, "extra": {"a": [1, None]}},
    ],
)
def test_what_the_relay_does_not_know_travels_on(relay: LiveRelay, caller: Caller, upstream: Upstream, fields: dict[str, Any]) -> None:
    assert ask(relay, "POST", CHAT, headers=caller.headers, json={**HELLO, **fields}).status_code == 200
    assert {name: upstream.requests[0].fields[name] for name in fields} == fields


def test_a_wrong_key_is_looked_up_once_and_many_of_them_wait(relay: LiveRelay, caller: Caller) -> None:
    relay.state.recogniser._guesses = Guesses(clock=lambda: 0.0)  # a minute that does not end

    def tried(secret: str) -> httpx.Response:
        return ask(relay, "POST", CHAT, headers={"authorization": f"Bearer {secret}"}, json=HELLO)

    assert {tried("sk-wrongwrong").status_code for _ in range(12)} == {401}
    answers = [tried(f"sk-guess-{number:04d}") for number in range(13)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 3
    assert answers[-1].headers["retry-after"] == "60"
    assert tried("sk-wrongwrong").status_code == 401
    assert tried(caller.secret).status_code == 200
