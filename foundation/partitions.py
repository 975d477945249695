"""Tables partitioned by month over a UUIDv7 primary key: the migration operation and the care of the partitions."""

from __future__ import annotations

import datetime
import itertools
import re
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection, migrations, transaction

from foundation.ids import time_of, uuid7_floor

AHEAD_MONTHS = 12
_BOUNDS = re.compile(r"FROM \('([0-9a-f-]{36})'\) TO \('([0-9a-f-]{36})'\)")


@dataclass(frozen=True, slots=True)
class Month:
    """A partition: [start, end) and its table's name."""

    start: datetime.datetime
    end: datetime.datetime
    name: str


class CreatePartitionedModel(migrations.CreateModel):
    """Create a model's table with Django's own DDL, partitioned by ranges of its id."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        schema_editor.sql_create_table = type(schema_editor).sql_create_table + " PARTITION BY RANGE (id)"
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            del schema_editor.sql_create_table


def month_starts(*, first: datetime.date, months: int) -> list[datetime.datetime]:
    """Return the first moments (UTC) of that many months, from the month of `first` on."""
    begin = first.year * 12 + first.month - 1
    return [datetime.datetime((begin + n) // 12, (begin + n) % 12 + 1, 1, tzinfo=datetime.UTC) for n in range(months)]


def ensure(*, table: str, today: datetime.date, ahead: int = AHEAD_MONTHS) -> list[str]:
    """Make the month's partition, the following ones and the DEFAULT where missing; return the names of new ones.

    Rows that DEFAULT took while their month was missing move into it.
    """
    starts = month_starts(first=today, months=ahead + 2)
    made = [f"{table}_default"] if _make(f"{table}_default", table, "DEFAULT") else []
    for start, end in itertools.pairwise(starts):
        name = f"{table}_{start:%Y_%m}"
        if not _exists(name) and _make_month(name, table, start, end):
            made.append(name)
    return made


def months(*, table: str) -> list[Month]:
    """Return the months that have a partition, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = to_regclass(%s)",
            [table],
        )
        # Of a partition that somebody else drops just now there are no bounds any more.
        found = [(name, match) for name, bound in cursor.fetchall() if bound is not None and (match := _BOUNDS.search(bound))]
    return sorted((Month(time_of(uuid.UUID(match[1])), time_of(uuid.UUID(match[2])), name) for name, match in found), key=_start)


def oldest(*, table: str) -> datetime.datetime | None:
    """Return the moment at which the oldest month's partition begins."""
    return next((month.start for month in months(table=table)), None)


@transaction.atomic
def drop(month: Month) -> bool:
    """Forget a month as a whole; False when somebody else did. Waits three seconds at most for those who read: others wait behind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [month.name])
        if not _exists(month.name):
            return False
        cursor.execute("SET LOCAL lock_timeout = '3s'")
        cursor.execute(f'DROP TABLE "{month.name}"')
    return True


def rows_in_default(*, table: str) -> int:
    """Count what no month's partition took; anything above 0 needs an operator."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}_default"')  # noqa: S608  # the name is ours
        return int(cursor.fetchone()[0])


def _exists(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [name])
        return cursor.fetchone()[0] is not None


def _make(name: str, table: str, bounds: str) -> bool:
    if _exists(name):
        return False
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE TABLE IF NOT EXISTS "{name}" PARTITION OF "{table}" {bounds}')
    return True


@transaction.atomic
def _make_month(name: str, table: str, start: datetime.datetime, end: datetime.datetime) -> bool:
    """Make a month; PostgreSQL refuses while DEFAULT holds rows of it, so they are moved first."""
    default = f"{table}_default"
    bounds = [uuid7_floor(start), uuid7_floor(end)]
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT EXISTS (SELECT FROM "{default}" WHERE id >= %s AND id < %s)', bounds)  # noqa: S608  # the name is ours
        if not cursor.fetchone()[0]:
            return _make(name, table, _range(start, end))
        cursor.execute(f'LOCK TABLE "{default}" IN ACCESS EXCLUSIVE MODE')
        cursor.execute(f'CREATE TABLE "{name}" (LIKE "{table}" INCLUDING ALL)')
        cursor.execute(
            f'WITH moved AS (DELETE FROM "{default}" WHERE id >= %s AND id < %s RETURNING *)'  # noqa: S608  # the names are ours
            f' INSERT INTO "{name}" SELECT * FROM moved',
            bounds,
        )
        cursor.execute(f'ALTER TABLE "{table}" ATTACH PARTITION "{name}" {_range(start, end)}')
    return True


def _start(month: Month) -> datetime.datetime:
    return month.start


def _range(start: datetime.datetime, end: datetime.datetime) -> str:
    return f"FOR VALUES FROM ('{uuid7_floor(start)}') TO ('{uuid7_floor(end)}')"
