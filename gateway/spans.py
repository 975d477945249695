"""Say on which days there are calls of a model or with a status, by the sums: so that no list reads millions of calls to find few.

Hours that are marked are not summed yet (or anew): they are looked at themselves. Marks are read before the sums, so that
an hour that is summed in between is found there.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from uuid import UUID

from django.db.models import F, Q, QuerySet

from foundation.ids import uuid7_floor
from gateway import rollups
from gateway.models import UsageChange, UsageDay, UsageModelDay, UsageQuerySet, UsageRecord

Span = tuple[datetime.datetime, datetime.datetime]
Status = UsageRecord.Status

_WITH: dict[str, Q] = {
    Status.OK: Q(calls__gt=F("partial_calls") + F("disconnected_calls") + F("failed_calls")),
    Status.PARTIAL: Q(partial_calls__gt=0),
    Status.DISCONNECTED: Q(disconnected_calls__gt=0),
    Status.FAILED: Q(failed_calls__gt=0),
}


def of(
    rows: UsageQuerySet, *, who: Q, tenant_id: int | None, model: str = "", status: str = "", since: datetime.datetime | None = None
) -> list[Span]:
    """Return when there may be calls of `rows`, the latest span first; days in a row are one span.

    `rows` are narrowed to the model and status already; `who` narrows sums as it does rows (columns that both have), of one
    tenant or (None) of all. Days that ended before `since` are left out.
    """
    sums: QuerySet[UsageDay] | QuerySet[UsageModelDay] = UsageDay.objects.all() if who else UsageModelDay.objects.all()
    marks = UsageChange.objects.order_by()
    if tenant_id is not None:
        sums, marks = sums.filter(tenant_id=tenant_id), marks.filter(tenant_id=tenant_id)
    if since is not None:
        sums, marks = sums.filter(start__gte=rollups.day_of(since)), marks.filter(hour__gte=rollups.hour_of(since))
    hours = set(marks.values_list("hour", flat=True).distinct())
    narrowed = sums.filter(who, _WITH.get(status, Q()), **({"model": model} if model else {}))
    days = set(narrowed.order_by().values_list("start", flat=True).distinct())
    unsummed = [hour for hour in hours if rollups.day_of(hour) not in days and rows.between(hour, hour + rollups.HOUR).exists()]
    return _joined([*((day, day + rollups.DAY) for day in days), *((hour, hour + rollups.HOUR) for hour in unsummed)])


def bounded(rows: UsageQuerySet, spans: list[Span]) -> UsageQuerySet:
    """Return the rows from the first span to the last, none without any."""
    return rows.between(spans[-1][0], spans[0][1]) if spans else rows.none()


def newest(rows: UsageQuerySet, spans: list[Span], *, limit: int, before: UUID | None = None) -> list[UsageRecord]:
    """Read the newest rows (older than `before`), span by span, leaving out what lies between."""
    rows = rows if before is None else rows.filter(id__lt=before)
    found: list[UsageRecord] = []
    for start, end in spans:
        if before is not None and uuid7_floor(start) >= before:
            continue
        found += rows.between(start, end).order_by("-id")[: limit - len(found)]
        if len(found) >= limit:
            break
    return found


def _joined(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in sorted(spans, reverse=True):
        if found and found[-1][0] <= end:
            found[-1] = (start, found[-1][1])
        else:
            found.append((start, end))
    return found
