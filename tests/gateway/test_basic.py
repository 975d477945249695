"""HTTP Basic in place of a key, as browsers send it through a chat page."""

from __future__ import annotations

import base64

import pytest

from accounts import key_logins
from gateway import guesses
from tests.gateway.conftest import HELLO, Caller
from tests.gateway.live import LiveRelay

CHAT = "/v1/chat/completions"
PASSWORD = "long enough, really"


def header(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def ask(relay: LiveRelay, authorization: str, **headers: str) -> tuple[int, str | None]:
    response = relay.http.post(CHAT, headers={"authorization": authorization, **headers}, json=HELLO)
    assert "www-authenticate" not in response.headers
    return response.status_code, response.json().get("error", {}).get("code")


def test_a_sub_key_may_be_the_password(relay: LiveRelay, caller: Caller) -> None:
    assert ask(relay, header("anybody", caller.secret)) == (200, None)
    assert ask(relay, header("", caller.secret)) == (200, None)


def test_a_pair_opens_the_key_and_its_balance(relay: LiveRelay, caller: Caller) -> None:
    key_logins.give(key=caller.key, name="ann", password=PASSWORD)
    assert ask(relay, header("ann", PASSWORD)) == (200, None)
    usage = relay.http.get("/dashboard/billing/subscription", headers={"authorization": header("ann", PASSWORD)})
    assert usage.status_code == 200
    assert ask(relay, header("ann", PASSWORD + "-1")) == (401, "invalid_api_key")


def test_a_form_of_another_site_is_refused(relay: LiveRelay, caller: Caller) -> None:
    response = relay.http.post(
        CHAT, headers={"authorization": header("x", caller.secret), "content-type": "text/plain"}, content='{"model":"m","messages":[]}'
    )
    assert (response.status_code, response.json()["error"]["param"]) == (400, "content-type")


def test_who_guesses_waits(relay: LiveRelay, caller: Caller) -> None:
    key_logins.give(key=caller.key, name="ann", password=PASSWORD)
    seen = {ask(relay, header("ann", f"wrong password {number}")) for number in range(guesses.A_MINUTE * 2 + 2)}
    assert seen == {(401, "invalid_api_key"), (429, "rate_limit_exceeded")}
    assert ask(relay, header("x", caller.secret)) == (200, None)


@pytest.mark.parametrize("value", ["Basic", "Basic !!!", "Basic YTpi", "Basic " + "A" * 400, header("", "x"), header("x", "")])
def test_what_is_no_pair_is_no_key(relay: LiveRelay, value: str) -> None:
    status, code = ask(relay, value)
    assert status == 401
    assert code in {"missing_api_key", "invalid_api_key"}


def test_a_key_without_its_beginning_is_known(relay: LiveRelay, caller: Caller) -> None:
    assert ask(relay, f"Bearer {caller.secret.removeprefix('sk-')}") == (200, None)


@pytest.mark.parametrize("path", ["/v1/v1/chat/completions", "/one-api/v1/v1/chat/completions", "/v1//chat//completions/"])
def test_careless_base_addresses_are_understood(relay: LiveRelay, caller: Caller, path: str) -> None:
    assert relay.http.post(path, headers={"authorization": f"Bearer {caller.secret}"}, json=HELLO).status_code == 200
