"""Integer money: micro-USD for quota, minor units for cash, one rounding rule, and how both are read and shown.

Raises `BadAmount` for a text that is not a plain decimal number or has more decimals than its unit.
"""

from __future__ import annotations

import re

MICROS = 1_000_000

_PLAIN = re.compile(r"(\d{1,15})(?:\.(\d{1,6}))?", re.ASCII)
_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "XAF": 0, "KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3, "TND": 3}
_SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "TWD": "NT$"}


class BadAmount(ValueError):
    """The text is not an amount."""


def ceil_div(numerator: int, denominator: int) -> int:
    """Divide whole numbers and round up: the only rounding prices know."""
    return -(-numerator // denominator)


def parse_usd(text: str) -> int:
    """Read US dollars such as "2.5" as µ$."""
    return _parse(text, digits=6)


def format_usd(micros: int) -> str:
    """Show µ$ as dollars: two decimals, up to six where they are needed."""
    whole, rest = divmod(abs(micros), MICROS)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}${whole:,}.{decimals}"


def minor_digits(currency: str) -> int:
    """Return how many decimals a currency has (ISO 4217)."""
    return _MINOR_DIGITS.get(currency.upper(), 2)


def parse_minor(text: str, *, currency: str) -> int:
    """Read an amount of cash such as "39.00" as minor units of its currency."""
    return _parse(text, digits=minor_digits(currency))


def plain_minor(amount: int, *, currency: str) -> str:
    """Spell minor units as a plain decimal number, as payment gateways and inputs want it."""
    digits = minor_digits(currency)
    whole, rest = divmod(abs(amount), 10**digits)
    text = f"{whole}.{rest:0{digits}d}" if digits else str(whole)
    return f"-{text}" if amount < 0 else text


def symbol(currency: str) -> str:
    """Return what stands before an amount: the currency's sign, or its code and a space where the sign would be unclear."""
    return _SYMBOLS.get(currency.upper()) or f"{currency.upper()} "


def format_minor(amount: int, *, currency: str) -> str:
    """Show minor units with the currency's sign, or with its code where the sign would be unclear."""
    digits = minor_digits(currency)
    whole, rest = divmod(abs(amount), 10**digits)
    text = f"{whole:,}.{rest:0{digits}d}" if digits else f"{whole:,}"
    sign = "-" if amount < 0 else ""
    return f"{sign}{symbol(currency)}{text}"


def _parse(text: str, *, digits: int) -> int:
    found = _PLAIN.fullmatch(text.strip())
    if found is None:
        raise BadAmount(f"{text!r} is not an amount: write it like 12.50")
    whole, decimals = found[1], (found[2] or "").rstrip("0")
    if len(decimals) > digits:
        raise BadAmount(f"{text!r} has more than {digits} decimals")
    return int(whole + decimals.ljust(digits, "0"))
