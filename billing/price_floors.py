"""Compare prices somebody types with the wholesale price above: not below it, nor beyond what the platform lets a shop add to it.

BadPrice
├── BelowWholesale   a reseller would sell below what the level above asks
└── AboveCeiling     a reseller would ask for more than it may
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from billing.money import MICROS, format_usd
from billing.price_terms import BadPrice
from billing.pricing import BUCKETS, ModelPrice, PriceList, matches
from billing.tariffs import scaled


class BelowWholesale(BadPrice):
    """A reseller would sell below what the level above asks."""


class AboveCeiling(BadPrice):
    """A reseller would ask for more than the platform lets it."""


def check(above: PriceList, model: str, values: Mapping[str, Any], *, ceiling: int | None = None) -> None:
    """Compare with the wholesale price of the name itself and of every model above that the pattern covers.

    `ceiling` is the most that may be asked for, in millionths of it.
    """
    for shortfall in shortfalls(above, model, values):
        raise BelowWholesale(shortfall)
    for excess in excesses(above, model, values, ceiling=ceiling):
        raise AboveCeiling(excess)


def shortfalls(above: PriceList, model: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of the values is below the wholesale price, in words; what comes on top of it never is."""
    if values["mode"] != "price":
        return
    for name, wholesale in _covered(above, model):
        for label, unit, own, floor in _pairs(values, wholesale):
            if own < floor:
                yield f"{label} of {name}: {format_usd(own)} {unit} is below the wholesale price {format_usd(floor)}"


def excesses(above: PriceList, model: str, values: Mapping[str, Any], *, ceiling: int | None) -> Iterator[str]:
    """Yield what of the values is beyond the most that may be asked for, in words."""
    if ceiling is None or values["mode"] == "inherit":
        return
    if values["mode"] == "percent":
        if values["factor"] > ceiling:
            yield f"{values['factor'] / MICROS:g} times the wholesale price of {model} is more than the {ceiling / MICROS:g} times allowed"
        return
    is_added = values["mode"] == "added"
    for name, wholesale in _covered(above, model):
        for label, unit, own, floor in _pairs(values, wholesale):
            asked, most = own + floor if is_added else own, scaled(floor, ceiling)
            if asked > most:
                yield f"{label} of {name}: {format_usd(asked)} {unit} is more than the {format_usd(most)} allowed"


def _covered(above: PriceList, model: str) -> Iterator[tuple[str, ModelPrice]]:
    for name in sorted({model} | {rule.pattern for level in above.levels for rule in level.rules if matches(model, rule.pattern)}):
        wholesale = above.resolve(name)
        if wholesale is not None:
            yield name, wholesale


def _pairs(values: Mapping[str, Any], wholesale: ModelPrice) -> Iterator[tuple[str, str, int, int]]:
    """Yield label, unit, own price and floor of everything that was typed."""
    for bucket in BUCKETS:
        if values[bucket] is not None:
            yield bucket.replace("_", " "), "per 1M tokens", values[bucket], wholesale.prices[bucket]
    if values["per_call"] is not None:
        yield "per call", "per call", values["per_call"], wholesale.per_call
    for unit, price in values["units"].items():
        yield unit, "per 1M", price, (wholesale.unit_prices(unit) or (0,))[-1]
    for tier in values["tiers"]:
        step = wholesale.tariffs[-1].steps[wholesale.step({"input": tier["above"] + 1})]
        for bucket in BUCKETS:
            if bucket in tier:
                yield f"{bucket.replace('_', ' ')} above {tier['above']:,} tokens", "per 1M tokens", tier[bucket], step[bucket]
