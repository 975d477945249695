"""Exchange rates: the newest that was valid at the moment."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import rates
from billing.models import ExchangeRate

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


def test_each_amount_is_converted_at_the_rate_of_its_time() -> None:
    moments = [timezone.now() - datetime.timedelta(days=days) for days in (20, 10)]
    for at, rate in zip(moments, ("7.0", "7.2"), strict=True):
        ExchangeRate.objects.create(base="USD", quote="CNY", rate=Decimal(rate), valid_from=at)
    found = rates.from_usd("CNY")
    assert found is not None
    # $1.000001 × 7.0, × 7.2; before the first rate, by it
    assert found.amount(1_000_001, at=moments[0]) == Decimal("7.000007")
    assert found.amount(-1_000_001, at=timezone.now()) == Decimal("-7.200007")
    assert found.amount(1_000_000, at=moments[0] - datetime.timedelta(days=1)) == Decimal("7.000000")


def test_dollars_and_unknown_currencies_are_not_converted() -> None:
    ExchangeRate.objects.create(base="USD", quote="CNY", rate=Decimal(7), valid_from=timezone.now() + datetime.timedelta(days=1))
    assert [rates.from_usd(currency) for currency in ("USD", "EUR", "CNY")] == [None] * 3
