"""Keep usage rows for their time: months are made ahead, and dropped whole when they are over for every tenant.

Tenants with less time than the longest have their rows deleted by ranges of ids. What is deleted was summed before, and its sums
are never made anew: `cleared_until` is committed first, under the lock of the roll-ups.
"""

from __future__ import annotations

import datetime
import math
import uuid
from collections import defaultdict
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from accounts.models import Tenant
from foundation import partitions
from foundation.ids import uuid7_floor
from gateway import rollups
from gateway.models import UsageChange, UsageRecord, UsageRetention

TABLE = "gateway_usagerecord"
LEAST_DAYS = 7
ROWS_AT_ONCE = 5_000
_BEGINNING = datetime.datetime.fromtimestamp(0, tz=datetime.UTC)

log = structlog.get_logger(__name__)


class TooShort(ValueError):
    """Fewer days than a spool file may be replayed after."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep forgot: whole months, and single rows."""

    months: tuple[str, ...]
    rows: int

    def __str__(self) -> str:
        return f"months {', '.join(self.months) or 'none'}, rows {self.rows}"


class Horizon:
    """The oldest id that may still be posted, by tenant: what is older may have been posted once and deleted since."""

    def __init__(self) -> None:
        oldest = partitions.oldest(table=TABLE)
        self._oldest = uuid7_floor(oldest) if oldest else uuid.UUID(int=0)
        cleared = UsageRetention.objects.values_list("tenant_id", "cleared_until")
        self._cleared = {tenant: max(self._oldest, uuid7_floor(until)) for tenant, until in cleared if until}

    def takes(self, *, tenant_id: int, identifier: uuid.UUID) -> bool:
        """Tell whether a line of that tenant may be posted."""
        return identifier >= self._cleared.get(tenant_id, self._oldest)


def make_months() -> list[str]:
    """Make this month's partition and those of the year ahead; return the new ones."""
    return partitions.ensure(table=TABLE, today=timezone.now().date())


def set_days(*, tenant: Tenant, days: int | None) -> UsageRetention:
    """Keep a tenant's rows for so many days; None: as long as the platform's setting says."""
    least = max(LEAST_DAYS, math.ceil(settings.SPOOL_KEEP_SECONDS / 86_400) + 1)
    if days is not None and days < least:
        raise TooShort(f"usage is kept for at least {least} days")
    return UsageRetention.objects.update_or_create(tenant=tenant, defaults={"days": days})[0]


def days_by_tenant() -> dict[int, int]:
    """Return how many days each tenant's rows are kept."""
    own = dict(UsageRetention.objects.exclude(days=None).values_list("tenant_id", "days"))
    return {pk: own.get(pk) or settings.USAGE_RETENTION_DAYS for pk in Tenant.objects.values_list("pk", flat=True)}


def sweep(*, now: datetime.datetime) -> Swept:
    """Forget what is over. Safe to run twice at once, and to be cut short: the next run goes on."""
    rollups.roll_up()
    kept = days_by_tenant()
    UsageRetention.objects.bulk_create([UsageRetention(tenant_id=pk) for pk in kept], ignore_conflicts=True)
    longest = max([*kept.values(), settings.USAGE_RETENTION_DAYS])
    months = _drop_months(list(kept), before=now - datetime.timedelta(days=longest))
    shorter: dict[int, list[int]] = defaultdict(list)
    for tenant_id, days in kept.items():
        if days < longest:
            shorter[days].append(tenant_id)
    rows = 0
    for days, tenant_ids in shorter.items():
        until = rollups.hour_of(now - datetime.timedelta(days=days))
        if _clear(tenant_ids, until=until):
            rows += sum(_delete(tenant_id, until=until) for tenant_id in tenant_ids)
    return Swept(months=tuple(months), rows=rows)


def _drop_months(tenant_ids: list[int], *, before: datetime.datetime) -> list[str]:
    dropped = []
    for month in partitions.months(table=TABLE):
        if month.end > before or not _clear(tenant_ids, until=month.end):
            break
        try:
            if partitions.drop(month):
                dropped.append(month.name)
        except OperationalError as error:
            log.warning("a month could not be dropped now", month=month.name, reason=str(error))
            break
    return dropped


@transaction.atomic
def _clear(tenant_ids: list[int], *, until: datetime.datetime) -> bool:
    """Freeze the sums of these tenants' hours before `until`; False when one of them waits to be summed."""
    with connection.cursor() as cursor:
        rollups.lock(cursor)
    if UsageChange.objects.filter(hour__lt=until, tenant_id__in=tenant_ids).exists():
        return False
    rows = UsageRetention.objects.filter(tenant_id__in=tenant_ids).order_by("tenant_id")
    rows.update(cleared_until=Greatest(Coalesce(F("cleared_until"), until), until))
    return True


def _delete(tenant_id: int, *, until: datetime.datetime) -> int:
    """Delete a tenant's rows before `until`, few in one transaction."""
    rows = UsageRecord.objects.between(_BEGINNING, until).filter(tenant_id=tenant_id)
    deleted = 0
    while True:
        last = rows.order_by("id").values_list("id", flat=True)[ROWS_AT_ONCE - 1 : ROWS_AT_ONCE].first()
        deleted += (rows if last is None else rows.filter(id__lte=last)).delete()[0]
        if last is None:
            return deleted
