"""Read usage: sums from the roll-ups, single calls by ranges of ids, so that only those months' partitions are opened."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db.models import Count, DateTimeField, Exists, F, Func, Max, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from accounts.models import Membership
from billing import ledger, limits
from gateway import rollups, spans
from gateway.models import (
    UsageChange,
    UsageDay,
    UsageHour,
    UsageMemberDay,
    UsageModelDay,
    UsageQuerySet,
    UsageRecord,
    UsageSum,
)

Group = Literal["tenant_id", "membership_id", "api_key_id", "model", "channel_id", "start"]
Rollup = QuerySet[Any]  # of one of the tables of sums

BEGINNING = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
# Calls that are posted and not summed yet are read one by one in this hour and the last, and no further back.
TAIL = datetime.timedelta(hours=1)
_NOBODY_LATER = datetime.timedelta(hours=1)  # clocks of relays may be ahead

_OF_SUMS = {
    "sum_calls": Sum("calls"),
    "sum_broken": Sum(F("partial_calls") + F("failed_calls")),
    "sum_input": Sum("input_tokens"),
    "sum_output": Sum("output_tokens"),
    "sum_price": Sum("price_micros"),
    "sum_cost": Sum("cost_micros"),
    "max_at": Max("last_at"),
}
_OF_ROWS = {
    "sum_calls": Count("pk"),
    "sum_broken": Count("pk", filter=Q(status__in=(UsageRecord.Status.PARTIAL, UsageRecord.Status.FAILED))),
    "sum_input": Sum("input_tokens"),
    "sum_output": Sum("output_tokens"),
    "sum_price": Sum("price_micros"),
    "sum_cost": Sum("cost_micros", default=0),
    "max_at": Max(Func(F("id"), template="to_timestamp(keyosk_uuid7_ms(%(expressions)s) / 1000.0)", output_field=DateTimeField())),
}


@dataclass(frozen=True, slots=True)
class Sums:
    """What some calls used; `broken` are those without a full answer, money is in µ$."""

    calls: int = 0
    broken: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    price_micros: int = 0
    cost_micros: int = 0
    last_at: datetime.datetime | None = None

    def __add__(self, other: Sums) -> Sums:
        times = [at for at in (self.last_at, other.last_at) if at is not None]
        return Sums(
            calls=self.calls + other.calls,
            broken=self.broken + other.broken,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            price_micros=self.price_micros + other.price_micros,
            cost_micros=self.cost_micros + other.cost_micros,
            last_at=max(times, default=None),
        )


def days(*columns: Group) -> QuerySet[Any]:
    """Return the smallest table of days that has these columns: for dashboards of a whole shop, whose calls are millions of details."""
    tables: tuple[type[UsageSum], ...] = (UsageModelDay, UsageMemberDay, UsageDay)
    return next(table._default_manager.all() for table in tables if {*columns} <= {"start", *table.group_columns})


def sums(rows: Rollup, *, by: Group, since: datetime.datetime, until: datetime.datetime) -> dict[Any, Sums]:
    """Add up the hours or days that begin in [since, until), by one of their columns."""
    chosen = rows.filter(start__gte=since, start__lt=until).order_by()
    return _by_key(chosen.values_list(by).annotate(**_OF_SUMS))


def spent_by_day(
    rows: Rollup, *, by: Group, since: datetime.datetime, until: datetime.datetime
) -> dict[tuple[Any, datetime.datetime], int]:
    """Add up prices (µ$) in [since, until), by one of the columns and the day's beginning."""
    chosen = rows.filter(start__gte=since, start__lt=until).order_by().values_list(by, "start").annotate(price=Sum("price_micros"))
    return {(key, day): int(price) for key, day, price in chosen}


def total(rows: Rollup, *, since: datetime.datetime, until: datetime.datetime) -> Sums:
    """Add up the hours or days that begin in [since, until)."""
    found = rows.filter(start__gte=since, start__lt=until).order_by().aggregate(**_OF_SUMS)
    return Sums() if found["sum_calls"] is None else Sums(*found.values())


@dataclass(frozen=True, slots=True)
class Turnover:
    """What some calls brought and cost, in µ$; `uncosted` are those whose cost nobody knows."""

    calls: int = 0
    uncosted: int = 0
    price_micros: int = 0
    cost_micros: int = 0

    def __add__(self, other: Turnover) -> Turnover:
        return Turnover(
            self.calls + other.calls, self.uncosted + other.uncosted,
            self.price_micros + other.price_micros, self.cost_micros + other.cost_micros,
        )  # fmt: skip


def turnover(days: QuerySet[UsageDay], *, since: datetime.datetime, until: datetime.datetime) -> dict[tuple[int, datetime.date], Turnover]:
    """Add up the days that begin in [since, until), by tenant and day (UTC)."""
    chosen = days.filter(start__gte=since, start__lt=until).order_by().values_list("tenant_id", "start")
    rows = chosen.annotate(Sum("calls"), Sum("uncosted_calls"), Sum("price_micros"), Sum("cost_micros"))
    return {(tenant_id, start.astimezone(datetime.UTC).date()): Turnover(*sums) for tenant_id, start, *sums in rows}


