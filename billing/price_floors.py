"""Compare prices somebody types with the wholesale price above. Raises `BelowWholesale`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from billing.money import format_usd
from billing.price_terms import BadPrice
from billing.pricing import BUCKETS, ModelPrice, PriceList, matches


class BelowWholesale(BadPrice):
    """A reseller would sell below what the level above asks."""


def check(above: PriceList, model: str, values: Mapping[str, Any]) -> None:
    """Compare with the wholesale price of the name itself and of every model above that the pattern covers."""
    for shortfall in shortfalls(above, model, values):
        raise BelowWholesale(shortfall)


def shortfalls(above: PriceList, model: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of the values is below the wholesale price, in words; what comes on top of it never is."""
    if values["mode"] != "price":
        return
    for name in sorted({model} | {rule.pattern for level in above.levels for rule in level.rules if matches(model, rule.pattern)}):
        wholesale = above.resolve(name)
        if wholesale is None:
            continue
        for label, unit, own, floor in _pairs(values, wholesale):
            if own < floor:
                yield f"{label} of {name}: {format_usd(own)} {unit} is below the wholesale price {format_usd(floor)}"


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
