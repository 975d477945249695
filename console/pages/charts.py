"""What the charts of the pages show: spending and calls by day, to the minute."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import quota_units
from gateway import rollups, selectors
from gateway.models import UsageDay

PACE_DAYS = 7
SPARK_WIDTH, SPARK_HEIGHT = 84, 24


@dataclass(frozen=True, slots=True)
class Spark:
    """Some days of spending as small as a word: their sum in µ$, and the points of the line."""

    total_micros: int
    points: str
    box: str = f"0 0 {SPARK_WIDTH} {SPARK_HEIGHT}"


@dataclass(frozen=True, slots=True)
class Spending:
    """Sums of some days: `days` from the oldest to today, and their total."""

    days: tuple[tuple[datetime.datetime, selectors.Sums], ...]
    total: selectors.Sums

    def chart(self) -> dict[str, Any]:
        """Return what charts.js draws: what was spent a day, in the active unit."""
        unit = quota_units.current()
        return {
            "days": [int(day.timestamp()) for day, _sums in self.days],
            "series": [{"label": _("Spent, %s") % unit.symbol, "values": [unit.number(sums.price_micros) for _day, sums in self.days]}],
            "prefix": unit.prefix,
            "is_money": bool(unit.currency),
        }


def spending(who: Q, *, days: int) -> Spending:
    """Add up each of the last days; today's calls count as soon as they are posted. `who` names columns of the sums."""
    today = rollups.day_of(timezone.now())
    first = today - datetime.timedelta(days=days - 1)
    past = selectors.sums(UsageDay.objects.filter(who), by="start", since=first, until=today)
    now = sum(selectors.live(by="tenant_id", who=who, since=today).values(), selectors.Sums())
    found = [(first + datetime.timedelta(days=index)) for index in range(days)]
    rows = tuple((day, now if day == today else past.get(day, selectors.Sums())) for day in found)
    return Spending(rows, sum((sums for _day, sums in rows), selectors.Sums()))


def sparks(*, api_key_ids: Sequence[int], days: int) -> dict[int, Spark]:
    """Return what each sub-key spent a day, as lines of a table show it; keys that spent nothing have none."""
    today = rollups.day_of(timezone.now())
    first, until = today - datetime.timedelta(days=days - 1), today + rollups.DAY
    spent = selectors.spent_by_day(UsageDay.objects.filter(api_key_id__in=api_key_ids), by="api_key_id", since=first, until=until)
    found = {}
    for key_id in {key_id for key_id, _day in spent}:
        values = [spent.get((key_id, first + datetime.timedelta(days=index)), 0) for index in range(days)]
        if any(values):
            found[key_id] = Spark(sum(values), _line(values))
    return found


def _line(values: Sequence[int]) -> str:
    """Return the points of a line through values, in a box of SPARK_WIDTH × SPARK_HEIGHT with a margin of one."""
    most, step = max(values), (SPARK_WIDTH - 2) / (len(values) - 1)
    return " ".join(f"{1 + index * step:.1f},{1 + (SPARK_HEIGHT - 2) * (1 - value / most):.1f}" for index, value in enumerate(values))


def days_left(available_micros: int, spending: Spending) -> int | None:
    """Return for how many days a balance lasts at the pace of the last whole days; None where nothing was spent in them."""
    spent = [sums.price_micros for _day, sums in spending.days[-1 - PACE_DAYS : -1]]
    return available_micros * len(spent) // sum(spent) if sum(spent) else None