def live(*, by: Group, who: Q, since: datetime.datetime) -> dict[Any, Sums]:
    """Add up the days from `since` on, and instead of an hour that is not summed yet its calls one by one.

    For few people or keys (`who` names columns that sums and rows share): the calls of one hour are read by an index. All is
    one statement, so that hours summed in between count neither twice nor not at all.
    """
    now = timezone.now()
    tail = rollups.hour_of(now - TAIL)
    summed = UsageDay.objects.filter(who, start__gte=rollups.day_of(since))
    stale = UsageHour.objects.filter(who, _is_marked("start"), start__gte=tail)
    hour = Func(F("id"), function="keyosk_uuid7_hour", output_field=DateTimeField())
    rows = UsageRecord.objects.between(tail, now + _NOBODY_LATER).filter(who).annotate(hour=hour).filter(_is_marked("hour"))
    minus = {name: 0 - value for name, value in _OF_SUMS.items() if name != "max_at"} | {"max_at": _OF_SUMS["max_at"]}
    parts = (
        summed.order_by().values_list(by).annotate(**_OF_SUMS),
        stale.order_by().values_list(by).annotate(**minus),
        rows.order_by().values_list(by).annotate(**_OF_ROWS),
    )
    return _by_key(parts[0].union(*parts[1:], all=True))


def used_by(*, membership_id: int) -> Sums:
    """Return the sums of all calls of a wallet's owner so far."""
    return live(by="membership_id", who=Q(membership_id=membership_id), since=BEGINNING).get(membership_id, Sums())


def left_and_used(*, key_id: int, membership_id: int) -> tuple[int, int]:
    """Return what a sub-key may still spend and what it has spent (one without an allowance: its wallet), in µ$.

    What calls hold is counted as left: relays hold more than their calls will cost, and give the rest back within seconds.
    """
    balance = ledger.balance(membership_id=membership_id)
    left, bounds = balance.available_micros + balance.held_micros, limits.state(key_id)
    if bounds.left_micros is not None:
        left = min(left, bounds.left_micros)
    allowance = bounds.of("key")
    used = allowance.spent_micros if allowance is not None else used_micros(membership_id=membership_id)
    return max(0, left), used


def used_micros(*, membership_id: int) -> int:
    """Return what all calls of a wallet's owner have cost so far, in µ$."""
    return used_by(membership_id=membership_id).price_micros


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls to show; what is None or empty does not narrow."""

    api_key_id: int | None = None
    model: str = ""
    status: str = ""
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None


def calls(
    *, membership_id: int, before: UUID | None = None, offset: int = 0, limit: int, wanted: Wanted | None = None
) -> list[UsageRecord]:
    """Return a member's calls older than `before`, the newest first; `offset` is for tools that count rows."""
    rows = _of_member(membership_id, wanted).order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    if offset or wanted is None or not (wanted.model or wanted.status):
        return list(rows[offset : offset + limit])
    # Many calls may lie between the few that are wanted.
    who = Q(membership_id=membership_id) if wanted.api_key_id is None else Q(membership_id=membership_id, api_key_id=wanted.api_key_id)
    tenant_id = Membership.objects.values_list("tenant_id", flat=True).get(pk=membership_id)
    days = spans.of(rows, who=who, tenant_id=tenant_id, model=wanted.model, status=wanted.status)
    return spans.newest(rows, days, limit=limit)


def count_calls(*, membership_id: int, most: int, wanted: Wanted | None = None) -> int:
    """Count a member's calls, no further than `most`."""
    return _of_member(membership_id, wanted).order_by()[:most].count()


def sum_calls(*, membership_id: int, wanted: Wanted) -> Sums:
    """Add up the calls that are kept, one by one, as a member narrows them."""
    found = _of_member(membership_id, wanted).order_by().aggregate(**_OF_ROWS)
    return Sums(*found.values()) if found["sum_calls"] else Sums()


def _of_member(membership_id: int, wanted: Wanted | None) -> UsageQuerySet:
    rows = UsageRecord.objects.filter(membership_id=membership_id)
    return rows if wanted is None else _narrowed(rows, wanted)


def _narrowed(rows: UsageQuerySet, wanted: Wanted) -> UsageQuerySet:
    if wanted.api_key_id is not None:
        rows = rows.filter(api_key_id=wanted.api_key_id)
    if wanted.model:
        rows = rows.filter(model=wanted.model)
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.since is not None or wanted.until is not None:
        rows = rows.between(wanted.since or BEGINNING, wanted.until or timezone.now() + _NOBODY_LATER)
    return rows


def latest(*, key_id: int, limit: int, before: UUID | None = None, days: int = 31) -> list[UsageRecord]:
    """Return a sub-key's last calls, the newest first; `before` goes on where the last page ended."""
    now = timezone.now()
    rows = UsageRecord.objects.between(now - datetime.timedelta(days=days), now + _NOBODY_LATER).filter(api_key_id=key_id)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.order_by("-id")[:limit])


def _is_marked(hour: str) -> Exists:
    return Exists(UsageChange.objects.filter(hour=OuterRef(hour), tenant_id=OuterRef("tenant_id")))


def _by_key(rows: Iterable[tuple[Any, ...]]) -> dict[Any, Sums]:
    found: dict[Any, Sums] = {}
    for key, *values in rows:
        found[key] = found.get(key, Sums()) + Sums(*values)
    return found


def call_of(*, key_id: int, identifier: UUID) -> UsageRecord | None:
    """Return a sub-key's call by its id; None for anybody else's, and for one that is not posted yet."""
    return UsageRecord.objects.filter(pk=identifier, api_key_id=key_id).first()
