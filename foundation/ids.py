"""Time-ordered identifiers: UUID version 7 (RFC 9562), made once where a thing begins."""

from __future__ import annotations

import datetime
import os
import time
import uuid

_VARIANT = 0x8000_0000_0000_0000


_new, _set = object.__new__, object.__setattr__
_UNKNOWN = uuid.SafeUUID.unknown  # an Enum's attributes are looked up anew each time
_NOISE_BYTES = 10
_NOISE_COUNT = 256
# Random numbers in stock: one question to the kernel for many ids. A forked process must not use its parent's.
_noise: list[int] = []
os.register_at_fork(after_in_child=_noise.clear)


def uuid7(now_ms: int | None = None) -> uuid.UUID:
    """Return a new UUIDv7: 48 bits of milliseconds, version, 74 random bits."""
    stamp = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    try:
        noise = _noise.pop()
    except IndexError:
        noise = _refill()
    high = (stamp & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | (noise >> 62 & 0x0FFF)
    made = _new(uuid.UUID)  # its constructor's checks would cost more than everything else here
    _set(made, "int", high << 64 | _VARIANT | (noise & 0x3FFF_FFFF_FFFF_FFFF))
    _set(made, "is_safe", _UNKNOWN)
    return made


def _refill() -> int:
    """Fill the stock and return one number more."""
    fresh = os.urandom(_NOISE_BYTES * _NOISE_COUNT)
    numbers = [int.from_bytes(fresh[at : at + _NOISE_BYTES], "big") for at in range(0, len(fresh), _NOISE_BYTES)]
    _noise.extend(numbers[1:])
    return numbers[0]


def uuid7_floor(moment: datetime.datetime) -> uuid.UUID:
    """Return the smallest UUIDv7 of that millisecond: a bound for ranges over ids."""
    stamp = int(moment.timestamp() * 1000)
    return uuid.UUID(int=((stamp & 0xFFFF_FFFF_FFFF) << 16 | 0x7000) << 64 | _VARIANT)


def time_of(identifier: uuid.UUID) -> datetime.datetime:
    """Return the moment inside a UUIDv7, in UTC, to the millisecond."""
    return datetime.datetime.fromtimestamp((identifier.int >> 80) / 1000, tz=datetime.UTC)
