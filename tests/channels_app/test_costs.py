"""What a call costs us upstream."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from accounts.models import Tenant
from channels_app import channels, costs, selectors
from channels_app.contract import ChannelFacts, Usage


def facts(**prices: Mapping[str, int]) -> ChannelFacts:
    return ChannelFacts(1, "c", 1, "openai", "", (), {"m": "up"}, costs=prices)


@pytest.mark.parametrize(
    ("prices", "usage", "expected"),
    [
        ({"input": 2_500_000, "output": 10_000_000}, Usage(input=1000, output=100), (3500, 3_500_000_000)),
        ({"input": 1, "output": 0}, Usage(input=1), (1, 1)),
        ({"input": 0, "output": 0}, Usage(input=5), (0, 0)),
        ({"per_call": 40_000}, Usage(), (40_000, 40_000_000_000)),
        ({"input": 1_000_000, "output": 2_000_000}, Usage(cache_read=3, audio_input=4, reasoning=5, image_output=1), (19, 19_000_000)),
        ({"input": 1_000_000, "cache_read": 100_000, "output": 0}, Usage(input=1, cache_read=10), (2, 2_000_000)),
        ({"input": 1_000_000, "cache_read": 0, "output": 0}, Usage(cache_read=10), (0, 0)),
        # 10 × 1 + 2 × 7 by the name, 3 × 5 by the pattern; nobody knows a price of the last one
        (
            {"input": 1_000_000, "output": 0, "per_call": 0, "tool:web_search": 7_000_000, "tool:*": 5_000_000},
            Usage(input=10, units=(("tool:web_search", 2), ("tool:other", 3), ("seconds", 9))),
            (39, 39_000_000),
        ),
        # 101 tokens of context, above 100: 100 × 2 + 1 (cache, as input) × 2 + 1 × 9
        (
            {"input": 1_000_000, "output": 9_000_000, "input>100": 2_000_000, "input>200": 3_000_000},
            Usage(input=100, cache_read=1, output=1),
            (211, 211_000_000),
        ),
        ({"input": 1_000_000, "output": 0, "input>100": 2_000_000, "output>100": 5}, Usage(input=100), (100, 100_000_000)),
    ],
)
def test_a_call_costs_its_buckets_rounded_up_once(prices: dict[str, int], usage: Usage, expected: tuple[int, int]) -> None:
    assert costs.charge(facts(m=prices), "m", usage) == expected


def test_an_unknown_model_costs_what_the_star_says_or_is_not_known() -> None:
    assert costs.charge(facts(**{"*": {"per_call": 7}}), "m", Usage()) == (7, 7_000_000)
    assert costs.charge(facts(other={"per_call": 7}), "m", Usage()) is None


@pytest.mark.django_db
def test_buckets_that_are_not_named_stay(root_tenant: Tenant) -> None:
    made = channels.add(name="up", provider="demo")
    costs.set_cost(channel=made, model="m", input=1, cache_read=2)
    costs.set_cost(channel=made, model="m", output=3)
    assert made.costs.values_list("input", "cache_read", "output", "reasoning").get() == (1, 2, 3, None)


@pytest.mark.django_db
def test_a_price_for_what_is_not_counted_is_refused(root_tenant: Tenant) -> None:
    made = channels.add(name="up", provider="demo")
    with pytest.raises(costs.UnknownBucket, match="smell"):
        costs.set_cost(channel=made, model="m", smell=1)
    assert made.costs.count() == 0


@pytest.mark.django_db
def test_units_and_tiers_reach_what_the_relay_knows(root_tenant: Tenant) -> None:
    made = channels.add(name="up", provider="demo")
    costs.set_cost(channel=made, model="m", input=1, output=2, units={"seconds": 3}, tiers=[{"above": 10, "input": 4}])
    costs.set_cost(channel=made, model="m", input=5)
    known = selectors.load_one(made.pk).costs["m"]
    assert dict(known) == {"input": 5, "output": 2, "per_call": 0, "seconds": 3, "input>10": 4}
