"""Show what a price would change before it counts: the cost of an ordinary call, and jumps that look like a slip."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from accounts import tenants
from accounts.models import Tenant
from billing import price_lists, price_terms
from billing.money import format_usd
from billing.pricing import BUCKETS, Level, ModelPrice, PriceList, Rule

JUMP = 10
SAMPLE_TOKENS = 1_000


@dataclass(frozen=True, slots=True)
class Preview:
    """What a call of 1,000 tokens in and 1,000 out costs a customer, before (None: nothing was sold) and after, in µ$."""

    before: int | None
    after: int | None
    jumps: tuple[str, ...]

    def __str__(self) -> str:
        after = "is not sold" if self.after is None else f"costs {format_usd(self.after)}"
        before = "" if self.before is None else f" (before: {format_usd(self.before)})"
        return f"a call of {SAMPLE_TOKENS:,} tokens in and {SAMPLE_TOKENS:,} out {after}{before}"


def preview(*, seller: Tenant, model: str, values: Mapping[str, Any], at: datetime.datetime | None = None) -> Preview:
    """Compare the customers' price of a model (a pattern stands for itself), now or at a moment, with what it would be."""
    return compare(price_lists.of_chain(tenants.chain(seller.pk), at=at), model, values)


def compare(now: PriceList, model: str, values: Mapping[str, Any]) -> Preview:
    """Do the same for a price list that is loaded already."""
    before, after = now.resolve(model), replaced(now, model, values).resolve(model)
    jumps = tuple(_jumps(before, after)) if before is not None and after is not None else ()
    return Preview(before=_sample(before), after=_sample(after), jumps=jumps)


def replaced(now: PriceList, model: str, values: Mapping[str, Any]) -> PriceList:
    """Return the price list with another rule for one pattern at its last level."""
    *others, last = now.levels
    return PriceList([*others, replace(last, rules=_with(last, price_terms.as_rule(0, model, values)))], now.groups)


def _with(level: Level, rule: Rule) -> tuple[Rule, ...]:
    return (*(old for old in level.rules if old.pattern != rule.pattern), rule)


def _sample(price: ModelPrice | None) -> int | None:
    return None if price is None else price.charge(input=SAMPLE_TOKENS, output=SAMPLE_TOKENS).price_micros


def _jumps(before: ModelPrice, after: ModelPrice) -> Iterator[str]:
    """Name what becomes ten times as dear or as cheap, or free."""
    for label, old, new in _pairs(before, after):
        if old and (new >= JUMP * old or new * JUMP <= old):
            yield f"{label}: {format_usd(old)} → {format_usd(new)}"


def _pairs(before: ModelPrice, after: ModelPrice) -> Iterator[tuple[str, int, int]]:
    for context in (0, *sorted({*before.thresholds, *after.thresholds})):
        old, new = (price.tariffs[-1].steps[price.step({"input": context + 1})] for price in (before, after))
        for bucket in BUCKETS:
            yield f"{bucket.replace('_', ' ')}{f' above {context:,} tokens' if context else ''}", old[bucket], new[bucket]
    yield "per call", before.per_call, after.per_call
    names = {name for price in (before, after) for tariff in price.tariffs if tariff.rule is not None for name in tariff.rule.units}
    for name in sorted(names):
        yield f"{name}, a million", (before.unit_prices(name) or (0,))[-1], (after.unit_prices(name) or (0,))[-1]
