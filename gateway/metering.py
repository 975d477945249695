"""From what a call consumed to what it costs: usage in buckets, estimates where upstream is silent, the line that bills it."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from billing.pricing import FREE, Unpriced
from channels_app import counting
from channels_app.contract import Call, Usage
from channels_app.faces import CHAT
from channels_app.operations.base import Bound
from channels_app.operations.table import OPERATIONS
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
    """Return upstream's own usage (an explicit zero included), or an estimate by the bytes that went to and fro.

    Where upstream has told the input and broke off, only the output is estimated. Operations other than chat count what they
    were given: that may take a moment, see `counted`.
    """
    if reported is not None and reported.source == "partial":
        return replace(reported, output=max(reported.output, tokens_of(delivered)), source="estimated")
    if reported is not None:
        return reported
    if call.operation != CHAT:
        return OPERATIONS[call.operation].silent(call)
    return Usage(input=tokens_of(intake.input_bytes(call)), output=tokens_of(delivered), source="estimated")


def price_of_free(call: Call) -> ModelPrice | None:
    """Return the price of an operation that costs nothing where nobody has set one, None for all others."""
    return FREE if call.operation != CHAT and OPERATIONS[call.operation].is_free else None


async def counted(call: Call, *, said: bytes, delivered: int) -> Usage | None:
    """Return the usage of an answer about which upstream was silent, counted off the event loop; None where nothing was said.

    `said` is the answer's body or the beginning of its stream, `delivered` the bytes of all its text.
    """
    if call.operation != CHAT:
        return await asyncio.to_thread(OPERATIONS[call.operation].silent, call)
    return await asyncio.to_thread(_count_chat, call, said, delivered) if said else None


def _count_chat(call: Call, said: bytes, delivered: int) -> Usage:
    return replace(counting.of_input(call), output=counting.of_output(said, model=call.model, delivered=delivered))


def charged(price: ModelPrice, call: Call, usage: Usage) -> Usage:
    """Return the part of a usage that is charged: where an operation has units and tokens, the units if they have a price.

    A unit nobody has priced comes to the dearest name that the call could have come to, which is what was reserved.
    """
    if call.operation == CHAT or not OPERATIONS[call.operation].is_either:
        return usage
    names = [alternatives for alternatives, _count in OPERATIONS[call.operation].bound(call).units]
    units = tuple((_priced(price, [name, *(names[0] if names else ())]), count) for name, count in usage.units)
    if units and all(name for name, _count in units):
        return Usage(units=units, source=usage.source)
    return replace(usage, units=()) if price.has_token_price else usage


def _priced(price: ModelPrice, names: Sequence[str]) -> str:
    """Return the first name where it has a price, else the dearest of the others; empty where none has one."""
    if price.unit_prices(names[0]) is not None:
        return names[0]
    known = [(prices[-1], name) for name in names[1:] if (prices := price.unit_prices(name)) is not None]
    return max(known)[1] if known else ""


def buckets(usage: Usage) -> dict[str, int]:
    """Return the buckets and units that are not empty."""
    found = {name: amount for name, amount in zip(BUCKETS, _amounts(usage), strict=True) if amount}
    if usage.units:
        found.update(usage.units)
    return found


def bound(price: ModelPrice, call: Call, *, output_tokens: int) -> int:
    """Return the most this call can cost with so many tokens of output for each choice, in µ$; raise Unpriced."""
    if call.operation != CHAT:
        return _bound_of(price, OPERATIONS[call.operation].bound(call))
    return price.upper_bound(input_tokens=intake.held_input_tokens(call), output_tokens=output_tokens * intake.choices(call))


def _bound_of(price: ModelPrice, bound: Bound) -> int:
    """Return the most an operation can cost: by its units where each has a price, else by its tokens."""
    units: dict[str, int] = {}
    for names, count in bound.units:
        known = [(prices[-1], name) for name in names if (prices := price.unit_prices(name)) is not None]
        if not known:
            break
        units[max(known)[1]] = count
    else:
        if units:
            return price.charge_for(units).price_micros
    missing = [name for name, count in bound.tokens.items() if count and name in price.open]
    if missing or (bound.units and not price.has_token_price):
        raise Unpriced(bound.units[0][0][0] if bound.units else missing[0])
    return price.charge_for(bound.tokens).price_micros


def expected_output(price: ModelPrice, call: Call, *, limit: int | None) -> int:
    """Return the tokens of output to reserve: all that may come, or for streams (which extend) at most the model's ceiling.

    `limit` is the client's own of a chat (`intake.output_limit`). 0 where the bound is known without them.
    """
    if call.operation != CHAT:
        return 0
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
