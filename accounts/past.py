"""Keep what another system's log said about people who came from there: added once, read by page, forgotten by month."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.models import Membership, PastEntry
from foundation import partitions
from foundation.ids import uuid7_floor

TABLE = "accounts_pastentry"
_NOISE = (1 << 74) - 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A line to keep; in the order of the table's columns. Amounts in µ$."""

    id: uuid.UUID
    tenant_id: int
    membership_id: int
    kind: str
    model: str
    key_name: str
    amount_micros: int
    input_tokens: int
    output_tokens: int
    total_ms: int
    text: str


_TYPES = ("uuid", "bigint", "bigint", "text", "text", "text", "bigint", "bigint", "bigint", "int", "text")
_SQL = "INSERT INTO accounts_pastentry ({columns}) SELECT * FROM unnest({arrays}) ON CONFLICT (id) DO NOTHING"
_INSERT = _SQL.format(columns=", ".join(Entry.__slots__), arrays=", ".join(f"%s::{kind}[]" for kind in _TYPES))


def identify(*, source: str, number: int, at: datetime.datetime) -> uuid.UUID:
    """Return the id of line `number` of a source: always the same."""
    noise = int.from_bytes(hashlib.blake2b(f"{source}:{number}".encode(), digest_size=10).digest()) & _NOISE
    floor = uuid7_floor(at).int
    return uuid.UUID(int=floor | (noise >> 62) << 64 | (noise & ((1 << 62) - 1)))


def add(entries: list[Entry]) -> int:
    """Keep lines and return how many are new; the months' partitions are made where they are missing."""
    if not entries:
        return 0
    for month in {partition_of(entry.id) for entry in entries}:
        partitions.ensure(table=TABLE, today=month, ahead=0)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [list(column) for column in zip(*map(astuple, entries), strict=True)])
        return int(cursor.rowcount)


def partition_of(identifier: uuid.UUID) -> datetime.date:
    """Return the first day of the month in which a line belongs."""
    return datetime.datetime.fromtimestamp((identifier.int >> 80) / 1000, tz=datetime.UTC).date().replace(day=1)


def oldest_kept(now: datetime.datetime) -> datetime.datetime:
    """Return since when lines are kept: for as long as usage."""
    return now - datetime.timedelta(days=settings.USAGE_RETENTION_DAYS)


def of(member: Membership, *, before: uuid.UUID | None, limit: int) -> tuple[list[PastEntry], uuid.UUID | None]:
    """Return a page of a member's lines, newest first, and the cursor of the next page."""
    rows = PastEntry.objects.filter(membership=member)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: limit + 1])
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def has_any(member: Membership) -> bool:
    """Tell whether something is known of a member's time elsewhere."""
    return PastEntry.objects.filter(membership=member).exists()


def forget(*, now: datetime.datetime | None = None) -> list[str]:
    """Drop the months that are over; return their names."""
    before = oldest_kept(now or timezone.now())
    dropped = []
    for month in partitions.months(table=TABLE):
        if month.end > before:
            break
        try:
            if partitions.drop(month):
                dropped.append(month.name)
        except OperationalError:
            break
    return dropped


def forget_people(members: Iterable[Membership]) -> None:
    """Delete what is known of these members' time elsewhere."""
    PastEntry.objects.filter(membership__in=list(members)).delete()
