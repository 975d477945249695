"""What a new price would change, and what looks like a slip."""

from __future__ import annotations

from typing import Any

import pytest

from billing import price_preview, price_terms
from billing.pricing import Level, PriceList, Rule, Tier

NOW = PriceList(
    [
        Level(
            1,
            11,
            [
                Rule(1, "m", {"input": 2_000_000, "output": 8_000_000}, units={"seconds": 100}, tiers=(Tier(1_000, {"input": 4_000_000}),)),
                Rule(2, "call", per_call=10),
            ],
        )
    ]
)
KEPT = {"units": {"seconds": 100}, "tiers": [{"above": 1_000, "input": 4_000_000}]}


def compare(model: str, **given: Any) -> price_preview.Preview:
    return price_preview.compare(NOW, model, price_terms.values_of(given))


def test_the_cost_of_an_ordinary_call_is_told() -> None:
    # before 1,000 × 2 + 1,000 × 8 = 10,000 µ$, after 1,000 × 3 + 1,000 × 9
    told = compare("m", input=3_000_000, output=9_000_000, **KEPT)
    assert (told.before, told.after, told.jumps) == (10_000, 12_000, ())
    assert str(told) == "a call of 1,000 tokens in and 1,000 out costs $0.012 (before: $0.01)"
    assert str(compare("new", input=1_000_000)) == "a call of 1,000 tokens in and 1,000 out costs $0.001"


@pytest.mark.parametrize(
    ("model", "given", "jumps"),
    [
        ("m", {"input": 19_999_999, "output": 8_000_000, "tiers": [{"above": 1_000, "input": 4_000_000}]}, ()),
        ("call", {"per_call": 100}, ("per call: $0.00001 → $0.0001",)),
        ("call", {"per_call": 1}, ("per call: $0.00001 → $0.000001",)),
        ("call", {"per_call": 0}, ("per call: $0.00001 → $0.00",)),
        ("call", {"per_call": 99}, ()),
        ("new", {"input": 10**12}, ()),
    ],
)
def test_tenfold_is_a_jump(model: str, given: dict[str, Any], jumps: tuple[str, ...]) -> None:
    assert compare(model, **({"units": {"seconds": 100}} if model == "m" else {}), **given).jumps == jumps


def test_jumps_of_units_and_tiers_are_seen() -> None:
    told = compare("m", input=2_000_000, output=8_000_000, units={"seconds": 1_000}, tiers=[{"above": 1_000, "input": 40_000_000}])
    assert "input above 1,000 tokens: $4.00 → $40.00" in told.jumps
    assert "seconds, a million: $0.0001 → $0.001" in told.jumps
    assert not any(jump.startswith("input: ") for jump in told.jumps)
