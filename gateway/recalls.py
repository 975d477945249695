"""Carry "give back what is free of this wallet" between relay processes over Redis: only faster, never needed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import redis
import redis.asyncio

log = logging.getLogger("keyosk.relay")

CHANNEL = "keyosk:recalls"
_TIMEOUT_SECONDS = 0.1
_RECONNECT_SECONDS = 1.0


class RedisRecalls:
    """What a purse publishes and hears. Belongs to one event loop."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._client = redis.asyncio.Redis.from_url(redis_url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)

    async def publish(self, wallet: int) -> None:
        """Ask the others; a silent Redis costs 100 ms and nothing else."""
        try:
            await self._client.publish(CHANNEL, wallet)
        except (redis.RedisError, OSError) as error:
            log.warning("a recall could not be sent", extra={"error": type(error).__name__})

    async def listen(self, heard: Callable[[int], None]) -> None:
        """Report what others ask, for ever; reconnects."""
        while True:
            try:
                await self._subscribe(heard)
            except (redis.RedisError, OSError) as error:
                log.warning("recalls cannot be heard", extra={"error": type(error).__name__})
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def stop(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _subscribe(self, heard: Callable[[int], None]) -> None:
        client = redis.asyncio.Redis.from_url(self._url)
        try:
            async with client.pubsub(ignore_subscribe_messages=True) as channel:
                await channel.subscribe(CHANNEL)
                async for message in channel.listen():
                    heard(int(message["data"]))
        finally:
            await client.aclose()
