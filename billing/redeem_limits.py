"""Slow down who guesses codes and orders: attempts per person and address, failures per day, counted in the cache.

With 95 random bits no guess ever hits; the limits are against noise and half-known codes. Without Redis nobody is
kept from redeeming.
"""

from __future__ import annotations

import redis
import structlog
from django.core.cache import cache

PER_PERSON_A_MINUTE = 5
PER_ADDRESS_A_MINUTE = 20
FAILURES_A_DAY = 20
LOOKUPS_A_MINUTE = 5

_MINUTE, _DAY = 60, 86_400

log = structlog.get_logger(__name__)


def may_try(*, user_id: int, address: str | None) -> bool:
    """Count an attempt and tell whether it may go on."""
    try:
        if int(cache.get(f"redeem:failures:{user_id}") or 0) >= FAILURES_A_DAY:
            return False
        is_calm = _count(f"redeem:user:{user_id}", _MINUTE) <= PER_PERSON_A_MINUTE
        return is_calm and (address is None or _count(f"redeem:address:{address}", _MINUTE) <= PER_ADDRESS_A_MINUTE)
    except redis.RedisError:
        log.warning("redeem limits are off: the cache does not answer")
        return True


def count_failure(*, user_id: int) -> None:
    """Note that an attempt failed."""
    try:
        _count(f"redeem:failures:{user_id}", _DAY)
    except redis.RedisError:
        log.warning("a failed redemption was not counted: the cache does not answer")


def may_look_up(*, address: str | None) -> bool:
    """Count a search for an order and tell whether it may go on."""
    try:
        return _count(f"lookup:address:{address}", _MINUTE) <= LOOKUPS_A_MINUTE
    except redis.RedisError:
        return True


def _count(key: str, seconds: int) -> int:
    cache.add(key, 0, timeout=seconds)
    try:
        return int(cache.incr(key))
    except ValueError:
        # It ended between the two calls.
        return 1
