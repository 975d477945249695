"""Calls between relays say where they have been; one that comes back is refused, and the customer is told why."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.http import HttpRequest

from billing import price_book
from channels_app import bridge, channels
from channels_app.bridge import HOPS
from channels_app.contract import Call, ChannelFacts, ChannelKey, Secret
from channels_app.models import Channel
from gateway import hops
from gateway.errors import RelayError
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import HELLO, Caller, lines
from tests.gateway.live import LiveRelay

KEY = ChannelKey(1, Secret("sk-1"))


def call() -> Call:
    return Call("chat", "openai", "m", orjson.dumps(HELLO), HELLO)


def request(said: str = "") -> HttpRequest:
    made = HttpRequest()
    made.META = {"HTTP_X_KEYOSK_HOPS": said} if said else {}
    return made


def facts(provider: str, base_url: str = "") -> ChannelFacts:
    return ChannelFacts(1, "c", 1, provider, base_url, (), {})


def test_each_relay_adds_its_name() -> None:
    assert len(hops.instance()) == 16
    assert hops.count(request()) == hops.instance()
    assert hops.count(request("a, b")) == f"a,b,{hops.instance()}"


@pytest.mark.parametrize("said", [lambda: hops.instance(), lambda: f"a,{hops.instance()},b", lambda: "a,b,c,d,e"])
def test_a_call_that_was_here_or_has_gone_too_far_is_refused(said: Any) -> None:
    with pytest.raises(RelayError) as refused:
        hops.count(request(said()))
    assert (refused.value.status, refused.value.code, refused.value.headers()) == (508, "relay_loop", {"x-should-retry": "false"})


@pytest.mark.parametrize(
    ("channel", "is_told"),
    [
        (facts("openai", "http://relay.test"), True),
        (facts("oneapi", "http://relay.test"), True),
        (facts("litellm", "http://relay.test"), True),
        (facts("openai"), False),
        (facts("groq"), False),
    ],
)
def test_only_who_may_lead_back_is_told(channel: ChannelFacts, is_told: bool) -> None:
    headers = dict(bridge.request(call(), channel, KEY, hops=hops.count(request())).headers)
    assert headers.get(HOPS) == (hops.instance() if is_told else None)


def test_a_channel_that_leads_back_here_is_refused_and_costs_nothing(relay: LiveRelay, caller: Caller, channel: Channel) -> None:
    price_book.set_price(model="round", input=2_500_000, output=10_000_000)
    channels.add(name="circle", provider="oneapi", base_url=relay.url, key=caller.secret, models=["round"])

    response = relay.http.post("/v1/chat/completions", headers=caller.headers, json={**HELLO, "model": "round"})

    assert response.status_code == 508
    assert response.json()["error"] == {
        "message": "This call has come back to a relay it went through: a channel leads in a circle.",
        "type": "server_error",
        "param": None,
        "code": "relay_loop",
    }
    assert lines(relay) == []


def test_a_call_from_another_relay_is_served(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    response = relay.http.post("/v1/chat/completions", headers={**caller.headers, HOPS: "0123456789abcdef"}, json=HELLO)
    assert response.status_code == 200
    assert upstream.requests[0].headers[HOPS] == f"0123456789abcdef,{hops.instance()}"
