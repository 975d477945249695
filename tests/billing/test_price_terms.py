"""What may be typed as a price."""

from __future__ import annotations

from typing import Any

import pytest

from billing import price_terms
from billing.price_terms import BadPrice
from billing.pricing import Tier


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"smell": 1}, "smell is not a price bucket"),
        ({"units": {"minutes": 1}}, "minutes is no unit"),
        ({"tiers": [{"above": 0, "input": 1}]}, "a tier says above how many"),
        ({"tiers": [{"above": 10}]}, "a tier says above how many"),
        ({"tiers": [{"above": 10, "per_call": 1}]}, "a tier says above how many"),
        ({"tiers": [{"above": 10, "input": 1}, {"above": 10, "output": 1}]}, "two tiers above 10 tokens"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadPrice, match=reason):
        price_terms.values_of(given)


@pytest.mark.parametrize("given", [{"input": 1, "units": {"seconds": -1}}, {"input": 1, "tiers": [{"above": 10, "output": -1}]}])
def test_a_negative_price_is_refused_wherever_it_stands(given: dict[str, Any]) -> None:
    with pytest.raises(BadPrice, match="0 or more"):
        price_terms.check("m", price_terms.values_of(given))


def test_a_unit_alone_is_a_price() -> None:
    price_terms.check("whisper-1", price_terms.values_of({"units": {"seconds": 100}}))


def test_tiers_are_kept_smallest_first() -> None:
    values = price_terms.values_of({"input": 1, "tiers": [{"output": 2, "above": 20, "input": 3}, {"above": 10, "input": 2}]})
    assert values["tiers"] == [{"above": 10, "input": 2}, {"above": 20, "input": 3, "output": 2}]
    assert price_terms.tiers_of(values["tiers"]) == (Tier(10, {"input": 2}), Tier(20, {"input": 3, "output": 2}))
