"""Complete prices of a level: what follows what."""

from __future__ import annotations

import pytest

from billing.price_rules import Ceiling, Level, Rule, Tier
from billing.pricing import Group, price_of
from billing.tariffs import complete, scaled


@pytest.mark.parametrize(
    ("price", "factor", "expected"),
    [(3, 1_000_000, 3), (3, 500_000, 2), (10, 333_333, 4), (0, 900_000, 0), (7, 1_500_000, 11)],
)
def test_a_scaled_price_is_rounded_up(price: int, factor: int, expected: int) -> None:
    assert scaled(price, factor) == expected


def test_open_buckets_of_a_reseller_get_the_mark_up_of_their_base() -> None:
    wholesale = Rule(1, "m", {"input": 1_000_000, "cache_read": 100_000, "cache_write_5m": 1_250_000, "cache_write_1h": 2_000_000})
    retail = Rule(2, "m", {"input": 1_500_000})
    (_platform, shop), thresholds = complete([(Level(1, 11, ()), wholesale), (Level(2, 22, ()), retail)])
    # × 1.5: 0.10 → 0.15, 1.25 → 1.875, 2.00 → 3.00
    assert (shop.prices["cache_read"], shop.prices["cache_write_5m"], shop.prices["cache_write_1h"]) == (150_000, 1_875_000, 3_000_000)
    assert thresholds == ()


def test_a_bucket_that_was_free_above_follows_its_base() -> None:
    wholesale = Rule(1, "m", {"input": 0, "cache_read": 0, "output": 1})
    (_platform, shop), _ = complete([(Level(1, 11, ()), wholesale), (Level(2, 22, ()), Rule(2, "m", {"input": 500}))])
    assert shop.prices["cache_read"] == 500


def _resold(**own: object) -> tuple[int, ...]:
    """Input, output, cached input, per call, a second of sound, and input above 1,000 tokens at a shop whose rule is `own`."""
    above = Rule(
        id=1, pattern="m", prices={"input": 100, "output": 400, "cache_read": 10}, per_call=7, units={"seconds": 50},
        tiers=(Tier(1_000, {"input": 200}),),
    )  # fmt: skip
    rule = Rule(id=2, pattern="m", **own)  # type: ignore[arg-type]  # mixed values
    price = price_of([(Level(1, 11, ()), above), (Level(2, 22, ()), rule)])
    assert price is not None
    tariff = price.tariffs[-1]
    units = price.unit_prices("seconds")
    assert units is not None
    return (*(tariff.prices[name] for name in ("input", "output", "cache_read")), tariff.per_call, units[-1], tariff.steps[1]["input"])


def test_a_percentage_moves_every_price_above_and_rounds_up() -> None:
    assert _resold(is_relative=True, factor=1_250_000) == (125, 500, 13, 9, 63, 250)
    assert _resold(is_relative=True) == (100, 400, 10, 7, 50, 200)


def test_an_amount_comes_on_top_and_open_buckets_follow_their_base() -> None:
    own = {"prices": {"input": 5, "output": 0}, "per_call": 2, "units": {"seconds": 3}}
    assert _resold(is_relative=True, **own) == (105, 400, 15, 9, 53, 205)


def test_a_relative_price_never_falls_below_the_price_above() -> None:
    assert _resold(is_relative=True, factor=500_000) == (100, 400, 10, 7, 50, 200)


def test_a_ceiling_bounds_every_price_by_the_price_above_and_never_below_it() -> None:
    above = Rule(1, "m", {"input": 100, "output": 400}, per_call=7, units={"seconds": 50}, tiers=(Tier(1_000, {"input": 200}),))
    own = Rule(2, "m", {"input": 110, "output": 1_000}, per_call=8, units={"seconds": 90}, tiers=(Tier(1_000, {"input": 900}),))
    most = Ceiling(9, 1_500_000)
    levels = [(Level(1, 11, ()), above), (Level(2, 22, (), most), own)]
    price, dear = price_of(levels), price_of(levels, group=Group(3, 3_000_000))
    assert price is not None
    assert dear is not None
    assert (price.prices["input"], price.prices["output"], price.per_call, price.unit_prices("seconds")) == (110, 600, 8, (50, 75))
    assert price.tariffs[-1].steps[1]["input"] == 300
    # A group that pays three times as much pays the ceiling as well.
    assert (dear.prices["input"], dear.prices["output"], dear.per_call, dear.unit_prices("seconds")) == (150, 600, 11, (50, 75))
    assert (price.book, dear.book) == ("1:1 2:2 c9", "1:1 2:2 c9 g3")


def test_a_ceiling_of_nothing_is_the_price_above() -> None:
    above = Rule(1, "m", {"input": 100, "output": 0})
    price = price_of(
        [(Level(1, 11, ()), above), (Level(2, 22, (), Ceiling(9, 1_000_000)), Rule(2, "m", {}, is_relative=True, factor=2_000_000))]
    )
    assert price is not None
    assert (price.prices["input"], price.prices["output"]) == (100, 0)
