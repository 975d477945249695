"""Complete prices of a level: what follows what."""

from __future__ import annotations

import pytest

from billing.price_rules import Level, Rule
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
