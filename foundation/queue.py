"""Ask a worker for something now. Never more than a hint: a broker that is away, or takes connections and says nothing, holds nobody up.

A broker's client waits for an answer as long as the broker lets it; so Redis is asked for a sign of life first.
"""

from __future__ import annotations

import functools
import time

import redis
import structlog
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

_PATIENCE_SECONDS = 0.25
# So long a silent broker is not asked again: a page that sends ten messages waits once.
_REST_SECONDS = 5.0

log = structlog.get_logger(__name__)
_silent_until = 0.0


def send(task: str, *args: object, expires: float) -> bool:
    """Enqueue a task by its name, forgotten after `expires` seconds; False when there is no queue to take it."""
    if not _lives():
        log.warning("a task was not enqueued: the queue does not answer", task=task)
        return False
    try:
        current_app.send_task(task, args=args, retry=False, ignore_result=True, expires=expires)
    except (OperationalError, redis.RedisError, OSError) as error:
        _rest()
        log.warning("a task was not enqueued", task=task, error=type(error).__name__)
        return False
    return True


def _lives() -> bool:
    """Tell whether the broker answers; of brokers other than Redis nothing is known before they are asked."""
    if not settings.CELERY_BROKER_URL.startswith("redis"):
        return True
    if time.monotonic() < _silent_until:
        return False
    try:
        return bool(_client(settings.REDIS_URL).ping())
    except (redis.RedisError, OSError):
        _rest()
        return False


def _rest() -> None:
    global _silent_until
    _silent_until = time.monotonic() + _REST_SECONDS


@functools.cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS)
