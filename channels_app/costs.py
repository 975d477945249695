"""The upstream cost book: what a vendor charges us for a call."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence

from channels_app import registry
from channels_app.channels import announce
from channels_app.contract import ChannelFacts, Usage
from channels_app.models import Channel, ChannelCost

_MILLION = 1_000_000
ANY_MODEL = "*"
# An entry without units and tiers has two prices at least (input and output), and per_call.
_PLAIN = 3
# Where a bucket has no price of its own, its plain neighbour's counts.
_NEIGHBOUR = dict.fromkeys(("output", "reasoning", "audio_output", "image_output"), "output")


class UnknownBucket(ValueError):
    """A price was named for something that is not counted."""


def charge(facts: ChannelFacts, model: str, usage: Usage, *, is_either: bool = False) -> tuple[int, int] | None:
    """Return (µ$ rounded up once, exact numerator in µ$ per million) for a call, or None where no cost is known.

    `model` is the public name; the entry `*` counts for models without their own. With `is_either` the vendor charges for
    units or for tokens: for units where one has a price. What a vendor that tells its price has told is taken as it is.
    """
    if usage.cost_micros is not None and registry.provider(facts.provider).tells_cost:
        return usage.cost_micros, usage.cost_micros * _MILLION
    prices = facts.costs.get(model) or facts.costs.get(ANY_MODEL)
    if prices is None:
        return None
    numerator = prices.get("per_call", 0) * _MILLION
    if len(prices) > _PLAIN:
        prices = _in_context(prices, usage.total_input)
    units = sum(count * _of_unit(prices, name) for name, count in usage.units)
    numerator += units
    if not (is_either and units):
        numerator += _of_tokens(prices, usage)
    return -(-numerator // _MILLION), numerator


def _of_tokens(prices: Mapping[str, int], usage: Usage) -> int:
    numerator = 0
    for bucket in ChannelCost.BUCKETS:
        tokens = getattr(usage, bucket)
        if tokens:
            price = prices.get(bucket)
            numerator += tokens * (prices.get(_NEIGHBOUR.get(bucket, "input"), 0) if price is None else price)
    return numerator


def _in_context(prices: Mapping[str, int], context: int) -> Mapping[str, int]:
    """Return the prices that count for a context of so many tokens: larger tiers override smaller ones."""
    tiers = sorted((int(above), bucket, name) for name in prices for bucket, mark, above in [name.partition(">")] if mark)
    return {**prices, **{bucket: prices[name] for above, bucket, name in tiers if context > above}} if tiers else prices


def _of_unit(prices: Mapping[str, int], name: str) -> int:
    """Return the price of a unit by its name, else by the pattern with the longest literal beginning, else 0."""
    if name in prices:
        return prices[name]
    fitting = [pattern for pattern in prices if "*" in pattern and fnmatch.fnmatchcase(name, pattern)]
    return prices[max(fitting, key=lambda pattern: pattern.index("*"))] if fitting else 0


def set_cost(
    *,
    channel: Channel,
    model: str = ANY_MODEL,
    units: Mapping[str, int] | None = None,
    tiers: Sequence[Mapping[str, int]] | None = None,
    **prices: int | None,
) -> ChannelCost:
    """Write what a model costs upstream: µ$ per million tokens by bucket, `per_call` in µ$; what is not named stays.

    Raise UnknownBucket.
    """
    unknown = set(prices) - {*ChannelCost.BUCKETS, "per_call"}
    if unknown:
        raise UnknownBucket(", ".join(sorted(unknown)))
    others = {name: value for name, value in (("units", units), ("tiers", tiers)) if value is not None}
    row, _ = ChannelCost.objects.update_or_create(channel=channel, model=model, defaults={**prices, **others})
    announce()
    return row
