"""Price one call through a chain of sellers: pure integer arithmetic, rounded up once.

A chain is a list of levels, the platform first, the customer's own seller last. Prices are µ$ per million tokens.
Each level's price of a bucket is max(its own rule, the price of the level above), so a margin is never negative. The end
price is ceil(Σ tokens × price ÷ 1,000,000). Of it the platform gets its own price rounded up, each further level the
difference between its price and the one above; the parts sum up to the price exactly.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from billing.money import MICROS, ceil_div

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
DEFAULT_HOLD_CEILING = 4096

_TEXT_IN = ("input", "cache_read", "cache_write_5m", "cache_write_1h")
_TEXT_OUT = ("output", "reasoning")
_ALIAS_DEPTH = 4
_CACHED_MODELS = 10_000


@dataclass(frozen=True, slots=True)
class Rule:
    """What one level asks for the models its pattern matches; a bucket without a price follows its base."""

    id: int
    pattern: str
    prices: Mapping[str, int] = field(default_factory=dict)
    per_call: int | None = None
    hold_ceiling: int | None = None
    priced_as: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """One seller of the chain: where its part goes, and its rules."""

    tenant_id: int
    account_id: int
    rules: Sequence[Rule]

    def find(self, model: str, *, depth: int = 0) -> Rule | None:
        """Return the most specific rule: the exact name, else the pattern with the longest literal beginning."""
        fitting = [rule for rule in self.rules if matches(rule.pattern, model)]
        if not fitting:
            return None
        best = max(fitting, key=lambda rule: specificity(rule.pattern))
        if not best.priced_as:
            return best
        return self.find(best.priced_as, depth=depth + 1) if depth < _ALIAS_DEPTH else None


@dataclass(frozen=True, slots=True)
class Tariff:
    """The prices one level takes for one model, complete: every bucket has one."""

    account_id: int
    prices: Mapping[str, int]
    per_call: int

    def numerator(self, used: Sequence[tuple[str, int]], calls: int) -> int:
        """Return the price of (bucket, tokens) in millionths of a µ$, unrounded."""
        total = self.per_call * calls * MICROS
        for name, tokens in used:
            total += tokens * self.prices[name]
        return total


@dataclass(frozen=True, slots=True)
class Charge:
    """What a call costs: µ$, the unrounded numerator, who gets which part (account, µ$), and the rules that said so."""

    price_micros: int
    numerator: int
    splits: tuple[tuple[int, int], ...]
    book: str


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """One model as one tenant's customers pay for it."""

    tariffs: tuple[Tariff, ...]
    hold_ceiling: int
    book: str

    @property
    def prices(self) -> Mapping[str, int]:
        """Return what the customer pays per million tokens, by bucket."""
        return self.tariffs[-1].prices

    @property
    def per_call(self) -> int:
        """Return what the customer pays per call, in µ$."""
        return self.tariffs[-1].per_call

    @property
    def output_price(self) -> int:
        """Return the dearest price of written text, µ$ per million tokens."""
        return max(self.prices[name] for name in _TEXT_OUT)

    def upper_bound(self, *, input_tokens: int, output_tokens: int) -> int:
        """Return the most a call with so many tokens of text can cost, in µ$."""
        dearest = max(self.prices[name] for name in _TEXT_IN)
        return ceil_div(input_tokens * dearest + output_tokens * self.output_price, MICROS) + self.per_call

    def charge(
        self,
        *,
        input: int = 0,
        cache_read: int = 0,
        cache_write_5m: int = 0,
        cache_write_1h: int = 0,
        audio_input: int = 0,
        image_input: int = 0,
        output: int = 0,
        reasoning: int = 0,
        audio_output: int = 0,
        image_output: int = 0,
        calls: int = 1,
    ) -> Charge:
        """Price disjoint token buckets; raise ValueError for a negative count."""
        buckets = {
            "input": input, "cache_read": cache_read, "cache_write_5m": cache_write_5m, "cache_write_1h": cache_write_1h,
            "audio_input": audio_input, "image_input": image_input, "output": output, "reasoning": reasoning,
            "audio_output": audio_output, "image_output": image_output,
        }  # fmt: skip
        if calls < 0 or min(buckets.values()) < 0:
            raise ValueError("a bucket cannot hold fewer than 0 tokens")
        # Most calls use two buckets: this runs before the last bytes of every answer.
        used = [(name, tokens) for name, tokens in buckets.items() if tokens]
        numerators = [tariff.numerator(used, calls) for tariff in self.tariffs]
        totals = [ceil_div(numerator, MICROS) for numerator in numerators]
        parts = [total - above for total, above in zip(totals, [0, *totals], strict=False)]
        splits = tuple((tariff.account_id, part) for tariff, part in zip(self.tariffs, parts, strict=True) if part)
        return Charge(price_micros=totals[-1], numerator=numerators[-1], splits=splits, book=self.book)


