"""What rows of one-api, new-api and one-hub mean, where they differ in names and habits. Pure.

500,000 units there are one dollar: a unit is 2 µ$. Times are seconds, -1 or 0 is never. Rows that were deleted there are None.
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MICROS_PER_UNIT = 2
PRODUCTS = ("one-api", "new-api", "one-hub")
STAFF_ROLE = 10
_MOST_MS = 2_147_483_647

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """A user; `password` is bcrypt's notation or empty, `balance_micros` may be below 0."""

    id: int
    username: str
    name: str
    email: str
    password: str
    group: str
    is_active: bool
    is_staff: bool
    balance_micros: int


@dataclass(frozen=True, slots=True)
class Token:
    """A sub-key; `secret` is what clients send. `networks` None: the list cannot be understood."""

    id: int
    person_id: int
    secret: str
    name: str
    is_active: bool
    expires_at: datetime.datetime | None
    used_micros: int
    allowed_micros: int | None
    models: tuple[str, ...]
    networks: tuple[str, ...] | None
    group: str


@dataclass(frozen=True, slots=True)
class Redemption:
    """An unredeemed code."""

    id: int
    text: str
    name: str
    units_micros: int
    expires_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log that somebody may read: no channel, no address, no error of a vendor."""

    id: int
    person_id: int
    at: datetime.datetime
    kind: str
    model: str
    key_name: str
    amount_micros: int
    input_tokens: int
    output_tokens: int
    total_ms: int
    text: str


# What the numbers of `type` mean; texts are kept of those that say more than numbers do.
_KINDS = {1: "topup", 2: "call", 3: "note", 4: "note"}
_MORE_KINDS = {"new-api": {5: "failed", 6: "refund"}}
_TOLD = frozenset({"topup", "note", "refund"})


def person(row: Row) -> Person | None:
    """Read a row of `users`."""
    if row.get("deleted_at") or _int(row.get("status")) == 3:
        return None
    username = _text(row.get("username"))
    return Person(
        id=_int(row["id"]),
        username=username,
        name=_text(row.get("display_name")) or username,
        email=_text(row.get("email")).lower(),
        password=_text(row.get("password")) if _text(row.get("password")).startswith("$2") else "",
        group=_text(row.get("group"))[:40] or "default",
        is_active=_int(row.get("status")) == 1,
        is_staff=_int(row.get("role")) >= STAFF_ROLE,
        balance_micros=_int(row.get("quota")) * MICROS_PER_UNIT,
    )


def token(row: Row) -> Token | None:
    """Read a row of `tokens`. What was switched off, ended or spent there stays so: the last two by their own limits."""
    secret = _text(row.get("key"))
    if row.get("deleted_at") or not secret:
        return None
    used, left = _int(row.get("used_quota")), _int(row.get("remain_quota"))
    is_limited = "model_limits_enabled" not in row or bool(row["model_limits_enabled"])
    bounds = _object(mapping(row.get("setting")).get("limits"))
    return Token(
        id=_int(row["id"]),
        person_id=_int(row.get("user_id")),
        secret=secret if secret.startswith("sk-") else f"sk-{secret}",
        name=_text(row.get("name")),
        is_active=_int(row.get("status")) != 2,
        expires_at=moment(row.get("expired_time")),
        used_micros=max(0, used) * MICROS_PER_UNIT,
        allowed_micros=None if row.get("unlimited_quota") else (max(0, used) + max(0, left)) * MICROS_PER_UNIT,
        models=tuple(
            _parts(row.get("models") or (row.get("model_limits") if is_limited else "") or _bound(bounds, "limit_model_setting", "models"))
        ),
        networks=_networks(row.get("subnet") or row.get("allow_ips") or _bound(bounds, "limits_ip_setting", "whitelist")),
        group=_text(row.get("group")),
    )


def redemption(row: Row, *, now: datetime.datetime) -> Redemption | None:
    """Read a row of `redemptions`; None unless it can still be redeemed."""
    ends = moment(row.get("expired_time"))
    if row.get("deleted_at") or _int(row.get("status")) != 1 or (ends is not None and ends <= now):
        return None
    units = _int(row.get("quota")) * MICROS_PER_UNIT
    return Redemption(_int(row["id"]), _text(row.get("key")), _text(row.get("name")), units, ends)


def line(product: str, row: Row) -> Line | None:
    """Read a row of `logs`; None for one without a time or of no known kind. Durations: ms, or seconds as `use_time`."""
    kinds = _KINDS | _MORE_KINDS.get(product, {})
    at, kind = moment(row.get("created_at")), kinds.get(_int(row.get("type")))
    if at is None or kind is None:
        return None
    spent = _int(row.get("elapsed_time") or row.get("request_time")) or _int(row.get("use_time")) * 1_000
    return Line(
        id=_int(row["id"]),
        person_id=_int(row.get("user_id")),
        at=at,
        kind=kind,
        model=_plain(row.get("model_name"))[:120],
        key_name=_plain(row.get("token_name"))[:60],
        amount_micros=_int(row.get("quota")) * MICROS_PER_UNIT,
        input_tokens=_int(row.get("prompt_tokens")),
        output_tokens=_int(row.get("completion_tokens")),
        total_ms=max(0, min(spent, _MOST_MS)),
        text=_plain(row.get("content"))[:500] if kind in _TOLD else "",
    )


def moment(value: Any) -> datetime.datetime | None:
    """Return a time in seconds as a moment; None for never."""
    seconds = _int(value)
    return datetime.datetime.fromtimestamp(min(seconds, 253_402_300_799), datetime.UTC) if seconds > 0 else None


def mapping(value: Any) -> dict[str, Any]:
    """Return a JSON object, mostly inside a text; empty where there is none."""
    if isinstance(value, dict):
        return value
    try:
        found = json.loads(_text(value) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _bound(bounds: Mapping[str, Any], name: str, member: str) -> str:
    """Return a list of one-hub's settings of a token, where it is switched on: `limits.limit_model_setting.models`."""
    found = _object(bounds.get(name))
    return ",".join(str(one) for one in found.get(member) or ()) if found.get("enabled") else ""


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _networks(value: Any) -> tuple[str, ...] | None:
    try:
        return tuple(str(ipaddress.ip_network(part, strict=False)) for part in _parts(value))
    except ValueError:
        return None


def _parts(value: Any) -> list[str]:
    return [part.strip() for part in re.split(r"[,\n]", _text(value)) if part.strip()]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value).strip() if value is not None else ""


def _plain(value: Any) -> str:
    """Return a text as PostgreSQL keeps it: without NUL."""
    return _text(value).replace("\x00", "")


def _int(value: Any) -> int:
    return int(value or 0)
