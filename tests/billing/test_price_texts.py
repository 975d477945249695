"""Units and tiers as lines of text."""

from __future__ import annotations

import pytest

from billing import price_texts
from billing.money import BadAmount


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("tool:web_search=0.01", ("tool:web_search", 10_000_000_000)),
        ("characters=15.00", ("characters", 15_000_000)),
        ("seconds=0.0001", ("seconds", 100_000_000)),
    ],
)
def test_a_unit_goes_both_ways(line: str, value: tuple[str, int]) -> None:
    assert price_texts.unit(line) == value
    assert price_texts.unit_line(*value) == line


def test_a_tier_goes_both_ways() -> None:
    tier = {"above": 200_000, "input": 6_000_000, "cache_read": 600_000}
    assert price_texts.tier(" 200000 : input = 6, cache-read=0.6") == tier
    assert price_texts.tier_line(tier) == "200000:input=6.00,cache_read=0.60"


@pytest.mark.parametrize("line", ["input=6", "x:input=6", "10:", "10:input"])
def test_what_is_no_tier_is_refused(line: str) -> None:
    with pytest.raises(BadAmount):
        price_texts.tier(line)
