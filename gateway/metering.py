"""From what a call consumed to what it costs: usage in buckets, estimates where upstream is silent, the line that bills it."""

from __future__ import annotations

import operator
from dataclasses import fields
from typing import TYPE_CHECKING

from channels_app.contract import Call, Usage
from gateway import intake

if TYPE_CHECKING:
    from billing.pricing import ModelPrice

# English text has about four bytes a token, Chinese about three: a guess in the customer's favour.
BYTES_PER_BILLED_TOKEN = 4
LEAST_OUTPUT_TOKENS = 256
DEFAULT_HOLD_CEILING = 4096
BUCKETS = tuple(one.name for one in fields(Usage) if one.type == "int")
_amounts = operator.attrgetter(*BUCKETS)


def tokens_of(size: int) -> int:
    """Return the tokens of so many bytes of text, rounded up."""
    return -(-size // BYTES_PER_BILLED_TOKEN)


def measured(call: Call, *, reported: Usage | None, delivered: int) -> Usage:
    """Return upstream's own usage (an explicit zero included), or an estimate by the bytes that went to and fro."""
    if reported is not None:
        return reported
    return Usage(input=tokens_of(intake.input_bytes(call)), output=tokens_of(delivered), source="estimated")


def buckets(usage: Usage) -> dict[str, int]:
    """Return the buckets and units that are not empty."""
    found = {name: amount for name, amount in zip(BUCKETS, _amounts(usage), strict=True) if amount}
    if usage.units:
        found.update(usage.units)
    return found


def bound(price: ModelPrice, call: Call, *, output_tokens: int) -> int:
    """Return the most this call can cost with so many tokens of output for each choice, in µ$."""
    return price.upper_bound(input_tokens=intake.held_input_tokens(call), output_tokens=output_tokens * intake.choices(call))


def expected_output(price: ModelPrice, call: Call) -> int:
    """Return the tokens of output to reserve: all that may come, or for streams (which extend) at most the model's ceiling."""
    limit = intake.output_limit(call)
    ceiling = price.hold_ceiling or DEFAULT_HOLD_CEILING
    if limit is None:
        return ceiling
    return min(limit, ceiling) if call.is_stream else limit


def affordable_output(price: ModelPrice, call: Call, *, money: int, wanted: int) -> int:
    """Return the largest output, up to `wanted` tokens a choice, whose bound the money covers; 0 when not even the input fits."""
    if bound(price, call, output_tokens=0) > money:
        return 0
    low, high = 0, wanted
    while low < high:
        middle = (low + high + 1) // 2
        if bound(price, call, output_tokens=middle) <= money:
            low = middle
        else:
            high = middle - 1
    return low
