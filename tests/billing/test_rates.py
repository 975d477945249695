"""Exchange rates: the newest that was valid at the moment."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import rates

pytestmark = pytest.mark.django_db


def test_the_newest_rate_counts_and_older_ones_stay() -> None:
    first = rates.put(base="usd", quote="cny", rate=Decimal("7.10"))
    rates.put(base="USD", quote="CNY", rate=Decimal("7.20"))
    assert rates.get(base="USD", quote="CNY") == Decimal("7.20")
    assert rates.get(base="usd", quote="cny", at=first.valid_from) == Decimal("7.10")
    assert rates.get(base="EUR", quote="EUR") == Decimal(1)


def test_an_unknown_pair_or_time_has_no_rate() -> None:
    rates.put(base="USD", quote="CNY", rate=Decimal("7.10"))
    with pytest.raises(rates.NoRate):
        rates.get(base="CNY", quote="USD")
    with pytest.raises(rates.NoRate):
        rates.get(base="USD", quote="CNY", at=timezone.now() - datetime.timedelta(days=1))


def test_the_rates_that_count_are_one_a_pair() -> None:
    rates.put(base="USD", quote="CNY", rate=Decimal("7.10"))
    rates.put(base="USD", quote="CNY", rate=Decimal("7.20"))
    rates.put(base="EUR", quote="CNY", rate=Decimal("8"))
    assert [(row.base, row.quote, row.rate) for row in rates.current()] == [("EUR", "CNY", Decimal("8")), ("USD", "CNY", Decimal("7.20"))]


@pytest.mark.parametrize(
    ("base", "quote", "rate"),
    [
        ("USD", "USD", "1"),
        ("US", "CNY", "7"),
        ("USD", "", "7"),
        ("USD", "CNY", "0"),
        ("USD", "CNY", "NaN"),
        ("USD", "CNY", "0.00000000001"),
    ],
)
def test_what_is_no_rate_is_refused(base: str, quote: str, rate: str) -> None:
    with pytest.raises(rates.BadRate):
        rates.put(base=base, quote=quote, rate=Decimal(rate))
    assert rates.current() == []
