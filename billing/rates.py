"""Exchange rates: the only conversions between currencies there are. Raises `NoRate` and `BadRate`."""

from __future__ import annotations

import datetime
import re
from bisect import bisect_right
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from django.utils import timezone

from billing.models import ExchangeRate
from billing.money import MICROS

_SIX_PLACES = Decimal("0.000001")
_CODE = re.compile(r"[A-Za-z]{3}", re.ASCII)


class NoRate(Exception):
    """No rate is known for the pair at that time."""


class BadRate(ValueError):
    """It is no rate between two currencies; the message says why."""


def put(*, base: str, quote: str, rate: Decimal, source: str = ExchangeRate.Source.MANUAL) -> ExchangeRate:
    """Write a new rate down, valid from now on. Raises BadRate."""
    if not (_CODE.fullmatch(base) and _CODE.fullmatch(quote)) or base.upper() == quote.upper():
        raise BadRate("a rate needs two different currencies by their three letters, such as USD and CNY")
    if not rate.is_finite() or not 0 < rate < 10**10 or rate != round(rate, 10):
        raise BadRate("a rate is above 0 and has at most 10 decimals")
    return ExchangeRate.objects.create(base=base.upper(), quote=quote.upper(), rate=rate, source=source)


@dataclass(frozen=True, slots=True)
class Converter:
    """Says what µ$ were worth in another currency at a moment: by the rate of then, before the first one by that."""

    currency: str
    moments: tuple[datetime.datetime, ...]
    values: tuple[Decimal, ...]

    def amount(self, micros: int, *, at: datetime.datetime) -> Decimal:
        """Return the amount with six places, as exact as µ$."""
        rate = self.values[max(0, bisect_right(self.moments, at) - 1)]
        return (micros * rate / MICROS).quantize(_SIX_PLACES, ROUND_HALF_EVEN)


def from_usd(currency: str) -> Converter | None:
    """Return the converter into a currency; None for dollars, and where no rate is known."""
    rows = ExchangeRate.objects.filter(base="USD", quote=currency.upper(), valid_from__lte=timezone.now()).order_by("valid_from")
    found = list(rows.values_list("valid_from", "rate"))
    if not found or currency.upper() == "USD":
        return None
    return Converter(currency.upper(), tuple(at for at, _rate in found), tuple(rate for _at, rate in found))


def current() -> list[ExchangeRate]:
    """Return the rates that count now, one a pair."""
    rows = ExchangeRate.objects.filter(valid_from__lte=timezone.now())
    return list(rows.order_by("base", "quote", "-valid_from").distinct("base", "quote"))


def get(*, base: str, quote: str, at: datetime.datetime | None = None) -> Decimal:
    """Return how many `quote` one `base` buys; raise NoRate."""
    if base.upper() == quote.upper():
        return Decimal(1)
    rows = ExchangeRate.objects.filter(base=base.upper(), quote=quote.upper(), valid_from__lte=at or timezone.now())
    found = rows.order_by("-valid_from").first()
    if found is None:
        raise NoRate(f"no rate from {base} to {quote} is known; set one first")
    return found.rate
