"""Post served lines: the usage rows and the money of a batch in one transaction, each line once, ever.

Only lines whose rows were really inserted are charged; posting the same lines again does nothing. A line that cannot be
posted is kept in UsageQuarantine and its money is charged by its numbers alone, so that it never blocks the others.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
from django.db import Error as DatabaseProblem
from django.db import InterfaceError, connection, transaction

from accounts import screens
from billing import captures, unpriced
from gateway.models import UsageQuarantine
from gateway.spool import Line, encode
from gateway.unanswered import BLOCKED

log = logging.getLogger(__name__)

# Classes of SQLSTATE that say nothing about the lines: connection, rollback, resources, object state, operator.
TRANSIENT = ("08", "40", "53", "55", "57")

_INSERT = """
INSERT INTO gateway_usagerecord (
  id, tenant_id, membership_id, api_key_id, model, upstream_model, channel_id, channel_key_id, tried, usage, input_tokens, output_tokens,
  usage_source, price_micros, numerator, cost_micros, book, main_account_id, parts, splits, budgets, journal_id, status, is_stream,
  first_ms, total_ms, reasons, error)
SELECT l.id, l.tenant, l.member, l.key, l.model, l.upstream_model, l.channel, l.channel_key, coalesce(l.tried, '{}'), l.usage,
  u.input + u.cache_read + u.cache_write_5m + u.cache_write_1h + u.audio_input + u.image_input,
  u.output + u.reasoning + u.audio_output + u.image_output,
  l.source, l.price, l.numerator, l.cost, l.book, l.main, l.parts, l.splits, coalesce(l.budgets, '{}'),
  CASE WHEN l.price > 0 THEN j.journal END, l.status, l.stream, l.first_ms, l.total_ms, coalesce(l.reasons, '{}'), coalesce(l.error, '')
FROM json_to_recordset(%s) AS l (id uuid, key bigint, tenant bigint, member bigint, main bigint, price bigint, numerator numeric,
    parts jsonb, splits jsonb, budgets bigint[], book text, usage jsonb, source text, model text, upstream_model text, channel bigint,
    channel_key bigint, cost bigint, status text, stream boolean, first_ms integer, total_ms integer, tried bigint[],
    reasons text[], error text)
LEFT JOIN unnest(%s::bigint[], %s::bigint[]) AS j (member, journal) ON j.member = l.member
CROSS JOIN LATERAL (
  SELECT coalesce(r.input, 0) AS input, coalesce(r.cache_read, 0) AS cache_read, coalesce(r.cache_write_5m, 0) AS cache_write_5m,
    coalesce(r.cache_write_1h, 0) AS cache_write_1h, coalesce(r.audio_input, 0) AS audio_input, coalesce(r.image_input, 0) AS image_input,
    coalesce(r.output, 0) AS output, coalesce(r.reasoning, 0) AS reasoning, coalesce(r.audio_output, 0) AS audio_output,
    coalesce(r.image_output, 0) AS image_output
  FROM jsonb_to_record(l.usage) AS r (input bigint, cache_read bigint, cache_write_5m bigint, cache_write_1h bigint, audio_input bigint,
    image_input bigint, output bigint, reasoning bigint, audio_output bigint, image_output bigint)) AS u
ON CONFLICT DO NOTHING RETURNING id
"""


class Unavailable(Exception):
    """The database cannot post now; the same lines have to come again."""


@transaction.atomic
def post(*, worker_id: uuid.UUID, lines: Sequence[Line]) -> int:
    """Insert the rows of these lines and charge those that are new, or nothing at all; return how many were new."""
    members = sorted({line.member for line in lines if line.price > 0})
    journals = dict(zip(members, captures.open_batch(len(members)), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [orjson.dumps(lines).decode(), members, [journals[member] for member in members]])
        new = {row[0] for row in cursor.fetchall()}
    fresh = [line for line in lines if line.id in new]
    captures.capture_batch(worker_id=worker_id, lines=fresh, journals=journals)
    if refused := Counter(line.tenant for line in fresh if line.error == BLOCKED):
        screens.count(refused)
    if given_away := [(line.model, {unit: line.usage.get(unit, 0) for unit in line.unpriced}) for line in fresh if line.unpriced]:
        unpriced.count(given_away)
    return len(fresh)


def post_all(*, worker_id: uuid.UUID, lines: Sequence[Line], segment: str = "") -> int:
    """Post a batch; where it fails for its own fault, halve it until the line at fault is alone and quarantined.

    Returns how many lines were new. Raises Unavailable when the database is at fault.
    """
    if not lines:
        return 0
    try:
        return post(worker_id=worker_id, lines=lines)
    except (DatabaseProblem, ValueError, TypeError, KeyError) as error:
        if is_transient(error):
            connection.close()
            raise Unavailable(str(error)) from error
        if len(lines) > 1:
            middle = len(lines) // 2
            first = post_all(worker_id=worker_id, lines=lines[:middle], segment=segment)
            return first + post_all(worker_id=worker_id, lines=lines[middle:], segment=segment)
        return _quarantine_line(worker_id, lines[0], segment, error)


def quarantine(*, worker_id: uuid.UUID, segment: str, raw: bytes, error: str, was_charged: bool = False) -> None:
    """Keep a line that could not be posted, once, and say so aloud."""
    digest = hashlib.sha256(worker_id.bytes + raw).hexdigest()
    kept = {"worker_id": worker_id, "segment": segment, "raw": raw, "error": error, "was_charged": was_charged}
    if UsageQuarantine.objects.get_or_create(digest=digest, defaults=kept)[1]:
        log.error("a usage line was quarantined", extra={"worker": str(worker_id), "segment": segment, "reason": error})


def is_transient(error: Exception) -> bool:
    """Tell whether the database, not the lines, is to blame."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, DatabaseProblem):
        return False
    state: Any = getattr(error.__cause__, "sqlstate", None)
    return state is None or str(state).startswith(TRANSIENT)


def _quarantine_line(worker_id: uuid.UUID, line: Line, segment: str, error: Exception) -> int:
    try:
        with transaction.atomic():
            new = post(worker_id=worker_id, lines=[_numbers_only(line)])
            quarantine(worker_id=worker_id, segment=segment, raw=encode(line), error=str(error), was_charged=True)
    except (DatabaseProblem, ValueError, TypeError, KeyError) as second:
        if is_transient(second):
            connection.close()
            raise Unavailable(str(second)) from second
        quarantine(worker_id=worker_id, segment=segment, raw=encode(line), error=f"{error} / {second}")
        return 0
    return new


def _numbers_only(line: Line) -> Line:
    """Leave out everything a row can do without: texts and buckets."""
    numerator = line.numerator if line.numerator.isdecimal() else "0"
    return dataclasses.replace(
        line,
        numerator=numerator,
        model="?",
        upstream_model="",
        book="",
        usage={},
        unpriced=[],
        source="estimated",
        status="failed",
        tried=[],
        reasons=[],
        error="",
        first_ms=None,
        total_ms=0,
    )
