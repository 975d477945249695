"""A sub-key's rates over real HTTP, and the exchange of counts over a real Redis."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings

from accounts import keys, tenants
from accounts.models import ApiKey
from billing import price_book
from billing.limits import Rate
from billing.models import LimitRule
from channels_app import channels
from channels_app.models import Channel
from gateway import link
from gateway.limiter import WINDOW_SECONDS, Limiter
from gateway.process import DrainCaps
from gateway.throttling import Exchange
from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import HELLO, Caller, lines
from tests.gateway.live import LiveRelay

CHAT = "/v1/chat/completions"


@pytest.fixture
def relay(relay: LiveRelay) -> LiveRelay:
    """The relay with a clock that stands still early in this minute: a minute that ends sets every count to 0."""
    early = time.time() // WINDOW_SECONDS * WINDOW_SECONDS + 10
    relay.state.clock = lambda: early
    return relay


def early_minute() -> float:
    """Wait until most of the minute is left, and return the time: Redis counts by its own clock."""
    while (now := time.time()) % WINDOW_SECONDS > WINDOW_SECONDS - 10:
        time.sleep(0.1)
    return now


@pytest.fixture
def limited(caller: Caller) -> Caller:
    """A key for two requests a minute, a hundred tokens a minute, one call at once."""
    ApiKey.objects.filter(pk=caller.key.pk).update(rpm=2, tpm=100)
    return caller


def test_requests_beyond_the_rate_are_refused_with_the_time_to_wait(limited: Caller, relay: LiveRelay) -> None:
    first, second, third = (relay.http.post(CHAT, headers=limited.headers, json=HELLO) for _ in range(3))

    assert [one.status_code for one in (first, second, third)] == [200, 200, 429]
    error = third.json()["error"]
    assert (error["type"], error["code"], error["limit"]) == ("rate_limit_error", "rate_limit_exceeded", "requests")
    assert third.headers["retry-after"] == "50"
    assert [one.headers["x-ratelimit-remaining-requests"] for one in (first, second, third)] == ["1", "0", "0"]
    assert third.headers["x-ratelimit-limit-requests"] == "2"
    assert third.headers["x-ratelimit-reset-requests"] == "50s"
    assert len(lines(relay)) == 2


def test_keys_without_limits_get_no_such_headers(caller: Caller, relay: LiveRelay) -> None:
    response = relay.http.post(CHAT, headers=caller.headers, json=HELLO)

    assert not [name for name in response.headers if name.startswith("x-ratelimit")]


def test_tokens_count_when_a_call_ends(caller: Caller, relay: LiveRelay, upstream: Upstream) -> None:
    ApiKey.objects.filter(pk=caller.key.pk).update(tpm=20)
    upstream.script(replies.answer(replies.completion(usage={"prompt_tokens": 15, "completion_tokens": 5, "total_tokens": 20})))

    first, second = (relay.http.post(CHAT, headers=caller.headers, json=HELLO) for _ in range(2))

    assert (first.status_code, second.status_code, second.json()["error"]["limit"]) == (200, 429, "tokens")


def test_all_keys_of_a_customer_share_the_customers_rate(caller: Caller, relay: LiveRelay) -> None:
    LimitRule.objects.create(tenant=caller.membership.tenant, scope="customer", rpm=2)
    issued = keys.issue(membership=caller.membership, name="other")
    other = Caller(caller.membership, issued.key, issued.secret)

    answers = [relay.http.post(CHAT, headers=one.headers, json=HELLO) for one in (caller, other, caller)]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert [one.headers["x-ratelimit-remaining-requests"] for one in answers] == ["1", "0", "0"]
    error = answers[2].json()["error"]
    assert (error["scope"], error["limit"]) == ("customer", "requests")
    assert error["message"] == "The limit of requests of this account is reached."


def test_a_limit_for_some_models_leaves_the_others_alone(caller: Caller, channel: Channel, relay: LiveRelay, upstream: Upstream) -> None:
    price_book.set_price(model="big", per_call=1)
    channels.add(name="big", provider="openai", base_url=upstream.url, key="k", models=["big"])
    LimitRule.objects.create(tenant=tenants.root(), scope="tenant", models_matched="bi*", rpm=1)

    answers = [relay.http.post(CHAT, headers=caller.headers, json={**HELLO, "model": model}) for model in ("big", "big", "m")]

    assert [one.status_code for one in answers] == [200, 429, 200]
    error = answers[1].json()["error"]
    assert (error["code"], error["scope"], error["models"]) == ("rate_limit_exceeded", "tenant", "bi*")
    assert answers[1].headers["retry-after"] == "50"
    assert "x-ratelimit-limit-requests" not in answers[2].headers
    assert {name: lane.running for name, lane in relay.state.limiter.lanes.items()} == {f"tenant:{caller.membership.tenant_id}:bi*": 0}


def test_the_headers_tell_the_limit_that_leaves_the_least(caller: Caller, relay: LiveRelay) -> None:
    ApiKey.objects.filter(pk=caller.key.pk).update(rpm=50, tpm=1000)
    LimitRule.objects.create(tenant=caller.membership.tenant, scope="tenant", rpm=7, tpm=9000)

    response = relay.http.post(CHAT, headers=caller.headers, json=HELLO)

    told = {name.removeprefix("x-ratelimit-"): value for name, value in response.headers.items() if name.startswith("x-ratelimit-")}
    assert told == {
        "limit-requests": "7", "remaining-requests": "6", "reset-requests": "50s",
        "limit-tokens": "1000", "remaining-tokens": "984", "reset-tokens": "50s",
    }  # fmt: skip


def test_streams_tell_what_is_left_also_when_a_heartbeat_begins_them(
    caller: Caller, relay: LiveRelay, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "HEARTBEAT_SECONDS", 0.05)
    ApiKey.objects.filter(pk=caller.key.pk).update(rpm=9)
    upstream.script(replies.stream(pause=0.2))

    response = relay.http.post(CHAT, headers=caller.headers, json={**HELLO, "stream": True})

    assert response.text.startswith(":")
    assert (response.headers["x-ratelimit-limit-requests"], response.headers["x-ratelimit-remaining-requests"]) == ("9", "8")


def test_the_vendors_limits_are_none_of_the_clients_business(caller: Caller, relay: LiveRelay, upstream: Upstream) -> None:
    vendors = [("x-ratelimit-remaining-requests", "3"), ("x-ratelimit-limit-tokens", "9"), ("retry-after", "77")]
    upstream.script(replies.answer(headers=vendors), dataclasses.replace(replies.stream(), headers=(*replies.stream().headers, *vendors)))

    for is_stream in (False, True):
        response = relay.http.post(CHAT, headers=caller.headers, json={**HELLO, "stream": is_stream})
        assert response.status_code == 200
        assert not [name for name in response.headers if name.startswith("x-ratelimit") or name == "retry-after"]


def test_looking_things_up_takes_no_place_for_good(caller: Caller, relay: LiveRelay) -> None:
    ApiKey.objects.filter(pk=caller.key.pk).update(concurrency=1)

    assert [relay.http.get("/v1/models", headers=caller.headers).status_code for _ in range(3)] == [200] * 3
    assert relay.http.post(CHAT, headers=caller.headers, json={**HELLO, "model": "none"}).status_code == 404
    assert relay.http.post(CHAT, headers=caller.headers, json=HELLO).status_code == 200


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_call_gives_its_place_back(caller: Caller, relay: LiveRelay, upstream: Upstream, is_stream: bool) -> None:
    ApiKey.objects.filter(pk=caller.key.pk).update(concurrency=1)
    relay.state.drain_caps = DrainCaps(number=0)
    body = {**HELLO, "stream": is_stream}
    upstream.script(replies.hang_before_head())

    with ThreadPoolExecutor() as pool:
        slow = pool.submit(relay.http.post, CHAT, headers=caller.headers, json={**HELLO, "max_tokens": 7}, timeout=1.0)
        assert upstream.wait(lambda one: len(one.requests) == 1)
        busy = relay.http.post(CHAT, headers=caller.headers, json=body)
        assert slow.exception() is not None

    assert (busy.status_code, busy.json()["error"]["limit"]) == (429, "concurrency")
    assert upstream.wait(lambda one: one.disconnects == 1)
    assert [relay.http.post(CHAT, headers=caller.headers, json=body).status_code for _ in range(3)] == [200] * 3
    assert relay.state.limiter.lanes[f"key:{caller.key.pk}"].running == 0


@pytest.mark.redis
async def test_processes_learn_of_each_other() -> None:
    here, there = Limiter(), Limiter()
    exchanges = [Exchange(limiter, redis_url=settings.REDIS_URL) for limiter in (here, there)]
    now = early_minute()
    rate = Rate(f"key:{int(now * 1000)}", rpm=10, concurrency=5)
    (mine,) = here.enter([rate], now=now)
    await exchanges[0].exchange()
    (theirs,) = there.enter([rate], now=now)
    there.spend(theirs, 7, now=now)
    await exchanges[1].exchange()
    here.enter([rate], now=now)
    await exchanges[0].exchange()

    assert (theirs.requests, theirs.elsewhere) == (2, 1)
    assert (mine.requests, mine.tokens, mine.elsewhere, mine.running) == (3, 7, 1, 2)
    await asyncio.gather(*(one.stop() for one in exchanges))


async def test_without_redis_a_process_counts_alone() -> None:
    limiter = Limiter()
    exchange = Exchange(limiter, redis_url="unix:///nowhere/redis.sock", processes=4)
    limiter.enter([Rate("one", rpm=1)], now=60.0)

    task = asyncio.create_task(exchange.run())
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert exchange.is_down
    assert limiter.share == 4
    assert limiter.lanes["one"].requests == 1
