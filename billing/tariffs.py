"""Complete the prices of each level of a chain: open buckets, context tiers, a customer group's factor, floor and ceiling. Pure.

A level's own prices are completed first, then multiplied by the group's factor (last level only), then lifted to the
price of the level above: so nobody in the chain ever sells below what it buys for. Where a level has a ceiling they are
lowered to it: so many times the price above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.money import MICROS, ceil_div
from billing.price_rules import BASES, BUCKETS, Ceiling, Level, Rule


@dataclass(frozen=True, slots=True)
class Tariff:
    """The prices one level takes for one model, complete: a price of every bucket for every step of context."""

    account_id: int
    steps: tuple[Mapping[str, int], ...]
    per_call: int
    rule: Rule | None
    factor: int
    ceiling: Ceiling | None = None

    @property
    def prices(self) -> Mapping[str, int]:
        """Return the prices of an ordinary context."""
        return self.steps[0]

    def numerator(self, counts: Mapping[str, int], step: int, calls: int) -> int:
        """Return the price of the buckets in millionths of a µ$, unrounded; units are not in it."""
        prices, total = self.steps[step], self.per_call * calls * MICROS
        for name, count in counts.items():
            total += count * prices.get(name, 0)
        return total

    def unit(self, name: str, above: int | None) -> int | None:
        """Return the price of a unit, given the price of the level above (None at the platform)."""
        own = self.rule.unit(name) if self.rule is not None else None
        if self.rule is not None and self.rule.is_relative and above is not None:
            own = scaled(above, self.rule.factor) + (own or 0)
        if own is None:
            own = above
        return own if own is None else _bounded(scaled(own, self.factor), above, self.ceiling)


def complete(levels: Sequence[tuple[Level, Rule | None]], *, factor: int = MICROS) -> tuple[tuple[Tariff, ...], tuple[int, ...]]:
    """Return the tariffs of a chain and the contexts above which another step counts; `factor` is in millionths."""
    thresholds = tuple(sorted({tier.above for _level, rule in levels if rule is not None for tier in rule.tiers}))
    tariffs: list[Tariff] = []
    for place, (level, rule) in enumerate(levels):
        above = tariffs[-1] if tariffs else None
        tariffs.append(_tariff(level, rule, above, thresholds, factor if place == len(levels) - 1 else MICROS))
    return tuple(tariffs), thresholds


def scaled(price: int, factor: int) -> int:
    """Return a price times a factor in millionths, rounded up."""
    return price if factor == MICROS else ceil_div(price * factor, MICROS)


def _tariff(level: Level, rule: Rule | None, above: Tariff | None, thresholds: tuple[int, ...], factor: int) -> Tariff:
    if rule is not None and rule.is_relative and above is not None:
        return _relative(level, rule, above, factor)
    given = rule.prices if rule is not None else {}
    own = _fill(given, above.steps[0] if above else None)
    steps = [own, *(_step(own, rule, above, place, threshold) for place, threshold in enumerate(thresholds, start=1))]
    final = tuple(_bound(step, factor, above.steps[place] if above else None, level.ceiling) for place, step in enumerate(steps))
    floor = above.per_call if above else None
    per_call = (floor or 0) if rule is None or rule.per_call is None else rule.per_call
    return Tariff(level.account_id, final, _bounded(scaled(per_call, factor), floor, level.ceiling), rule, factor, level.ceiling)


def _relative(level: Level, rule: Rule, above: Tariff, factor: int) -> Tariff:
    """Return the tariff of a level that moves every price above by its factor and what it adds, in every context."""
    added = rule.on_top()
    steps = ({name: scaled(step[name], rule.factor) + added[name] for name in BUCKETS} for step in above.steps)
    final = tuple(_bound(step, factor, floor, level.ceiling) for step, floor in zip(steps, above.steps, strict=True))
    per_call = scaled(scaled(above.per_call, rule.factor) + (rule.per_call or 0), factor)
    return Tariff(level.account_id, final, _bounded(per_call, above.per_call, level.ceiling), rule, factor, level.ceiling)


def _fill(given: Mapping[str, int], above: Mapping[str, int] | None) -> dict[str, int]:
    """Complete own prices: an open bucket gets the mark-up of its base (the base's price at the platform), an open base the price above."""
    prices: dict[str, int] = {}
    for name, base in BASES.items():
        own = given.get(name)
        if own is None and above is None:
            own = prices.get(base, 0)
        elif own is None and above is not None:
            own = _moved(above[name], prices[base], above[base]) if base else above[name]
        prices[name] = own or 0
    return prices


def _step(own: Mapping[str, int], rule: Rule | None, above: Tariff | None, place: int, threshold: int) -> dict[str, int]:
    """Return own prices for a larger context: the tier's; where it is silent, those of the level above with the usual mark-up."""
    given = rule.tier(threshold) if rule is not None else {}
    prices: dict[str, int] = {}
    moved: set[str] = set()
    for name, base in BASES.items():
        if name in given:
            prices[name] = given[name]
            moved.add(name)
        elif base in moved:
            prices[name] = _moved(own[name], prices[base], own[base])
            moved.add(name)
        else:
            prices[name] = own[name] if above is None else _moved(above.steps[place][name], own[name], above.steps[0][name])
    return prices


def _moved(price: int, new: int, old: int) -> int:
    """Return a price moved as another one moved from `old` to `new`; from 0 nothing can be told."""
    return ceil_div(price * new, old) if old else max(price, new)


def _bound(prices: Mapping[str, int], factor: int, above: Mapping[str, int] | None, ceiling: Ceiling | None) -> Mapping[str, int]:
    return {name: _bounded(scaled(prices[name], factor), None if above is None else above[name], ceiling) for name in BUCKETS}


def _bounded(price: int, above: int | None, ceiling: Ceiling | None) -> int:
    """Return a price that is neither below that of the level above nor beyond the ceiling; at the platform there is neither."""
    if above is None:
        return price
    return max(price, above) if ceiling is None else min(max(price, above), scaled(above, ceiling.factor))
