"""Ask what an account holds as relays of the one-api family (and OpenAI, long ago) tell it: a limit, and what was used of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from channels_app import inquiry
from channels_app.contract import UpstreamRequest
from channels_app.inquiry import Balance, Inquiry

# What relays that tell only their grants call what is left (CloseAI and AIGC2D; API2GPT), at an address outside /v1.
_LEFT = ("total_available", "total_remaining")
# What such relays report for an account without a limit: it says nothing.
_UNLIMITED = 100_000_000


def balance(address: str, headers: Sequence[tuple[str, str]], *, today: date, units_per_dollar: Decimal = Decimal(1)) -> Inquiry[Balance]:
    """Return what is left; `address` ends in `/dashboard/billing`.

    Some relays tell their own units instead of dollars: `units_per_dollar` (one-api: 500,000). Raise NoAnswer.
    """
    subscription = yield UpstreamRequest("GET", f"{address}/subscription", tuple(headers))
    try:
        limit = inquiry.amount(subscription.json("hard_limit_usd"))
    except inquiry.NoAnswer as refused:
        return Balance((yield from _grants(address, headers, refused)) / units_per_dollar, "USD")
    if limit >= _UNLIMITED * units_per_dollar:
        raise inquiry.NoAnswer("the account has no limit")
    since = today.replace(day=1) if subscription.json().get("has_payment_method") else today - timedelta(days=100)
    usage = yield UpstreamRequest("GET", f"{address}/usage?start_date={since}&end_date={today + timedelta(days=1)}", tuple(headers))
    return Balance((limit - inquiry.amount(usage.json("total_usage")) / 100) / units_per_dollar, "USD")


def _grants(address: str, headers: Sequence[tuple[str, str]], refused: inquiry.NoAnswer) -> Inquiry[Decimal]:
    """Return what is left of the grants, as OpenAI's `credit_grants` and `credit_summary` say it; raise `refused` where they do not."""
    reply = yield UpstreamRequest("GET", f"{address.replace('/v1/dashboard/', '/dashboard/')}/credit_grants", tuple(headers))
    try:
        told = reply.json()
        name = next(name for name in _LEFT if name in told)
        return inquiry.amount(told[name])
    except (inquiry.NoAnswer, StopIteration, TypeError):
        raise refused from None
