"""Recalls between relay processes over a real Redis."""

from __future__ import annotations

import asyncio

import pytest
from django.conf import settings

from gateway.recalls import RedisRecalls


@pytest.mark.redis
async def test_what_one_process_asks_another_one_hears() -> None:
    here, there = RedisRecalls(settings.REDIS_URL), RedisRecalls(settings.REDIS_URL)
    heard: asyncio.Queue[int] = asyncio.Queue()
    listening = asyncio.create_task(there.listen(heard.put_nowait))
    async with asyncio.timeout(5):
        while heard.empty():  # the subscription takes a moment
            await here.publish(42)
            await asyncio.sleep(0.02)

    assert heard.get_nowait() == 42
    listening.cancel()
    await asyncio.gather(listening, here.stop(), there.stop(), return_exceptions=True)


async def test_without_redis_nothing_is_raised() -> None:
    recalls = RedisRecalls("unix:///nowhere/redis.sock")

    await recalls.publish(42)
    await recalls.stop()
