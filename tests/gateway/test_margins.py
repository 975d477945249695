"""No route that costs more than it sells for, unless the operator allows it; and when a prompt cache pays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from billing.price_rules import Level, Rule
from billing.pricing import ModelPrice, price_of
from channels_app.contract import ChannelFacts
from channels_app.rules import Rules
from gateway.margins import Margins, cache_pays
from tests.gateway.test_routing import channel

CHAIN = (1, 2)


def price(platform: tuple[int, int], shop: tuple[int, int]) -> ModelPrice:
    """Return the price of a model at the platform and at a shop below it, in µ$ per million (input, output)."""
    levels = [
        (Level(tenant_id=tenant, account_id=tenant, rules=()), Rule(id=tenant, pattern="m", prices={"input": pair[0], "output": pair[1]}))
        for tenant, pair in zip(CHAIN, (platform, shop), strict=True)
    ]
    found = price_of(levels)
    assert found is not None
    return found


def costing(identifier: int, into: int, out: int, *, owner: int = 1, allow_loss: bool = False, model: str = "*") -> ChannelFacts:
    facts = channel(identifier, rules=Rules(allow_loss=allow_loss))
    return replace(facts, tenant_id=owner, costs={model: {"input": into, "output": out, "per_call": 0}})


SOLD = price((1_000_000, 2_000_000), (3_000_000, 6_000_000))


@pytest.mark.parametrize(
    ("candidate", "is_kept"),
    [
        (channel(1), True),  # nobody knows
        (costing(1, 900_000, 2_000_000), True),
        (costing(1, 1_000_000, 2_000_000), True),
        (costing(1, 1_100_000, 2_000_000), False),
        (costing(1, 1_100_000, 1_000_000), True),  # dear to read, cheap to write: an ordinary call earns
        (costing(1, 2_000_000, 4_000_000, allow_loss=True), True),
        (costing(1, 2_000_000, 4_000_000, owner=2), True),  # the shop's own channel earns the shop's price
        (costing(1, 4_000_000, 6_000_000, owner=2), False),
        (costing(1, 9_000_000, 9_000_000, model="other"), True),
    ],
)
def test_a_channel_is_left_out_where_its_owner_would_lose(candidate: ChannelFacts, is_kept: bool) -> None:
    verdict = Margins().judge((candidate,), model="m", price=SOLD, chain=CHAIN)
    assert bool(verdict.channels) is is_kept


def test_what_an_ordinary_call_costs_is_known_for_all(  # 3,000 tokens in, 1,000 out
) -> None:
    verdict = Margins().judge((costing(1, 100, 200), channel(2), costing(3, 300, 0)), model="m", price=SOLD, chain=CHAIN)
    assert verdict.costs == {1: 500_000, 3: 900_000}


def test_the_answer_is_remembered_for_the_same_candidates_and_price() -> None:
    margins, candidates = Margins(), (costing(1, 100, 200),)
    first = margins.judge(candidates, model="m", price=SOLD, chain=CHAIN)
    assert margins.judge(candidates, model="m", price=SOLD, chain=CHAIN) is first
    cheaper = price((10, 10), (10, 10))
    assert margins.judge(candidates, model="m", price=cheaper, chain=CHAIN).channels == ()


@pytest.mark.parametrize(("units", "is_kept"), [({"image:*": 40_000}, True), ({}, False)])
def test_what_is_sold_by_units_alone_cannot_be_judged_by_tokens(units: dict[str, int], is_kept: bool) -> None:
    rule = Rule(id=1, pattern="m", prices={"input": 0, "output": 0}, units=units)
    found = price_of([(Level(tenant_id=1, account_id=1, rules=()), rule)])
    assert found is not None
    painting = replace(channel(1), costs={"*": {"input": 0, "output": 0, "per_call": 30_000}})
    assert bool(Margins().judge((painting,), model="m", price=found, chain=(1,)).channels) is is_kept


def caching(identifier: int, into: int, cached: int | None) -> ChannelFacts:
    prices = {"input": into, "output": 1, "per_call": 0}
    return replace(channel(identifier), costs={"*": prices if cached is None else {**prices, "cache_read": cached}})


@pytest.mark.parametrize(
    ("holder", "other", "pays"),
    [
        (caching(1, 1000, 100), caching(2, 1000, None), True),
        (caching(1, 1000, 600), caching(2, 500, None), False),
        (caching(1, 1000, None), caching(2, 1000, None), False),
        (channel(1), caching(2, 1000, None), True),
        (caching(1, 1000, 100), channel(2), True),
    ],
)
def test_a_cache_pays_while_reading_it_is_cheaper_than_sending_anew(holder: ChannelFacts, other: ChannelFacts, pays: bool) -> None:
    assert cache_pays(holder, (holder, other), model="m") is pays
