"""How amounts of µ$ are written on pages and in files."""

from __future__ import annotations

from decimal import Decimal

MICROS = 1_000_000
CENT = 10_000
MINUS = "−"


def exact(micros: int) -> str:
    """Write all six places, so that a column adds up by eye: $4.990808."""
    whole, rest = divmod(abs(micros), MICROS)
    return f"{MINUS if micros < 0 else ''}${whole:,}.{rest:06d}"


def short(micros: int) -> str:
    """Write as many places as it needs, two at least: $2.50, −$0.000372."""
    text = exact(micros)
    return text[:-4] if micros % CENT == 0 else text.rstrip("0")


def signed(micros: int) -> str:
    """Write a movement: its sign always shows."""
    return short(micros) if micros < 0 else f"+{short(micros)}"


def plain(micros: int) -> str:
    """Write for machines: no symbol, no grouping, an ASCII sign: -0.000372."""
    whole, rest = divmod(abs(micros), MICROS)
    return f"{'-' if micros < 0 else ''}{whole}.{rest:06d}"


def foreign(amount: Decimal) -> str:
    """Write an amount in another currency without its name: two places at least, six at most, its sign always shows."""
    whole, _point, places = f"{abs(amount):,f}".partition(".")
    kept = places.rstrip("0").ljust(2, "0")
    return f"{MINUS if amount < 0 else '+'}{whole}.{kept}"


def grouped(number: int) -> str:
    """Write a whole number with its thousands separated."""
    return f"{number:,}".replace("-", MINUS)
