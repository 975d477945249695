"""Count how often calls failed at channels, by hour and kind: also those that were answered elsewhere afterwards."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.db import connection
from django.db.models import Sum

from channels_app.models import FailureCount

KEPT = datetime.timedelta(days=90)

# Sorted, so that two relays that add at once never wait for each other in a circle; a channel that is gone counts nothing.
_ADD = """
INSERT INTO channels_app_failurecount (channel_id, hour, kind, count)
SELECT c.id, date_trunc('hour', %s::timestamptz, 'UTC'), u.kind, u.count
FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS u (channel, kind, count) JOIN channels_app_channel c ON c.id = u.channel
ORDER BY c.id, u.kind
ON CONFLICT (channel_id, hour, kind) DO UPDATE SET count = channels_app_failurecount.count + excluded.count
"""


def add(counts: Mapping[tuple[int, str], int], *, at: datetime.datetime) -> None:
    """Add failures of (channel, kind) to the hour of `at`."""
    rows = sorted(counts.items())
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [at, [one[0][0] for one in rows], [one[0][1] for one in rows], [one[1] for one in rows]])


def kinds(*, channel_id: int, since: datetime.datetime) -> dict[str, int]:
    """Return how often calls failed at a channel since a time, by kind, the most frequent first."""
    rows = FailureCount.objects.filter(channel_id=channel_id, hour__gte=since).order_by()
    found = rows.values_list("kind").annotate(sum=Sum("count"))
    return dict(sorted(found, key=lambda row: (-row[1], row[0])))


def forget(*, now: datetime.datetime) -> int:
    """Forget counts whose time is over."""
    return FailureCount.objects.filter(hour__lt=now - KEPT).delete()[0]