class PriceList:
    """All prices of one tenant's customers; resolved models are remembered."""

    __slots__ = ("_known", "levels")

    def __init__(self, levels: Sequence[Level]) -> None:
        self.levels = tuple(levels)
        self._known: dict[str, ModelPrice | None] = {}

    def resolve(self, model: str) -> ModelPrice | None:
        """Return the model's price; None when the platform has none: never 0 by accident."""
        if model not in self._known:
            if len(self._known) >= _CACHED_MODELS:
                self._known.clear()
            self._known[model] = _resolve(self.levels, model)
        return self._known[model]


def matches(pattern: str, model: str) -> bool:
    """Tell whether a pattern (`gpt-4o*`) covers a model name; letters' case counts."""
    return pattern == model or fnmatch.fnmatchcase(model, pattern)


def specificity(pattern: str) -> tuple[bool, int, int]:
    """Return a key by which the more specific of two patterns is the greater one."""
    literal = next((place for place, letter in enumerate(pattern) if letter in "*?["), None)
    return (True, len(pattern), 0) if literal is None else (False, literal, len(pattern))


def _resolve(levels: Sequence[Level], model: str) -> ModelPrice | None:
    tariffs: list[Tariff] = []
    used: list[str] = []
    ceiling = DEFAULT_HOLD_CEILING
    for level in levels:
        rule = level.find(model)
        if rule is None and not tariffs:
            return None
        tariffs.append(_below(level, rule, tariffs[-1]) if tariffs else _first(level, rule or Rule(0, model)))
        if rule is not None:
            used.append(f"{level.tenant_id}:{rule.id}")
            ceiling = rule.hold_ceiling or ceiling
    return ModelPrice(tariffs=tuple(tariffs), hold_ceiling=ceiling, book=" ".join(used)) if tariffs else None


def _first(level: Level, rule: Rule) -> Tariff:
    """Complete the platform's own prices: an open bucket costs what its base costs."""
    prices: dict[str, int] = {}
    for name, base in BASES.items():
        prices[name] = rule.prices.get(name, prices.get(base, 0))
    return Tariff(account_id=level.account_id, prices=prices, per_call=rule.per_call or 0)


def _below(level: Level, rule: Rule | None, above: Tariff) -> Tariff:
    """Complete a reseller's prices: an open bucket gets the mark-up of its base, an open base the price above."""
    if rule is None:
        return Tariff(account_id=level.account_id, prices=above.prices, per_call=above.per_call)
    prices: dict[str, int] = {}
    for name, base in BASES.items():
        floor = above.prices[name]
        own = rule.prices.get(name)
        if own is None and base and above.prices[base]:
            own = ceil_div(floor * prices[base], above.prices[base])
        prices[name] = max(floor, own or 0)
    return Tariff(account_id=level.account_id, prices=prices, per_call=max(above.per_call, rule.per_call or 0))
