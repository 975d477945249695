"""A retail price below wholesale is refused, whatever it is a price of."""

from __future__ import annotations

from typing import Any

import pytest

from billing import price_floors, price_terms
from billing.pricing import Level, PriceList, Rule, Tier

ABOVE = PriceList(
    [Level(1, 11, [Rule(1, "m", {"input": 10, "output": 20}, per_call=5, units={"tool:*": 7}, tiers=(Tier(100, {"input": 30}),))])]
)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"output": 19}, "output of m"),
        ({"per_call": 4}, "per call of m"),
        ({"units": {"tool:web_search": 6}}, "tool:web_search of m"),
        ({"input": 12, "tiers": [{"above": 100, "input": 29}]}, "input above 100 tokens of m"),
        ({"input": 12, "tiers": [{"above": 200, "input": 29}]}, "input above 200 tokens of m"),
    ],
)
def test_below_wholesale(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(price_floors.BelowWholesale, match=reason):
        price_floors.check(ABOVE, "m", price_terms.values_of(given))


def test_at_wholesale_is_enough() -> None:
    at = {"input": 10, "output": 20, "per_call": 5, "units": {"tool:web_search": 7}, "tiers": [{"above": 100, "input": 30}]}
    price_floors.check(ABOVE, "m", price_terms.values_of(at))
    price_floors.check(ABOVE, "other", price_terms.values_of({"input": 1}))
