"""What a seller may ask for: the buckets, the units beside them, context tiers, and which rule fits a model. Pure.

A bucket counts tokens. A unit counts something else and is named `seconds`, `characters`, `searches`, `image:<size>:<quality>` or
`tool:<kind>`; a rule may price units by pattern (`image:*:hd`). Prices are µ$ per million, of tokens and units alike.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# Every bucket and the one it follows where a rule leaves it open; the order matters: a bucket stands after its base.
BASES: dict[str, str] = {
    "input": "",
    "cache_read": "input",
    "cache_write_5m": "input",
    "cache_write_1h": "cache_write_5m",
    "audio_input": "input",
    "image_input": "input",
    "output": "",
    "reasoning": "output",
    "audio_output": "output",
    "image_output": "output",
}
BUCKETS = tuple(BASES)
# What makes up the context: a tier counts from so many of these tokens on.
CONTEXT = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "audio_input", "image_input")

_UNIT = re.compile(r"seconds|characters|searches|image:[\w*?.-]+(:[\w*?.-]+)?|tool:[\w*?.-]+", re.ASCII)
_ALIAS_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Tier:
    """Other prices for calls whose context has more than `above` tokens; an open bucket moves as its base does."""

    above: int
    prices: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rule:
    """What one level asks for the models its pattern matches; a bucket without a price follows its base.

    One that `is_relative` asks for `factor` millionths of the prices above, and its own prices on top of them.
    """

    id: int
    pattern: str
    prices: Mapping[str, int] = field(default_factory=dict)
    per_call: int | None = None
    hold_ceiling: int | None = None
    priced_as: str = ""
    units: Mapping[str, int] = field(default_factory=dict)
    tiers: Sequence[Tier] = ()
    is_relative: bool = False
    factor: int = 1_000_000

    def tier(self, above: int) -> dict[str, int]:
        """Return what the tiers say that count just above so many tokens of context; a larger tier overrides a smaller one."""
        prices: dict[str, int] = {}
        for tier in sorted(self.tiers, key=lambda tier: tier.above):
            if tier.above <= above:
                prices |= tier.prices
        return prices

    def on_top(self) -> dict[str, int]:
        """Return what a relative rule adds to each bucket: what is given, else as much as to its base."""
        added: dict[str, int] = {}
        for name, base in BASES.items():
            added[name] = self.prices.get(name, added.get(base, 0))
        return added

    def unit(self, name: str) -> int | None:
        """Return the price of a unit: of its exact name, else of the most specific pattern."""
        best = most_specific(self.units, name)
        return None if best is None else self.units[best]


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most one level may ask for: `factor` millionths of the price above."""

    id: int
    factor: int


@dataclass(frozen=True, slots=True)
class Level:
    """One seller of the chain: where its part goes, its rules, and the most it may ask for where the platform says so."""

    tenant_id: int
    account_id: int
    rules: Sequence[Rule]
    ceiling: Ceiling | None = None

    def find(self, model: str, *, depth: int = 0) -> Rule | None:
        """Return the most specific rule: the exact name, else the pattern with the longest literal beginning."""
        fitting = [rule for rule in self.rules if matches(rule.pattern, model)]
        if not fitting:
            return None
        best = max(fitting, key=lambda rule: specificity(rule.pattern))
        if not best.priced_as:
            return best
        return self.find(best.priced_as, depth=depth + 1) if depth < _ALIAS_DEPTH else None


def unpriced_buckets(rule: Rule) -> frozenset[str]:
    """Return the buckets that neither the platform's rule nor what it charges otherwise (a call, units) pays for."""
    if rule.per_call is not None or rule.units:
        return frozenset()
    missing: set[str] = set()
    for name, base in BASES.items():
        if name not in rule.prices and (not base or base in missing):
            missing.add(name)
    return frozenset(missing)


def is_unit(name: str) -> bool:
    """Tell whether a unit (or a pattern of units) may have this name."""
    return _UNIT.fullmatch(name) is not None


def matches(pattern: str, model: str) -> bool:
    """Tell whether a pattern (`gpt-4o*`) covers a model name; letters' case counts."""
    return pattern == model or fnmatch.fnmatchcase(model, pattern)


def most_specific(patterns: Iterable[str], name: str) -> str | None:
    """Return the pattern that fits a name best, or None."""
    return max((pattern for pattern in patterns if matches(pattern, name)), key=specificity, default=None)


def specificity(pattern: str) -> tuple[bool, int, int]:
    """Return a key by which the more specific of two patterns is the greater one."""
    literal = next((place for place, letter in enumerate(pattern) if letter in "*?["), None)
    return (True, len(pattern), 0) if literal is None else (False, literal, len(pattern))
