"""Amounts are written exactly, never through a float."""

from __future__ import annotations

import pytest

from console.pages import amounts


@pytest.mark.parametrize(
    ("micros", "short", "exact", "plain"),
    [
        (0, "$0.00", "$0.000000", "0.000000"),
        (2_500_000, "$2.50", "$2.500000", "2.500000"),
        (4_990_808, "$4.990808", "$4.990808", "4.990808"),
        (-372, "−$0.000372", "−$0.000372", "-0.000372"),
        (1_234_500_000, "$1,234.50", "$1,234.500000", "1234.500000"),
        (100, "$0.0001", "$0.000100", "0.000100"),
        (9_007_199_254_740_993, "$9,007,199,254.740993", "$9,007,199,254.740993", "9007199254.740993"),
    ],
)
def test_amounts_are_written_as_customers_and_machines_read_them(micros: int, short: str, exact: str, plain: str) -> None:
    assert amounts.short(micros) == short
    assert amounts.exact(micros) == exact
    assert amounts.plain(micros) == plain


def test_a_movement_always_shows_its_sign() -> None:
    assert amounts.signed(5_000_000) == "+$5.00"
    assert amounts.signed(-5_000_000) == "−$5.00"


def test_thousands_are_separated() -> None:
    assert amounts.grouped(-1_204_318) == "−1,204,318"
