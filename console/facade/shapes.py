"""Our rows in the other products' shapes. Pure.

Quota there is a number of units, 500,000 to the dollar: 1 unit is 2 µ$. What somebody has is rounded down, what was spent up. Times are
seconds; -1 is never. Customers never see channels: their number is 0.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from accounts.models import ApiKey, Membership
from billing.limits import State
from billing.pricing import ModelPrice
from gateway.models import UsageRecord

MICROS_PER_UNIT = 2
UNITS_PER_DOLLAR = 500_000
RATIO_ONE = 2_000_000
ENABLED, DISABLED, EXPIRED, EXHAUSTED = 1, 2, 3, 4
_ROLES = {"owner": 100, "manager": 10}


def units_left(micros: int) -> int:
    """Return what somebody has, in units."""
    return micros // MICROS_PER_UNIT


def units_spent(micros: int) -> int:
    """Return what was spent, in units."""
    return -(-micros // MICROS_PER_UNIT)


def seconds(at: datetime.datetime | None) -> int:
    """Return a moment in seconds; never is -1."""
    return int(at.timestamp()) if at is not None else -1


def user(member: Membership, *, left_micros: int, used_micros: int, calls: int) -> dict[str, Any]:
    """Return a person as `/api/user/self` does."""
    return {
        "id": member.pk,
        "username": member.username or str(member.user.email or ""),
        "display_name": member.user.name,
        "role": _ROLES.get(member.role, 1),
        "status": ENABLED,
        "email": member.user.email or "",
        "quota": units_left(left_micros),
        "used_quota": units_spent(used_micros),
        "request_count": calls,
        "group": member.group,
        "aff_code": "",
        "inviter_id": 0,
    }


def token(key: ApiKey, state: State, *, now: datetime.datetime, secret: str | None = None) -> dict[str, Any]:
    """Return a sub-key; its secret is there just when it was made, else its beginning and end."""
    allowance = state.of("key")
    left = allowance.left_micros if allowance else 0
    return {
        "id": key.pk,
        "user_id": key.membership_id,
        "key": (secret or f"{key.prefix}**********{key.last4}").removeprefix("sk-"),
        "status": _status(key, is_exhausted=allowance is not None and left == 0, now=now),
        "name": key.name,
        "created_time": seconds(key.created_at),
        "accessed_time": seconds(key.created_at),
        "expired_time": seconds(key.expires_at),
        "remain_quota": units_left(left),
        "unlimited_quota": allowance is None,
        "used_quota": units_spent(allowance.spent_micros) if allowance else 0,
        "models": ",".join(key.models_allowed),
        "subnet": ",".join(key.networks_allowed),
        "model_limits_enabled": bool(key.models_allowed),
        "model_limits": ",".join(key.models_allowed),
        "allow_ips": "\n".join(key.networks_allowed),
        "group": "",
    }


def _status(key: ApiKey, *, is_exhausted: bool, now: datetime.datetime) -> int:
    if key.state != ApiKey.State.ACTIVE:
        return DISABLED
    if key.expires_at is not None and key.expires_at <= now:
        return EXPIRED
    return EXHAUSTED if is_exhausted else ENABLED


def call(record: UsageRecord, *, names: Mapping[int, str], username: str) -> dict[str, Any]:
    """Return a call as a line of the log: type 2 is use, 5 a failed call."""
    return {
        "id": int(record.created_at.timestamp() * 1000),
        "user_id": record.membership_id,
        "created_at": seconds(record.created_at),
        "type": 2 if record.price_micros or not record.error else 5,
        "content": "",
        "username": username,
        "token_name": names.get(record.api_key_id, ""),
        "token_id": record.api_key_id,
        "model_name": record.model,
        "quota": units_spent(record.price_micros),
        "prompt_tokens": record.input_tokens,
        "completion_tokens": record.output_tokens,
        "channel": 0,
        "channel_id": 0,
        "request_id": str(record.pk),
        "elapsed_time": record.total_ms,
        "use_time": record.total_ms // 1000,
        "is_stream": record.is_stream,
    }


def price(model: str, found: ModelPrice, *, groups: list[str]) -> dict[str, Any]:
    """Return a line of `/api/pricing`: by tokens (ratio 1 is $2 per million), or by the call in dollars."""
    prices = found.prices
    base = prices.get("input", 0)
    is_per_call = not found.has_token_price
    return {
        "model_name": model,
        "quota_type": 1 if is_per_call else 0,
        "model_ratio": 0 if is_per_call else round(base / RATIO_ONE, 6),
        "model_price": round(found.per_call / 1_000_000, 6) if is_per_call else 0,
        "owner_by": "",
        "completion_ratio": round(prices.get("output", 0) / base, 6) if base else 0,
        "enable_groups": groups,
        "supported_endpoint_types": ["openai", "anthropic", "gemini"],
    }
