"""Know before a call whether a channel would lose money on it, and which channel is the cheapest: by a call of ordinary size. Pure.

Each channel is compared with what its owner gets: the platform its wholesale price, a shop its own. Answers are
remembered for as long as candidates and price are the same objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from channels_app import costs
from channels_app.contract import ChannelFacts, Usage

if TYPE_CHECKING:
    from billing.pricing import ModelPrice

# Chats read about three times as much as they write.
_ORDINARY = Usage(input=3_000, output=1_000)
_COUNTS = {"input": _ORDINARY.input, "output": _ORDINARY.output}
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """The channels that do not lose, in their order, and what an ordinary call costs at each (unknown ones left out)."""

    channels: tuple[ChannelFacts, ...]
    costs: Mapping[int, int]


class Margins:
    """Judges candidates; belongs to one event loop."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, str], tuple[Sequence[ChannelFacts], ModelPrice, Verdict]] = {}

    def judge(self, candidates: Sequence[ChannelFacts], *, model: str, price: ModelPrice, chain: tuple[int, ...]) -> Verdict:
        """Return who may answer at this price; `chain` runs from the root to the customer's tenant."""
        question = (id(candidates), id(price), model)
        found = self._known.get(question)
        if found is None or found[0] is not candidates or found[1] is not price:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            # The objects themselves are kept with the answer: their ids cannot be given to others meanwhile.
            found = self._known[question] = (candidates, price, _judge(candidates, model, price, chain))
        return found[2]


def _judge(candidates: Sequence[ChannelFacts], model: str, price: ModelPrice, chain: tuple[int, ...]) -> Verdict:
    spent = {one.id: cost[1] for one in candidates if (cost := costs.charge(one, model, _ORDINARY)) is not None}
    kept = tuple(one for one in candidates if one.rules.allow_loss or not _loses(one, spent.get(one.id, 0), price, chain))
    return Verdict(kept, spent)


def _loses(channel: ChannelFacts, spent: int, price: ModelPrice, chain: tuple[int, ...]) -> bool:
    """Tell whether an ordinary call costs more than the channel's owner takes for it, before he pays anybody above him.

    What is sold by units alone (pictures, seconds) cannot be judged by tokens.
    """
    level = chain.index(channel.tenant_id) if channel.tenant_id in chain else 0
    tariff = price.tariffs[min(level, len(price.tariffs) - 1)]
    earned = tariff.numerator(_COUNTS, 0, 1)
    is_by_units = not earned and any(one.rule is not None and one.rule.units for one in price.tariffs)
    return spent > earned and not is_by_units


def cache_pays(channel: ChannelFacts, others: Sequence[ChannelFacts], *, model: str) -> bool:
    """Tell whether reading a prompt from this channel's cache is cheaper than sending it anew to the cheapest other one.

    Where a cost is not known, the cache is taken to pay: vendors give a discount for it.
    """
    prices = channel.costs.get(model) or channel.costs.get(costs.ANY_MODEL)
    if prices is None:
        return True
    cached = prices.get("cache_read", prices.get("input", 0))
    anew = [
        book.get("input", 0)
        for one in others
        if one.id != channel.id and (book := one.costs.get(model) or one.costs.get(costs.ANY_MODEL)) is not None
    ]
    return not anew or cached < min(anew)
