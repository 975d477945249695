"""Write and read units and context tiers as lines of text, in dollars: `tool:web_search=0.01`, `200000:input=6,output=22.5`.

Raises BadAmount for a text that is neither.
"""

from __future__ import annotations

from collections.abc import Mapping

from billing.money import MICROS, BadAmount, format_usd, parse_usd

# Vendors quote characters by the million, as tokens; everything else that is counted by the piece.
BY_THE_MILLION = "characters"


def unit(text: str) -> tuple[str, int]:
    """Read a unit's name and its price in µ$ per million."""
    name, _equals, price = text.partition("=")
    return name.strip(), parse_usd(price) * (1 if name.strip() == BY_THE_MILLION else MICROS)


def unit_line(name: str, price: int) -> str:
    """Write a unit's price as `unit` reads it."""
    return f"{name}={_plain(price if name == BY_THE_MILLION else -(-price // MICROS))}"


def tier(text: str) -> dict[str, int]:
    """Read a context tier."""
    above, _colon, prices = text.partition(":")
    if not above.strip().isdecimal():
        raise BadAmount(f"{text!r} is not a tier: write it like 200000:input=6,output=22.5")
    found = {"above": int(above)}
    for pair in prices.split(","):
        name, _equals, price = pair.partition("=")
        found[name.strip().replace("-", "_")] = parse_usd(price)
    return found


def tier_line(tier: Mapping[str, int]) -> str:
    """Write a context tier as `tier` reads it."""
    return f"{tier['above']}:{','.join(f'{name}={_plain(price)}' for name, price in tier.items() if name != 'above')}"


def _plain(micros: int) -> str:
    return format_usd(micros).removeprefix("$").replace(",", "")
