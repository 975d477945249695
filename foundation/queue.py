"""Ask a worker for something now. Never more than a hint: a broker that is away, or takes connections and says nothing, holds nobody up.

A broker's client waits for an answer as long as the broker lets it; so Redis is asked for a sign of life first.
"""

from __future__ import annotations

import functools

import redis
import structlog
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from foundation import silence

log = structlog.get_logger(__name__)


def send(task: str, *args: object, expires: float) -> bool:
    """Enqueue a task by its name, forgotten after `expires` seconds; False when there is no queue to take it."""
    if not _lives():
        return False
    try:
        current_app.send_task(task, args=args, retry=False, ignore_result=True, expires=expires)
    except (OperationalError, redis.RedisError, OSError) as error:
        silence.rest(_address(), error)
        log.warning("a task was not enqueued", task=task, error=type(error).__name__)
        return False
    return True


def _lives() -> bool:
    """Tell whether the broker answers; of brokers other than Redis nothing is known before they are asked."""
    if not settings.CELERY_BROKER_URL.startswith("redis"):
        return True
    try:
        with silence.asking(_address()):
            return bool(_client(_address()).ping())
    except silence.Silent:
        return False


def _address() -> str:
    """Return the broker's address as redis-py spells it: Celery spells sockets in a way of its own."""
    broker: str = settings.CELERY_BROKER_URL
    return broker if broker.startswith(("redis://", "rediss://")) else settings.REDIS_URL


@functools.cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=silence.PATIENCE_SECONDS, socket_connect_timeout=silence.PATIENCE_SECONDS)
