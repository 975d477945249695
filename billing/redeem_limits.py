"""Slow down who guesses codes and orders: attempts per person and address, failures per day, counted in the cache.

With 95 random bits no guess ever hits; the limits are against noise and half-known codes. Without Redis each process counts by
itself.
"""

from __future__ import annotations

import contextlib

from django.core.cache import cache
from django.utils import timezone

from accounts import events
from foundation import vault

PER_PERSON_A_MINUTE = 5
PER_ADDRESS_A_MINUTE = 20
FAILURES_A_DAY = 20
# Of a shop within an hour: so many, and so many for each code that was good.
ALARM_FAILURES, ALARM_RATIO = 30, 3
LOOKUPS_A_MINUTE = 5
MAILS_AN_HOUR = 6
TRIES_A_CODE = 5
MAILS_AGAIN_A_DAY = 3

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_BETWEEN_QUESTIONS = 10


def may_try(*, user_id: int, address: str | None) -> bool:
    """Count an attempt and tell whether it may go on."""
    if int(cache.get(f"redeem:failures:{user_id}") or 0) >= FAILURES_A_DAY:
        return False
    is_calm = _count(f"redeem:user:{user_id}", _MINUTE) <= PER_PERSON_A_MINUTE
    return is_calm and (address is None or _count(f"redeem:address:{address}", _MINUTE) <= PER_ADDRESS_A_MINUTE)


def give_back(*, user_id: int, address: str | None, tenant_id: int) -> None:
    """Forget an attempt that was no guess: the code was good. So whoever holds many good codes is not slowed down."""
    _count(f"redeem:good:{tenant_id}", _HOUR)
    names = [f"redeem:user:{user_id}", *([] if address is None else [f"redeem:address:{address}"])]
    for name in names:
        # The minute may have ended meanwhile.
        with contextlib.suppress(ValueError):
            cache.decr(name)


def count_failure(*, user_id: int, tenant_id: int) -> None:
    """Note that an attempt failed; the shop's staff hear of it, once an hour, when so many do and few are good."""
    _count(f"redeem:failures:{user_id}", _DAY)
    bad = _count(f"redeem:bad:{tenant_id}", _HOUR)
    if bad >= ALARM_FAILURES and bad >= ALARM_RATIO * int(cache.get(f"redeem:good:{tenant_id}") or 0):
        events.emit(tenant_id=tenant_id, kind="codes.guessed", data={"failures": ALARM_FAILURES}, key=f"{timezone.now():%Y%m%d%H}")


def may_look_up(*, address: str | None, email: str) -> bool:
    """Count a search for an order and tell whether its code may be mailed."""
    mails = _count(f"lookup:email:{vault.digest(email, purpose='lookup')}", _HOUR)
    return _count(f"lookup:address:{address}", _MINUTE) <= LOOKUPS_A_MINUTE and mails <= MAILS_AN_HOUR


def may_ask_for_stock(*, address: str | None, email: str) -> bool:
    """Count an address left for a product that is sold out and tell whether a mail may go to it."""
    mails = _count(f"restock:email:{vault.digest(email, purpose='restock')}", _HOUR)
    return _count(f"restock:address:{address}", _MINUTE) <= LOOKUPS_A_MINUTE and mails <= MAILS_AN_HOUR


def may_ask_gateways(*, order_id: int) -> bool:
    """Tell whether gateways may be asked about an order's payments now: they were not within the last seconds."""
    return bool(cache.add(f"ask:{order_id}", 1, timeout=_BETWEEN_QUESTIONS))


def may_mail_again(*, order_id: int) -> bool:
    """Count a wish to have an order's mail once more and tell whether it may go."""
    return _count(f"mail-again:{order_id}", _DAY) <= MAILS_AGAIN_A_DAY


def may_try_code(*, nonce: str, address: str | None) -> bool:
    """Count an attempt at a code that was mailed and tell whether it may go on."""
    tries = _count(f"lookup:code:{nonce}", _HOUR)
    return _count(f"lookup:codes:{address}", _MINUTE) <= PER_ADDRESS_A_MINUTE and tries <= TRIES_A_CODE


def _count(key: str, seconds: int) -> int:
    cache.add(key, 0, timeout=seconds)
    try:
        return int(cache.incr(key))
    except ValueError:
        # It ended between the two calls.
        return 1
