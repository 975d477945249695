"""one-hub's prices as ratios, to the last digit."""

from __future__ import annotations

import json

from billing import price_formats
from console.movein import hub_prices
from tests.doubles.oneapi_database import GROUPS, PRICES


def test_prices_and_groups_come_out_as_they_are_there() -> None:
    foreign = price_formats.ratios(json.dumps(hub_prices.options(PRICES, GROUPS)))
    assert {name: (rule.get("input"), rule.get("output"), rule.get("per_call")) for name, rule in foreign.models.items()} == {
        "gpt-4o": (2_500_000, 10_000_000, None),
        "claude-x": (700_000, 800_000, None),
        "dall-e-3": (None, None, 40_000),
    }
    assert foreign.groups == {"default": 1_000_000, "vip": 800_000}


def test_what_costs_nothing_stays_free() -> None:
    made = hub_prices.options([{"model": "free", "type": "tokens", "input": 0, "output": 0}], [])
    assert json.loads(made["ModelRatio"]) == {"free": 0}
    assert json.loads(made["CompletionRatio"]) == {}
