"""Carry "give back what is free of this wallet" between relay processes over Redis: only faster, never needed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import redis.asyncio

from foundation import broadcast, silence

CHANNEL = "keyosk:recalls"
_TIMEOUT_SECONDS = 0.1


class RedisRecalls:
    """What a purse publishes and hears. Belongs to one event loop."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._client = redis.asyncio.Redis.from_url(redis_url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)

    async def publish(self, wallet: int) -> None:
        """Ask the others; while Redis is silent one call waits 100 ms for it, now and then."""
        with contextlib.suppress(silence.Silent), silence.asking(self._url):
            await self._client.publish(CHANNEL, wallet)

    async def listen(self, heard: Callable[[int], None]) -> None:
        """Report what others ask, for ever; reconnects."""
        await broadcast.hear(CHANNEL, lambda message: heard(int(message)), url=self._url)

    async def stop(self) -> None:
        """Close the connection."""
        await self._client.aclose()
