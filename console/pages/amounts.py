"""How amounts of µ$ are written on pages, in the active unit of `billing.quota_units`, and in files."""

from __future__ import annotations

from decimal import Decimal

from billing import quota_units
from billing.money import MICROS
from billing.quota_units import MINUS


def exact(micros: int) -> str:
    """Write what somebody has, so that a column adds up by eye: $4.990808."""
    return quota_units.current().exact(micros)


def short(micros: int) -> str:
    """Write what somebody has in as many places as it needs, in dollars two at least: $2.50, −$0.000372."""
    return quota_units.current().short(micros)


def signed(micros: int) -> str:
    """Write a movement: its sign always shows."""
    return quota_units.current().signed(micros)


def cost(micros: int) -> str:
    """Write what something costs or has cost in as many places as it needs: never less than it is."""
    return quota_units.current().short(micros, up=True)


def cost_exact(micros: int) -> str:
    """Write the same for a column."""
    return quota_units.current().exact(micros, up=True)


def dollars_exact(micros: int) -> str:
    """Write what only staff see, as the books have it."""
    return quota_units.DOLLARS.exact(micros)


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
