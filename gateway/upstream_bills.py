"""Compare what vendors took from our accounts, by their own balance readings, with the cost we counted for the same hours."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Count, Q, Sum

from billing import rates
from billing.money import MICROS
from channels_app.models import BalanceReading
from gateway.models import UsageRecord

# Below this a difference is noise: readings are rounded to cents, and calls run while a vendor is asked.
LEAST_MICROS = 1 * MICROS
LEAST_PERCENT = 5


@dataclass(frozen=True, slots=True)
class Bill:
    """One upstream account (a key's, or the channel's) over the readings of some days, in µ$.

    `balance` is the last reading; `taken` what left between readings, top-ups aside; `counted` our cost of the same
    spans, in which `uncosted` calls have no cost. `balance` is None where no rate leads to dollars.
    """

    channel_id: int
    key_id: int | None
    balance: int | None
    taken: int
    counted: int
    uncosted: int

    @property
    def drift(self) -> int:
        """Return how much more the vendor took than we counted."""
        return self.taken - self.counted

    @property
    def is_off(self) -> bool:
        """Tell whether the difference is worth a look."""
        return abs(self.drift) >= LEAST_MICROS and abs(self.drift) * 100 >= LEAST_PERCENT * max(self.taken, self.counted)

    @property
    def proposal(self) -> str:
        """Say what would bring our cost book in line with the vendor."""
        if self.uncosted:
            return f"{self.uncosted} calls have no cost: set what the upstream asks for their models"
        if not self.counted:
            return "nothing was counted: does somebody else use the account, or has the channel no cost?"
        factor = (Decimal(self.taken) / self.counted).quantize(Decimal("0.001"), ROUND_HALF_UP)
        return f"multiply the cost of this channel's models by {factor}"


@dataclass(frozen=True, slots=True)
class _Point:
    at: datetime.datetime
    micros: int


def bills(*, since: datetime.datetime, until: datetime.datetime) -> list[Bill]:
    """Return the accounts that were read in [since, until)."""
    rows = BalanceReading.objects.filter(at__gte=since, at__lt=until).order_by("channel_id", "key_id", "currency", "at")
    groups = itertools.groupby(rows, key=lambda row: (row.channel_id, row.key_id, row.currency))
    return [_bill(channel_id, key_id, list(group)) for (channel_id, key_id, _currency), group in groups]


def _bill(channel_id: int, key_id: int | None, readings: Sequence[BalanceReading]) -> Bill:
    points = _points(readings)
    taken = counted = uncosted = 0
    for first, last in _falling(points or []):
        calls = UsageRecord.objects.between(first.at, last.at).filter(channel_id=channel_id)
        if key_id is not None:
            calls = calls.filter(channel_key_id=key_id)
        sums = calls.aggregate(cost=Sum("cost_micros", default=0), missing=Count("pk", filter=Q(cost_micros=None, status="ok")))
        taken += first.micros - last.micros
        counted += int(sums["cost"])
        uncosted += int(sums["missing"])
    return Bill(channel_id, key_id, points[-1].micros if points else None, taken, counted, uncosted)


def _points(readings: Sequence[BalanceReading]) -> list[_Point] | None:
    """Turn readings into µ$; None where no rate is known."""
    try:
        rate = rates.get(base=readings[0].currency, quote="USD")
    except rates.NoRate:
        return None
    return [_Point(row.at, int((row.amount * rate * MICROS).to_integral_value(ROUND_HALF_UP))) for row in readings]


def _falling(points: Sequence[_Point]) -> Iterator[tuple[_Point, _Point]]:
    """Yield the longest spans without a top-up."""
    start = 0
    for place in range(1, len(points) + 1):
        if place == len(points) or points[place].micros > points[place - 1].micros:
            if place - 1 > start:
                yield points[start], points[place - 1]
            start = place
