"""The upstream cost book: what a vendor charges us for a call."""

from __future__ import annotations

from channels_app.channels import announce
from channels_app.contract import ChannelFacts, Usage
from channels_app.models import Channel, ChannelCost

_MILLION = 1_000_000
ANY_MODEL = "*"
# Where a bucket has no price of its own, its plain neighbour's counts.
_NEIGHBOUR = dict.fromkeys(("output", "reasoning", "audio_output", "image_output"), "output")


class UnknownBucket(ValueError):
    """A price was named for something that is not counted."""


def charge(facts: ChannelFacts, model: str, usage: Usage) -> tuple[int, int] | None:
    """Return (µ$ rounded up once, exact numerator in µ$ per million) for a call, or None where no cost is known.

    `model` is the public name; the entry `*` counts for models without their own.
    """
    prices = facts.costs.get(model) or facts.costs.get(ANY_MODEL)
    if prices is None:
        return None
    numerator = prices.get("per_call", 0) * _MILLION
    for bucket in ChannelCost.BUCKETS:
        tokens = getattr(usage, bucket)
        if tokens:
            price = prices.get(bucket)
            numerator += tokens * (prices.get(_NEIGHBOUR.get(bucket, "input"), 0) if price is None else price)
    return -(-numerator // _MILLION), numerator


def set_cost(*, channel: Channel, model: str = ANY_MODEL, **prices: int | None) -> ChannelCost:
    """Write what a model costs upstream: µ$ per million tokens by bucket, `per_call` in µ$; buckets not named stay.

    Raise UnknownBucket.
    """
    unknown = set(prices) - {*ChannelCost.BUCKETS, "per_call"}
    if unknown:
        raise UnknownBucket(", ".join(sorted(unknown)))
    row, _ = ChannelCost.objects.update_or_create(channel=channel, model=model, defaults=prices)
    announce()
    return row
