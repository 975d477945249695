"""Two processes agree on a circuit within a second over a real Redis; without it each goes on alone. Failures reach the database."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
from django.conf import settings

from accounts.models import Tenant
from channels_app import bulletin, channels, selectors
from channels_app.contract import Failure, FailureKind
from channels_app.models import Channel, FailureCount
from foundation import db
from gateway.circuits import News
from gateway.limiter import Limiter
from gateway.signals import Signals
from gateway.standing import Standing
from tests.gateway.test_routing import GONE, channel

ONE = channel(1)
KEY = ONE.keys[0]
NOWHERE = "redis://127.0.0.1:1/0"


def standing() -> Standing:
    return Standing(draw=lambda: 0.5, limiter=Limiter())


def signals(of: Standing, url: str = "") -> Signals:
    return Signals(of, redis_url=url or settings.REDIS_URL, table=lambda: None)


@contextlib.asynccontextmanager
async def running(*all_of: Signals) -> AsyncIterator[None]:
    """Run them until the block is left; their subscriptions are up when it begins."""
    tasks = [asyncio.ensure_future(one.run()) for one in all_of]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def within(seconds: float, probe: object) -> float:
    """Wait until `probe()` is true; return how long it took."""
    began = time.monotonic()
    while not probe():  # type: ignore[operator]
        assert time.monotonic() - began < seconds, "it did not come true in time"
        await asyncio.sleep(0.005)
    return time.monotonic() - began


def fail(of: Standing, failure: Failure = GONE) -> None:
    for _ in range(5):
        of.board.failed(ONE, "m", KEY, failure, time.monotonic())


def is_open(of: Standing) -> bool:
    return not of.board.is_usable(ONE, "m", KEY, time.monotonic())


@pytest.mark.redis
async def test_two_workers_agree_on_an_open_and_a_closed_circuit_within_a_second() -> None:
    first, second = standing(), standing()
    async with running(signals(first), signals(second)):
        # The subscriptions take a moment: an open circuit of another channel is repeated until it is heard.
        first.board.hear(News((9, "m", 90), 600.0), time.monotonic())
        while not second.board.tripped:
            first.board.news += first.board.remind(time.monotonic())
            await asyncio.sleep(0.05)

        fail(first, Failure(FailureKind.RATE_LIMITED, "busy", retry_after_seconds=2.0))
        assert await within(5, lambda: is_open(second)) < 1.0

        await within(5, lambda: not is_open(first) and not is_open(second))
        second.board.succeeded(ONE, "m", KEY, time.monotonic(), seconds=0.1, is_stream=False)
        assert await within(5, lambda: (1, "m", KEY.id) not in first.board.tripped) < 1.0


@pytest.mark.redis
async def test_a_conversation_is_kept_to_its_channel_by_all_workers() -> None:
    first, second = standing(), standing()
    async with running(signals(first), signals(second)):
        while second.habits.way(b"\x01c", now=time.monotonic()) is None:  # its subscription takes a moment
            first.habits.learn(b"\x01c", (1, 10), until=time.monotonic() + 600)
            await asyncio.sleep(0.05)
        assert second.habits.way(b"\x01c", now=time.monotonic()) == (1, 10)
        assert second.habits.news == {}


async def test_without_redis_a_process_knows_what_it_has_seen() -> None:
    alone = standing()
    async with running(signals(alone, NOWHERE)):
        fail(alone)
        await asyncio.sleep(0.2)
        assert is_open(alone)


def test_a_check_that_was_answered_closes_the_circuits_of_the_key() -> None:
    one = standing()
    fail(one)
    signals(one).hear(bulletin.pack([bulletin.Item(1, bulletin.EVERY_MODEL, KEY.id, 0.0)], sender="check"))
    assert not is_open(one)


@pytest.mark.django_db(transaction=True)
async def test_failures_reach_the_database_and_channels_that_are_gone_are_forgotten(root_tenant: Tenant) -> None:
    made = await db.query(channels.add, name="up", provider="demo")
    table = await db.query(selectors.load_table)
    one = standing()
    one.board.begin(ONE, "m", KEY, 1.0)
    one.board.end(ONE, "m", KEY)
    one.tally(made.pk, "upstream")
    await Signals(one, redis_url=settings.REDIS_URL, table=lambda: table).post()
    assert await db.query(lambda: FailureCount.objects.values_list("channel_id", "kind", "count").get()) == (made.pk, "upstream", 1)
    assert (one.tallies, ONE.id in {made.pk}, bool(one.board.circuits)) == ({}, ONE.id == made.pk, ONE.id == made.pk)


@pytest.mark.django_db(transaction=True)
async def test_a_channel_at_its_daily_cost_is_marked(root_tenant: Tenant) -> None:
    made = await db.query(channels.add, name="up", provider="demo")
    await db.query(lambda: Channel.objects.filter(pk=made.pk).update(daily_cost_micros=0))
    table = await db.query(selectors.load_table)
    one = standing()
    await Signals(one, redis_url=settings.REDIS_URL, table=lambda: table).post()
    assert one.overspent == {made.pk}
