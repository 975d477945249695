"""Know once for the whole process that a Redis says nothing: who finds out spares everybody else the wait.

After a question that was not answered it is left alone for `REST_SECONDS`; then one caller tries, while all others still go
on without it. The log tells of the beginning and of the end, once each.

Silent      the question was not answered, or not asked because none is answered now
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis
import structlog

REST_SECONDS = 5.0
# How long those ask who can do without an answer.
PATIENCE_SECONDS = 0.25

log = structlog.get_logger(__name__)
# Addresses that say nothing, and when somebody may try again.
_silent_until: dict[str, float] = {}


class Silent(Exception):
    """Redis does not answer."""


@contextmanager
def asking(address: str) -> Iterator[None]:
    """Put a question to the Redis at an address; raise Silent in place of its errors, without a wait where it has just been silent.

    Whoever asks gives his client a short timeout: it is what one caller in `REST_SECONDS` waits.
    """
    _pass(address)
    try:
        yield
    except (redis.RedisError, OSError) as error:
        heed_cancellation()
        rest(address, error)
        raise Silent(type(error).__name__) from error
    if _silent_until.pop(address, None) is not None:
        log.warning("Redis answers again")


def rest(address: str, error: Exception) -> None:
    """Note that a Redis did not answer."""
    if address not in _silent_until:
        log.warning("Redis does not answer: this process goes on without it", error=type(error).__name__)
    _silent_until[address] = time.monotonic() + REST_SECONDS


def heed_cancellation() -> None:
    """End the task that caught an error of Redis' if it has been told to end.

    What redis-py's clean-up meets at a silent Redis takes the place of the cancellation: who caught that alone went on for
    ever, and one in six listeners kept its relay from stopping.
    """
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop runs here
        return
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def forget() -> None:
    """Ask again as if nothing had been."""
    _silent_until.clear()


def _pass(address: str) -> None:
    until = _silent_until.get(address)
    if until is None:
        return
    now = time.monotonic()
    if now < until:
        raise Silent("not asked")
    # Who comes after this caller does not wait beside him.
    _silent_until[address] = now + REST_SECONDS
