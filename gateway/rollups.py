"""Sum usage rows by hour and by day, each marked hour anew as a whole: running it twice, or twice at once, changes nothing.

A trigger marks (hour, tenant) in the transaction that inserts rows. So a mark is seen together with its rows, however late they
come and in whatever order ids and commits are; a watermark over ids would need a safety lag and would miss replayed rows.
Hours whose rows retention has begun to delete keep the sums they have. Coarser sums are made from finer ones in the same transaction;
months only of the customers whose day has changed: a large shop's month is millions of days.
"""

from __future__ import annotations

import datetime
import time
from collections import defaultdict
from collections.abc import Iterable

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from foundation.ids import uuid7_floor
from gateway.models import UsageDay, UsageHour, UsageMemberDay, UsageMemberMonth, UsageModelDay, UsageRetention, UsageSum, UsageTenantHour

HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
HOURS_AT_ONCE = 24
# Any number that no other advisory lock has.
_LOCK = 7_015_440_001

_SUMS = (
    "calls, partial_calls, disconnected_calls, failed_calls, uncosted_calls, input_tokens, output_tokens, price_micros, cost_micros,"
    " total_ms, last_at"
)
# The newest hours first: dashboards look at them.
_TAKE = """
DELETE FROM gateway_usagechange WHERE hour IN (SELECT DISTINCT hour FROM gateway_usagechange ORDER BY hour DESC LIMIT %s)
RETURNING hour, tenant_id
"""
_OF_ROWS = """
SELECT tenant_id, membership_id, api_key_id, model, coalesce(channel_id, 0) AS channel_id, count(*) AS calls,
  count(*) FILTER (WHERE status = 'partial') AS partial_calls, count(*) FILTER (WHERE status = 'disconnected') AS disconnected_calls,
  count(*) FILTER (WHERE status = 'failed') AS failed_calls, count(*) FILTER (WHERE cost_micros IS NULL) AS uncosted_calls,
  sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(price_micros) AS price_micros,
  coalesce(sum(cost_micros), 0) AS cost_micros, sum(total_ms) AS total_ms, to_timestamp(max(keyosk_uuid7_ms(id)) / 1000.0) AS last_at
FROM gateway_usagerecord WHERE id >= %(first)s AND id < %(end)s AND tenant_id = ANY(%(tenants)s) GROUP BY 1, 2, 3, 4, 5
"""
_OF_SUMS = """
SELECT {group}, {sums}, max(last_at) AS last_at FROM {table}
WHERE start >= %(first)s AND start < %(end)s AND tenant_id = ANY(%(tenants)s){only} GROUP BY {group}
"""
# What is the same is left out before the insert: a conflict locks its row, and so writes it, even where nothing is updated.
_REPLACE = """
WITH fresh AS ({source}), gone AS (
  DELETE FROM {table} old WHERE start = %(start)s AND tenant_id = ANY(%(tenants)s){only}
    AND NOT EXISTS (SELECT FROM fresh WHERE ({fresh_group}) = ({old_group}))
  RETURNING {group}
), put AS (
  INSERT INTO {table} AS old (start, {group}, {sums}) SELECT %(start)s, {group}, {sums} FROM fresh
  WHERE NOT EXISTS (
    SELECT FROM {table} kept WHERE start = %(start)s AND tenant_id = ANY(%(tenants)s){only}
      AND ({fresh_group}, {fresh_sums}) = ({kept_group}, {kept_sums})
  )
  ON CONFLICT (start, {group}) DO UPDATE SET ({sums}) = ({excluded_sums})
  RETURNING {group}
)
{told}
"""
_TOLD = "SELECT {group} FROM gone UNION ALL SELECT {group} FROM put"
_NOTHING = "SELECT 1 WHERE false"
_ONLY = " AND membership_id = ANY(%(members)s)"


def _replace(made: type[UsageSum], source: str, *, only: str = "", is_told: bool = False) -> str:
    """Write the statement that makes a table's sums of one span what the source says, touching (and telling) only what differs."""
    names = ", ".join(made.group_columns)
    group = {f"{row}_group": _columns(row, names) for row in ("fresh", "kept", "old")}
    sums = {f"{row}_sums": _columns(row, _SUMS) for row in ("excluded", "fresh", "kept")}
    told = _TOLD.format(group=names) if is_told else _NOTHING
    return _REPLACE.format(table=made._meta.db_table, source=source, group=names, sums=_SUMS, only=only, told=told, **group, **sums)


def _summed(made: type[UsageSum], finer: type[UsageSum], *, only: str = "", is_told: bool = False) -> str:
    """Write the statement that makes one span of a table from a finer one's rows in [first, end)."""
    sums = ", ".join(f"sum({name.strip()}) AS {name.strip()}" for name in _SUMS.split(",")[:-1])
    source = _OF_SUMS.format(group=", ".join(made.group_columns), sums=sums, table=finer._meta.db_table, only=only)
    return _replace(made, source, only=only, is_told=is_told)


def _columns(row: str, names: str) -> str:
    return ", ".join(f"{row}.{name.strip()}" for name in names.split(","))


