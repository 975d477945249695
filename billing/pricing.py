"""Price one call through a chain of sellers: pure integer arithmetic, rounded up once.

A chain is a list of levels, the platform first, the customer's own seller last. Prices are µ$ per million tokens (or
units). Each level's price of a bucket is max(its own rule, the price of the level above), so a margin is never negative.
The end price is ceil(Σ count × price ÷ 1,000,000). Of it the platform gets its own price rounded up, each further level
the difference between its price and the one above; the parts sum up to the price exactly.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from billing.money import MICROS, ceil_div
from billing.price_rules import BASES, BUCKETS, CONTEXT, Level, Rule, Tier, matches, unpriced_buckets
from billing.tariffs import Tariff, complete
from foundation.values import value

__all__ = [
    "BUCKETS",
    "DEFAULT_HOLD_CEILING",
    "FREE",
    "Charge",
    "Group",
    "Level",
    "ModelPrice",
    "PriceList",
    "Rule",
    "Tier",
    "Unpriced",
    "matches",
    "price_of",
]

DEFAULT_HOLD_CEILING = 4096
DEFAULT_GROUP = "default"

_TEXT_IN = ("input", "cache_read", "cache_write_5m", "cache_write_1h")
_TEXT_OUT = ("output", "reasoning")
_CACHED_MODELS = 10_000
_CACHED_UNITS = 1_000
_NOTHING: Mapping[str, int] = {}


@value
class Charge:
    """What a call costs: µ$, the unrounded numerator, who gets which part (account, µ$), and the rules that said so.

    `unpriced` names the buckets and units nobody has priced: they were charged nothing, and an operator hears of it.
    """

    price_micros: int
    numerator: int
    splits: tuple[tuple[int, int], ...]
    book: str
    unpriced: tuple[str, ...] = ()


class Unpriced(Exception):
    """The call would use a unit that the platform has no price for: it is refused, never given away."""

    def __init__(self, unit: str) -> None:
        super().__init__(unit)
        self.unit = unit


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """One model as one tenant's customers pay for it; above each of `thresholds` tokens of context other prices count.

    `open` are the buckets for which the platform has no price at all, not even by the call or by another unit.
    """

    tariffs: tuple[Tariff, ...]
    hold_ceiling: int
    book: str
    thresholds: tuple[int, ...] = ()
    open: frozenset[str] = frozenset()
    bounds: tuple[tuple[int, int], ...] = field(init=False, compare=False)
    _units: dict[str, tuple[int, ...] | None] = field(init=False, compare=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        dearest = tuple((max(step[n] for n in _TEXT_IN), max(step[n] for n in _TEXT_OUT)) for step in self.tariffs[-1].steps)
        object.__setattr__(self, "bounds", dearest)

    @property
    def prices(self) -> Mapping[str, int]:
        """Return what the customer pays per million tokens in an ordinary context, by bucket."""
        return self.tariffs[-1].prices

    @property
    def per_call(self) -> int:
        """Return what the customer pays per call, in µ$."""
        return self.tariffs[-1].per_call

    @property
    def has_token_price(self) -> bool:
        """Tell whether the platform charges for tokens or by the call, not by units alone."""
        rule = self.tariffs[0].rule
        return rule is None or bool(rule.prices) or rule.per_call is not None

    @property
    def output_price(self) -> int:
        """Return the dearest price of written text, µ$ per million tokens."""
        return max(dear_out for _dear_in, dear_out in self.bounds)

    def upper_bound(self, *, input_tokens: int, output_tokens: int, units: Mapping[str, int] = _NOTHING) -> int:
        """Return the most a call with so many tokens of text (and units) can cost, in µ$; raise Unpriced for a unit without a price."""
        if self.open:
            self._check_open(input_tokens, output_tokens)
        reachable = self.bounds[: bisect_left(self.thresholds, input_tokens) + 1] if self.thresholds else self.bounds
        most = max([input_tokens * dear_in + output_tokens * dear_out for dear_in, dear_out in reachable])
        for name, count in units.items():
            prices = self.unit_prices(name)
            if prices is None:
                raise Unpriced(name)
            most += count * prices[-1]
        return ceil_div(most, MICROS) + self.per_call

    def _check_open(self, input_tokens: int, output_tokens: int) -> None:
        for bucket, tokens in (("input", input_tokens), ("output", output_tokens)):
            if tokens and bucket in self.open:
                raise Unpriced(bucket)

    def charge(self, *, calls: int = 1, units: Mapping[str, int] = _NOTHING, **buckets: int) -> Charge:
        """Price disjoint buckets of tokens and units; raise ValueError for a negative count."""
        return self.charge_for({**buckets, **units}, calls=calls)

    def charge_for(self, counts: Mapping[str, int], *, calls: int = 1) -> Charge:
        """Price what a call consumed, buckets and units by name; raise ValueError for a negative count."""
        if calls < 0 or (counts and min(counts.values()) < 0):
            raise ValueError("nothing can be consumed fewer than 0 times")
        step = self.step(counts) if self.thresholds else 0
        numerators = [tariff.numerator(counts, step, calls) for tariff in self.tariffs]
        if not self.open and counts.keys() <= BASES.keys():
            return self._divide(numerators)
        missing = [name for name in counts if name in self.open and counts[name]]
        missing += [name for name in counts if name not in BASES and not self._add_unit(numerators, name, counts[name])]
        return self._divide(numerators, tuple(missing))

    def step(self, counts: Mapping[str, int]) -> int:
        """Return which step of the prices counts for a context of this size."""
        return bisect_left(self.thresholds, sum(counts.get(name, 0) for name in CONTEXT))

    def unit_prices(self, name: str) -> tuple[int, ...] | None:
        """Return what each level asks for a million units; None when the platform has no price for it."""
        if name not in self._units:
            if len(self._units) >= _CACHED_UNITS:
                self._units.clear()
            self._units[name] = self._unit_prices(name)
        return self._units[name]

    def _unit_prices(self, name: str) -> tuple[int, ...] | None:
        found: list[int] = []
        for tariff in self.tariffs:
            price = tariff.unit(name, found[-1] if found else None)
            if price is None:
                return None
            found.append(price)
        return tuple(found)

    def _add_unit(self, numerators: list[int], name: str, count: int) -> bool:
        prices = self.unit_prices(name)
        for place, price in enumerate(prices or ()):
            numerators[place] += count * price
        return prices is not None

    def _divide(self, numerators: Sequence[int], unpriced: tuple[str, ...] = ()) -> Charge:
        """Round each level's price up once and give each the difference to the one above."""
        splits: list[tuple[int, int]] = []
        total = 0
        for tariff, numerator in zip(self.tariffs, numerators, strict=True):
            above, total = total, -(-numerator // MICROS)
            if total != above:
                splits.append((tariff.account_id, total - above))
        return Charge(total, numerators[-1], tuple(splits), self.book, unpriced)


@dataclass(frozen=True, slots=True)
class Group:
    """What a customer group of the last level pays: `factor` millionths of the price."""

    id: int
    factor: int


class PriceList:
    """All prices of one tenant's customers, and for how many seconds they count (None: until somebody changes them)."""

    __slots__ = ("_known", "groups", "lasts_seconds", "levels")

    def __init__(self, levels: Sequence[Level], groups: Mapping[str, Group] | None = None, *, lasts_seconds: float | None = None) -> None:
        self.levels = tuple(levels)
        self.lasts_seconds = lasts_seconds
        self.groups = dict(groups or {})
        self._known: dict[tuple[str, str], ModelPrice | None] = {}

    def resolve(self, model: str, *, group: str = DEFAULT_GROUP) -> ModelPrice | None:
        """Return the model's price for a customer group; None when the platform has none: never 0 by accident."""
        question = (model, group)
        if question not in self._known:
            if len(self._known) >= _CACHED_MODELS:
                self._known.clear()
            self._known[question] = self._resolve(model, group)
        return self._known[question]

    def _resolve(self, model: str, group: str) -> ModelPrice | None:
        found = [(level, level.find(model)) for level in self.levels]
        return price_of(found, group=self.groups.get(group))


def price_of(found: Sequence[tuple[Level, Rule | None]], *, group: Group | None = None) -> ModelPrice | None:
    """Return the price that the rules found at each level make together; None when the first level has none."""
    if not found or found[0][1] is None:
        return None
    tariffs, thresholds = complete(found, factor=group.factor if group else MICROS)
    book = [f"{level.tenant_id}:{rule.id}" for level, rule in found if rule is not None]
    book += [f"c{level.ceiling.id}" for level, _rule in found if level.ceiling is not None]
    ceilings = [rule.hold_ceiling for _level, rule in found if rule is not None and rule.hold_ceiling]
    return ModelPrice(
        tariffs=tariffs,
        hold_ceiling=ceilings[-1] if ceilings else DEFAULT_HOLD_CEILING,
        book=" ".join([*book, f"g{group.id}"] if group else book),
        thresholds=thresholds,
        open=unpriced_buckets(found[0][1]),
    )


# What nobody pays for: neither a bucket nor a call has a price, and no rule is named.
FREE = ModelPrice(
    tariffs=(Tariff(account_id=0, steps=(dict.fromkeys(BUCKETS, 0),), per_call=0, rule=None, factor=MICROS),),
    hold_ceiling=DEFAULT_HOLD_CEILING,
    book="",
)
