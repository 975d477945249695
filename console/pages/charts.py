"""What the charts of the pages show: spending and calls by day, to the minute."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import quota_units
from gateway import rollups, selectors
from gateway.models import UsageDay

PACE_DAYS = 7


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


def days_left(available_micros: int, spending: Spending) -> int | None:
    """Return for how many days a balance lasts at the pace of the last whole days; None where nothing was spent in them."""
    spent = [sums.price_micros for _day, sums in spending.days[-1 - PACE_DAYS : -1]]
    return available_micros * len(spent) // sum(spent) if sum(spent) else None
