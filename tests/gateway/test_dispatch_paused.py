"""With Redis paused (it takes connections and says nothing) calls, limits, money and routing go on."""

from __future__ import annotations

import time
from collections.abc import Generator

import pytest
from django.conf import settings

from accounts import keys
from channels_app import channels
from channels_app.models import Channel
from tests import bootstrap
from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import DOLLAR, HELLO, PRICE, Caller, lines
from tests.gateway.live import LiveRelay
from tests.gateway.test_dispatch import free_money
from tests.gateway.test_dispatch_routing import learn

pytestmark = pytest.mark.redis  # it pauses a Redis that runs


@pytest.fixture
def paused() -> Generator[None, None, None]:
    """Stop the test session's own Redis server, and let it go on afterwards."""
    with bootstrap.paused(settings.REDIS_URL):
        yield


def call(relay: LiveRelay, secret: str, *, stream: bool = False) -> int:
    answer = relay.http.post("/v1/chat/completions", headers={"authorization": f"Bearer {secret}"}, json={**HELLO, "stream": stream})
    return answer.status_code


@pytest.fixture
def relay(paused: None, caller: Caller, channel: Channel) -> Generator[LiveRelay, None, None]:
    """A relay that is started, used and stopped without Redis."""
    with LiveRelay() as started:
        yield started


def test_calls_fail_over_are_limited_and_billed_without_redis(
    relay: LiveRelay, caller: Caller, channel: Channel, upstream: Upstream
) -> None:
    second = channels.add(name="second", provider="openai", base_url=upstream.url, key="sk-other-secret", models={"m": "up-2"})
    Channel.objects.filter(pk=channel.pk).update(base_url="http://127.0.0.1:1/v1")
    learn(relay)

    statuses = [call(relay, caller.secret, stream=number % 2 == 1) for number in range(8)]

    assert statuses == [200] * 8
    served = [line for line in lines(relay) if line.channel == second.pk]
    assert [line.tried for line in served][-3:] == [[], [], []]  # the circuit of the dead one is open
    assert all(line.price == PRICE for line in served)
    assert free_money(relay, caller) == DOLLAR - sum(line.price for line in lines(relay))


def test_a_revoked_key_and_a_rate_limit_hold_without_redis(relay: LiveRelay, caller: Caller) -> None:
    limited = keys.issue(membership=caller.membership, name="two a minute", rpm=2)

    assert [call(relay, limited.secret) for _ in range(3)].count(429) >= 1
    assert call(relay, caller.secret) == 200
    keys.revoke(key=caller.key)
    deadline = time.monotonic() + 20
    while call(relay, caller.secret) == 200:  # the polled versions tell of it: two seconds without Redis
        assert time.monotonic() < deadline


def test_a_vendors_failures_are_told_apart_without_redis(relay: LiveRelay, caller: Caller, channel: Channel, upstream: Upstream) -> None:
    upstream.script(replies.error(429, "rate_limit_exceeded", retry_after="60"))

    assert [call(relay, caller.secret), call(relay, caller.secret)] == [502, 200]
    assert (channel.pk, "m", channel.keys.get().pk) in relay.state.standing.board.tripped
