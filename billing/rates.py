"""Exchange rates: the only conversions between currencies there are. Raises `NoRate`."""

from __future__ import annotations

import datetime
from decimal import Decimal

from django.utils import timezone

from billing.models import ExchangeRate


class NoRate(Exception):
    """No rate is known for the pair at that time."""


def put(*, base: str, quote: str, rate: Decimal, source: str = ExchangeRate.Source.MANUAL) -> ExchangeRate:
    """Write a new rate down, valid from now on."""
    return ExchangeRate.objects.create(base=base.upper(), quote=quote.upper(), rate=rate, source=source)


def get(*, base: str, quote: str, at: datetime.datetime | None = None) -> Decimal:
    """Return how many `quote` one `base` buys; raise NoRate."""
    if base.upper() == quote.upper():
        return Decimal(1)
    rows = ExchangeRate.objects.filter(base=base.upper(), quote=quote.upper(), valid_from__lte=at or timezone.now())
    found = rows.order_by("-valid_from").first()
    if found is None:
        raise NoRate(f"no rate from {base} to {quote} is known; set one first")
    return found.rate
