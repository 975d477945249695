"""How fast a channel's calls were, what they earned and how they ended, read from the last day's usage rows."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import connection

from billing import chart
from foundation.ids import uuid7_floor

# A busy channel's day may have millions of rows: the latest ones say enough.
MOST_ROWS = 20_000

_READ = """
SELECT count(*), count(*) FILTER (WHERE status IN ('partial', 'failed')), count(*) FILTER (WHERE tried <> '{}'),
  percentile_cont(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY first_ms) FILTER (WHERE is_stream),
  percentile_cont(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY total_ms),
  coalesce(sum(price_micros), 0), coalesce(sum(cost_micros), 0), count(*) FILTER (WHERE cost_micros IS NULL),
  coalesce(sum((SELECT sum((part->>1)::bigint) FROM jsonb_array_elements(splits) part WHERE (part->>0)::bigint = %s))
    FILTER (WHERE cost_micros IS NOT NULL), 0)
FROM (
  SELECT status, tried, first_ms, total_ms, is_stream, price_micros, cost_micros, splits FROM gateway_usagerecord
  WHERE channel_id = %s AND id >= %s AND id < %s ORDER BY id DESC LIMIT %s
) latest
"""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Milliseconds within which 50, 90 and 99 of a hundred calls were answered."""

    p50: int
    p90: int
    p99: int


@dataclass(frozen=True, slots=True)
class Speeds:
    """Calls a channel answered: `after_others` of them after other channels had failed; `earned` is the platform's part, in µ$.

    `uncosted` calls have no known cost; they are in neither `cost_micros` nor the margin.
    """

    calls: int
    broken: int
    after_others: int
    first: Percentiles | None
    total: Percentiles | None
    price_micros: int
    cost_micros: int
    uncosted: int
    earned_micros: int

    @property
    def margin_micros(self) -> int:
        """Return what the platform keeps of its part after upstream's cost."""
        return self.earned_micros - self.cost_micros


def of_channel(channel_id: int, *, since: datetime.datetime, until: datetime.datetime) -> Speeds:
    """Read the calls that began in [since, until), the latest 20,000 of them."""
    sink = chart.account(kind="sink_usage").pk
    with connection.cursor() as cursor:
        cursor.execute(_READ, [sink, channel_id, uuid7_floor(since), uuid7_floor(until), MOST_ROWS])
        calls, broken, after, first, total, *money = cursor.fetchone()
    return Speeds(calls, broken, after, _percentiles(first), _percentiles(total), *map(int, money))


def _percentiles(values: list[float] | None) -> Percentiles | None:
    return None if values is None or values[0] is None else Percentiles(*map(round, values))
