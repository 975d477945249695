"""Read the usage table: always by time first, so that only those months' partitions are opened."""

from __future__ import annotations

import datetime

from django.db.models import Sum

from gateway.models import UsageRecord

_BEGINNING = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def used_micros(*, membership_id: int) -> int:
    """Return what all calls of a wallet's owner have cost so far, in µ$."""
    now = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)
    rows = UsageRecord.objects.between(_BEGINNING, now).filter(membership_id=membership_id)
    return int(rows.aggregate(sum=Sum("price_micros"))["sum"] or 0)


def latest(*, key_id: int, limit: int, days: int = 31) -> list[UsageRecord]:
    """Return a sub-key's last calls, the newest first."""
    now = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)
    rows = UsageRecord.objects.between(now - datetime.timedelta(days=days), now).filter(api_key_id=key_id)
    return list(rows.order_by("-id")[:limit])
