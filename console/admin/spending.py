"""What sub-keys spent in the last 30 days, read from the sums for a whole page of the list at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiKey
from gateway import selectors

DAYS = 30


@dataclass(frozen=True, slots=True)
class Spending:
    """One key's last 30 days; `last_used` is None when it was not used in them."""

    calls: int = 0
    price_micros: int = 0
    last_used: datetime | None = None


def attach(keys: Iterable[ApiKey]) -> None:
    """Read the spending of these keys by one query and keep it on them."""
    found = {key.pk: key for key in keys}
    since = timezone.now() - timedelta(days=DAYS)
    spent = selectors.live(by="api_key_id", who=Q(api_key_id__in=list(found)), since=since)
    for pk, key in found.items():
        sums = spent.get(pk, selectors.Sums())
        key._spending = Spending(sums.calls, sums.price_micros, sums.last_at)  # type: ignore[attr-defined]  # a read model


def of(key: ApiKey) -> Spending:
    """Return what `attach` read for this key."""
    if not hasattr(key, "_spending"):
        attach([key])
    found: Spending = key._spending  # type: ignore[attr-defined]  # set by `attach`
    return found