_SUM_HOUR = _replace(UsageHour, _OF_ROWS)
_SUM_TENANT_HOUR = _summed(UsageTenantHour, UsageHour)
_SUM_DAY = _summed(UsageDay, UsageHour)
_SUM_MODEL_DAY = _summed(UsageModelDay, UsageDay)
_SUM_MEMBER_DAY = _summed(UsageMemberDay, UsageDay, is_told=True)
_SUM_MEMBER_MONTH = _summed(UsageMemberMonth, UsageMemberDay, only=_ONLY)

# Hours that have rows, and hours that have sums and perhaps no rows any more.
_MARK = """
INSERT INTO gateway_usagechange (hour, tenant_id)
SELECT DISTINCT keyosk_uuid7_hour(id), tenant_id FROM gateway_usagerecord WHERE id >= %(first)s AND id < %(end)s
UNION SELECT DISTINCT start, tenant_id FROM gateway_usagehour WHERE start >= %(start)s AND start < %(until)s
"""


def roll_up(*, limit_seconds: float = 300.0) -> int:
    """Sum the hours that have changed, and their days; return how many hours. What the time does not allow waits."""
    ends = time.monotonic() + limit_seconds
    summed = 0
    while found := _roll_up_some():
        summed += found
        if time.monotonic() >= ends:
            break
    return summed


def mark(*, since: datetime.datetime, until: datetime.datetime) -> None:
    """Have all hours from `since` on summed anew: after rows were repaired by hand, or when in doubt."""
    start = hour_of(since)
    with connection.cursor() as cursor:
        cursor.execute(_MARK, {"first": uuid7_floor(start), "end": uuid7_floor(until), "start": start, "until": until})


def lock(cursor: CursorWrapper) -> None:
    """Keep sums from being made until this transaction ends."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def hour_of(moment: datetime.datetime) -> datetime.datetime:
    """Return the beginning of its hour."""
    return moment.astimezone(datetime.UTC).replace(minute=0, second=0, microsecond=0)


def day_of(moment: datetime.datetime) -> datetime.datetime:
    """Return the beginning of its day in UTC."""
    return hour_of(moment).replace(hour=0)


def month_of(moment: datetime.datetime) -> datetime.datetime:
    """Return the beginning of its month in UTC."""
    return day_of(moment).replace(day=1)


@transaction.atomic
def _roll_up_some() -> int:
    """Take marks and sum their hours. One at a time: who waits for the lock then sees that the marks are gone."""
    with connection.cursor() as cursor:
        lock(cursor)
        cursor.execute(_TAKE, [HOURS_AT_ONCE])
        marks = set(cursor.fetchall())
        hours = _by_start(_whole(marks))
        for start, tenants in hours.items():
            ids = {"first": uuid7_floor(start), "end": uuid7_floor(start + HOUR)}
            cursor.execute(_SUM_HOUR, {"start": start, "tenants": tenants, **ids})
            _sum(cursor, _SUM_TENANT_HOUR, start=start, tenants=tenants, span=HOUR)
        changed: dict[datetime.datetime, set[tuple[int, int]]] = defaultdict(set)
        for start, tenants in _by_start({(day_of(hour), tenant) for hour, some in hours.items() for tenant in some}).items():
            for statement in (_SUM_DAY, _SUM_MODEL_DAY):
                _sum(cursor, statement, start=start, tenants=tenants, span=DAY)
            changed[month_of(start)].update(_sum(cursor, _SUM_MEMBER_DAY, start=start, tenants=tenants, span=DAY))
        for start, whose in changed.items():
            tenants, members = ([*{one[column] for one in whose}] for column in (0, 1))
            _sum(cursor, _SUM_MEMBER_MONTH, start=start, tenants=tenants, span=month_of(start + 32 * DAY) - start, members=members)
    return len({hour for hour, _tenant in marks})


def _sum(
    cursor: CursorWrapper, statement: str, *, start: datetime.datetime, tenants: list[int], span: datetime.timedelta, **more: list[int]
) -> list[tuple[int, int]]:
    """Make sums that begin at `start` from finer ones of that span; return the groups that have changed, where the statement tells."""
    cursor.execute(statement, {"start": start, "tenants": tenants, "first": start, "end": start + span, **more})
    found: list[tuple[int, int]] = cursor.fetchall()
    return found


def _whole(marks: Iterable[tuple[datetime.datetime, int]]) -> Iterable[tuple[datetime.datetime, int]]:
    """Keep the marks of hours of which no row was deleted yet."""
    cleared = dict(UsageRetention.objects.exclude(cleared_until=None).values_list("tenant_id", "cleared_until"))
    for hour, tenant in marks:
        until = cleared.get(tenant)
        if until is None or hour >= until:
            yield hour, tenant


def _by_start(pairs: Iterable[tuple[datetime.datetime, int]]) -> dict[datetime.datetime, list[int]]:
    found: dict[datetime.datetime, list[int]] = defaultdict(list)
    for start, tenant in sorted(pairs):
        found[start].append(tenant)
    return dict(found)
