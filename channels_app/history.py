"""The history of checks: months made ahead, dropped whole when they are over, read as a timeline."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from channels_app import tallies
from channels_app.models import CheckRun
from foundation import partitions
from foundation.ids import time_of, uuid7_floor

TABLE = "channels_app_checkrun"
KEPT = datetime.timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of the timeline: how many checks were made in it, and how many of them failed."""

    start: datetime.datetime
    checks: int
    failed: int

    @property
    def state(self) -> str:
        """Say how the channel was: unknown, ok, mixed or failed."""
        if not self.checks:
            return "unknown"
        return "ok" if not self.failed else "failed" if self.failed == self.checks else "mixed"


def timeline(
    channel_id: int, *, until: datetime.datetime, slots: int = 48, each: datetime.timedelta = datetime.timedelta(minutes=30)
) -> list[Slot]:
    """Return the last slots up to `until`, the oldest first."""
    return timelines([channel_id], until=until, slots=slots, each=each)[channel_id]


def timelines(channel_ids: Iterable[int], *, until: datetime.datetime, slots: int, each: datetime.timedelta) -> dict[int, list[Slot]]:
    """Return the last slots of several channels up to `until`, read in one go."""
    start = until - slots * each
    counts = {channel_id: [[0, 0] for _ in range(slots)] for channel_id in channel_ids}
    rows = CheckRun.objects.filter(channel_id__in=counts, id__gte=uuid7_floor(start), id__lt=uuid7_floor(until))
    for channel_id, identifier, ok in rows.order_by().values_list("channel_id", "id", "ok"):
        place = counts[channel_id][min(slots - 1, int((time_of(identifier) - start) / each))]
        place[0] += 1
        place[1] += not ok
    return {
        channel_id: [Slot(start + place * each, *found) for place, found in enumerate(counted)] for channel_id, counted in counts.items()
    }


def latest(channel_id: int, *, limit: int = 20) -> Sequence[CheckRun]:
    """Return the last checks of a channel, the newest first."""
    return list(CheckRun.objects.filter(channel_id=channel_id).order_by("-id")[:limit])


def keep(*, now: datetime.datetime) -> str:
    """Make the months ahead and drop those that are over; return what was done."""
    made = partitions.ensure(table=TABLE, today=now.date())
    over = [month for month in partitions.months(table=TABLE) if month.end <= now - KEPT]
    dropped = [month.name for month in over if partitions.drop(month)]
    return f"{len(made)} months made, {len(dropped)} dropped, {tallies.forget(now=now)} counts forgotten"
