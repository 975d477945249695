"""Tables partitioned by month over a UUIDv7 primary key: the migration operation and the care of the partitions."""

from __future__ import annotations

import datetime
import itertools
import re
import uuid
from typing import Any

from django.db import connection, migrations

from foundation.ids import time_of, uuid7_floor

AHEAD_MONTHS = 12
_BOUND = re.compile(r"FROM \('([0-9a-f-]{36})'\)")


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

    A month whose rows are already in DEFAULT cannot be made: PostgreSQL refuses, and the caller hears of it.
    """
    starts = month_starts(first=today, months=ahead + 2)
    wanted = [(f"{table}_{start:%Y_%m}", _range(start, end)) for start, end in itertools.pairwise(starts)]
    wanted.append((f"{table}_default", "DEFAULT"))
    made = []
    with connection.cursor() as cursor:
        for name, bounds in wanted:
            cursor.execute("SELECT to_regclass(%s)", [name])
            if cursor.fetchone()[0] is None:
                cursor.execute(f'CREATE TABLE IF NOT EXISTS "{name}" PARTITION OF "{table}" {bounds}')
                made.append(name)
    return made


def oldest(*, table: str) -> datetime.datetime | None:
    """Return the moment at which the oldest month's partition begins."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = to_regclass(%s)",
            [table],
        )
        found = [match[1] for (bound,) in cursor.fetchall() if (match := _BOUND.search(bound))]
    return time_of(uuid.UUID(min(found))) if found else None


def rows_in_default(*, table: str) -> int:
    """Count what no month's partition took; anything above 0 needs an operator."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}_default"')  # noqa: S608  # the name is ours
        return int(cursor.fetchone()[0])


def _range(start: datetime.datetime, end: datetime.datetime) -> str:
    return f"FOR VALUES FROM ('{uuid7_floor(start)}') TO ('{uuid7_floor(end)}')"
