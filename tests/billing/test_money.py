"""Reading, showing and rounding money."""

from __future__ import annotations

import pytest

from billing import money


@pytest.mark.parametrize(
    ("text", "micros"), [("2.5", 2_500_000), ("0", 0), ("5", 5_000_000), ("0.000001", 1), ("01.00", 1_000_000), (" 1.10 ", 1_100_000)]
)
def test_dollars_are_read_as_micros(text: str, micros: int) -> None:
    assert money.parse_usd(text) == micros


@pytest.mark.parametrize("text", ["", "1e0", "１.00", "-1", "+1", "NaN", "1,000", ".5", "1.", "0.0000001", "$1", "inf"])
def test_what_is_not_a_plain_amount_is_refused(text: str) -> None:
    with pytest.raises(money.BadAmount):
        money.parse_usd(text)


@pytest.mark.parametrize(
    ("micros", "text"), [(2_500_000, "$2.50"), (1, "$0.000001"), (0, "$0.00"), (-1_230_000, "-$1.23"), (1_234_567_800, "$1,234.5678")]
)
def test_micros_are_shown_as_dollars(micros: int, text: str) -> None:
    assert money.format_usd(micros) == text


def test_cash_counts_in_the_minor_units_of_its_currency() -> None:
    assert money.parse_minor("39.00", currency="CNY") == 3900
    assert money.parse_minor("39", currency="JPY") == 39
    assert money.format_minor(390_000, currency="CNY") == "¥3,900.00"
    assert money.format_minor(39, currency="JPY") == "JPY 39"
    assert money.plain_minor(390_000, currency="CNY") == "3900.00"


def test_more_decimals_than_the_currency_has_are_refused() -> None:
    with pytest.raises(money.BadAmount, match="more than 2 decimals"):
        money.parse_minor("39.001", currency="CNY")
    with pytest.raises(money.BadAmount, match="more than 0 decimals"):
        money.parse_minor("39.5", currency="JPY")


@pytest.mark.parametrize(("numerator", "quotient"), [(0, 0), (1, 1), (1_000_000, 1), (1_000_001, 2)])
def test_division_rounds_up(numerator: int, quotient: int) -> None:
    assert money.ceil_div(numerator, 1_000_000) == quotient


@pytest.mark.parametrize(("text", "minor"), [("0.29", 29), ("1.15", 115), ("19.99", 1999), ("90071992547409.93", 9_007_199_254_740_993)])
def test_amounts_never_pass_through_a_float(text: str, minor: int) -> None:
    """W4 and W21: each of these is a fen less, or another number, as a float; and nothing is shown as -0.00."""
    assert money.parse_minor(text, currency="CNY") == minor
    assert money.plain_minor(minor, currency="CNY") == text
    assert money.format_minor(minor - minor, currency="CNY") == "¥0.00"
