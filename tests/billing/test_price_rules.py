"""Which rule, tier and unit fits."""

from __future__ import annotations

import pytest

from billing.price_rules import Rule, Tier, is_unit, most_specific


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("seconds", True), ("characters", True), ("image:1024x1024:hd", True), ("image:*", True), ("image:*:hd", True),
        ("tool:web_search", True), ("minutes", False), ("image:", False), ("tool:", False), ("tool:a b", False), ("input", False),
        ("image:a:b:c", False),
    ],
)  # fmt: skip
def test_units_are_named_by_kind(name: str, expected: bool) -> None:
    assert is_unit(name) is expected


def test_the_most_specific_pattern_of_units_wins() -> None:
    patterns = ["image:*", "image:1024x1024:*", "image:1024x1024:hd"]
    assert most_specific(patterns, "image:1024x1024:hd") == "image:1024x1024:hd"
    assert most_specific(patterns, "image:1024x1024:low") == "image:1024x1024:*"
    assert most_specific(patterns, "image:256x256:low") == "image:*"
    assert most_specific(patterns, "tool:web_search") is None


def test_a_larger_tier_overrides_a_smaller_one_where_it_speaks() -> None:
    rule = Rule(1, "m", tiers=(Tier(100, {"input": 1}), Tier(50, {"input": 2, "output": 3})))
    assert [rule.tier(above) for above in (49, 50, 99, 100)] == [
        {},
        {"input": 2, "output": 3},
        {"input": 2, "output": 3},
        {"input": 1, "output": 3},
    ]
