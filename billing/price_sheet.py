"""What a model costs as a customer reads it: input and output first, then only what is priced otherwise. Pure.

Prices are µ$: of a million tokens or characters, of one call, of one piece of anything else.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing.money import MICROS, ceil_div
from billing.price_rules import BASES
from billing.price_texts import BY_THE_MILLION
from billing.pricing import ModelPrice


@dataclass(frozen=True, slots=True)
class Sheet:
    """A model's prices; `input` and `output` are None where tokens cost nothing of their own.

    `others` are buckets that cost other than what they follow, `pieces` units by the piece (characters by the million),
    `steps` input and output above so many tokens of context.
    """

    input: int | None
    output: int | None
    per_call: int
    others: tuple[tuple[str, int], ...] = ()
    pieces: tuple[tuple[str, int], ...] = ()
    steps: tuple[tuple[int, int, int], ...] = ()

    @property
    def has_more(self) -> bool:
        """Tell whether there is more than input and output."""
        return bool(self.per_call or self.others or self.pieces or self.steps)


def of(price: ModelPrice) -> Sheet:
    """Write down one model's price."""
    last, prices = price.tariffs[-1], price.prices
    has_tokens = any(prices.values())
    above = zip(price.thresholds, last.steps[1:], strict=True)
    return Sheet(
        input=prices["input"] if has_tokens else None,
        output=prices["output"] if has_tokens else None,
        per_call=price.per_call,
        others=tuple((name, prices[name]) for name, base in BASES.items() if base and prices[name] != prices[base]),
        pieces=tuple(_pieces(price)),
        steps=tuple((context, step["input"], step["output"]) for context, step in above),
    )


def _pieces(price: ModelPrice) -> list[tuple[str, int]]:
    names = sorted({name for tariff in price.tariffs if tariff.rule is not None for name in tariff.rule.units})
    found = []
    for name in names:
        prices = price.unit_prices(name)
        if prices is not None:
            found.append((name, prices[-1] if name == BY_THE_MILLION else ceil_div(prices[-1], MICROS)))
    return found
