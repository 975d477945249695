"""A customer's price list says what is priced otherwise, and repeats nothing."""

from __future__ import annotations

from billing import price_sheet
from billing.price_sheet import Sheet
from billing.pricing import Group, Level, ModelPrice, Rule, Tier, price_of


def price(*rules: Rule, group: Group | None = None) -> ModelPrice:
    found = price_of([(Level(place, place, (rule,)), rule) for place, rule in enumerate(rules, start=1)], group=group)
    assert found is not None
    return found


def test_input_and_output_are_enough_for_a_plain_model() -> None:
    plain = Rule(1, "m", {"input": 2_500_000, "output": 10_000_000})
    assert price_sheet.of(price(plain)) == Sheet(2_500_000, 10_000_000, 0)


def test_it_shows_the_last_sellers_price_with_the_groups_factor() -> None:
    plain, dearer = Rule(1, "m", {"input": 1_000_000, "output": 2_000_000}), Rule(2, "m", {"input": 3_000_000, "output": 6_000_000})
    assert price_sheet.of(price(plain, dearer, group=Group(1, 500_000))) == Sheet(1_500_000, 3_000_000, 0)


def test_what_is_priced_otherwise_is_named() -> None:
    tier = Tier(200_000, {"input": 6_000_000, "output": 22_500_000})
    rule = Rule(
        1, "m", {"input": 3_000_000, "output": 15_000_000, "cache_read": 300_000, "cache_write_5m": 3_750_000, "reasoning": 15_000_000},
        units={"searches": 10_000_000_000}, tiers=(tier,),
    )  # fmt: skip
    sheet = price_sheet.of(price(rule))
    # An hour's cache write costs what five minutes' does: it is not repeated.
    assert sheet.others == (("cache_read", 300_000), ("cache_write_5m", 3_750_000))
    assert sheet.pieces == (("searches", 10_000),)
    assert sheet.steps == ((200_000, 6_000_000, 22_500_000),)


def test_models_without_a_price_of_tokens_show_calls_and_pieces() -> None:
    rule = Rule(1, "m", per_call=20_000, units={"characters": 15_000_000, "image:*:hd": 80_000_000_000})
    assert price_sheet.of(price(rule)) == Sheet(None, None, 20_000, pieces=(("characters", 15_000_000), ("image:*:hd", 80_000)))
