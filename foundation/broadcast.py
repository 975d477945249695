"""Tell other processes something over Redis, and hear what they tell: only faster, never needed."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable

import redis
import redis.asyncio
import structlog

from foundation import silence

_RECONNECT_SECONDS = 1.0
# How long a listener waits for a connection to be made, and to be closed when it is told to end.
_CONNECTION_SECONDS = 1.0

log = structlog.get_logger(__name__)


def tell(channel: str, message: str | bytes, *, url: str) -> bool:
    """Say something to whoever listens; False when there is no Redis to carry it. Call it on commit."""
    try:
        with silence.asking(url):
            _publisher(url).publish(channel, message)
    except silence.Silent:
        return False
    return True


async def hear(channel: str, heard: Callable[[bytes], None], *, url: str) -> None:
    """Report what is told, for ever; connects anew, and logs once that it cannot."""
    is_deaf = False
    while True:
        try:
            client = redis.asyncio.Redis.from_url(url, socket_timeout=_CONNECTION_SECONDS, socket_connect_timeout=_CONNECTION_SECONDS)
            async with client, client.pubsub(ignore_subscribe_messages=True) as subscription:
                await subscription.subscribe(channel)
                is_deaf = False
                async for message in subscription.listen():
                    heard(message["data"])
        except (redis.RedisError, OSError) as error:
            silence.heed_cancellation()
            if not is_deaf:
                log.warning("other processes cannot be heard", channel=channel, error=type(error).__name__)
            is_deaf = True
        await asyncio.sleep(_RECONNECT_SECONDS)


@functools.lru_cache(maxsize=1)
def _publisher(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=silence.PATIENCE_SECONDS, socket_connect_timeout=silence.PATIENCE_SECONDS)
