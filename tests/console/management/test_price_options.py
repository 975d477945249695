"""Prices typed on a command line."""

from __future__ import annotations

from typing import Any

import pytest

from billing.money import BadAmount
from billing.pricing import BUCKETS
from console.management import price_options

NOTHING: dict[str, Any] = {**dict.fromkeys((*BUCKETS, "per_call", "per_second", "per_character")), "unit": [], "tier": []}


def test_what_is_not_typed_is_left_out() -> None:
    assert price_options.read(NOTHING) == {}


def test_characters_are_quoted_by_the_million_other_units_by_the_piece() -> None:
    typed = price_options.read(NOTHING | {"per_character": "15", "unit": ["tool:web_search=0.01", " characters = 16"]})
    assert typed == {"units": {"tool:web_search": 10_000_000_000, "characters": 15_000_000}}
    assert price_options.shown(typed) == {"tool:web_search": 0.01, "characters": 15.0}


@pytest.mark.parametrize("text", ["input=6", "x:input=6", "200000:input", "200000:"])
def test_a_broken_tier_is_refused(text: str) -> None:
    with pytest.raises(BadAmount):
        price_options.read(NOTHING | {"tier": [text]})
