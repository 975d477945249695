"""What sub-keys spent in the last 30 days, read for a whole page of the list at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Subquery, Sum
from django.utils import timezone

from accounts.models import ApiKey
from foundation import ids
from gateway.models import UsageRecord

DAYS = 30


@dataclass(frozen=True, slots=True)
class Spending:
    """One key's last 30 days; `last_used` is None when it was not used in them."""

    calls: int = 0
    price_micros: int = 0
    last_used: datetime | None = None


def attach(keys: Iterable[ApiKey]) -> None:
    """Read the spending of these keys by two queries and keep it on them."""
    found = {key.pk: key for key in keys}
    now = timezone.now()
    rows = UsageRecord.objects.between(now - timedelta(days=DAYS), now + timedelta(minutes=1))
    sums = rows.filter(api_key_id__in=list(found)).order_by().values_list("api_key_id").annotate(Count("pk"), Sum("price_micros"))
    last = Subquery(rows.filter(api_key_id=OuterRef("pk")).order_by("-id").values("id")[:1])
    times = dict(ApiKey.objects.filter(pk__in=list(found)).annotate(last=last).values_list("pk", "last"))
    spent = {pk: (calls, price) for pk, calls, price in sums}
    for pk, key in found.items():
        calls, price = spent.get(pk, (0, 0))
        at = times.get(pk)
        key._spending = Spending(calls, price or 0, None if at is None else ids.time_of(at))  # type: ignore[attr-defined]  # a read model


def of(key: ApiKey) -> Spending:
    """Return what `attach` read for this key."""
    if not hasattr(key, "_spending"):
        attach([key])
    found: Spending = key._spending  # type: ignore[attr-defined]  # set by `attach`
    return found
