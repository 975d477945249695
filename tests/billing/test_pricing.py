"""Prices worked out by hand: buckets, chains, rounding, patterns."""

from __future__ import annotations

import pytest

from billing.pricing import DEFAULT_HOLD_CEILING, Level, ModelPrice, PriceList, Rule

SINK, MARGIN, SUB_MARGIN = 11, 22, 33
FULL = Rule(
    id=1,
    pattern="full",
    prices={
        "input": 3_000_000, "cache_read": 300_000, "cache_write_5m": 3_750_000, "cache_write_1h": 6_000_000, "audio_input": 40_000_000,
        "image_input": 5_000_000, "output": 15_000_000, "reasoning": 16_000_000, "audio_output": 80_000_000, "image_output": 30_000_000,
    },
)  # fmt: skip


def platform(*rules: Rule) -> Level:
    return Level(tenant_id=1, account_id=SINK, rules=rules)


def price(*levels: Level, model: str = "m") -> ModelPrice:
    found = PriceList(levels).resolve(model)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("bucket", "micros"),
    [
        ("input", 3_000),  # 1,000 tokens × $3 ÷ 1M = $0.003
        ("cache_read", 300),  # 1,000 × $0.30 ÷ 1M = $0.0003
        ("cache_write_5m", 3_750),  # 1,000 × $3.75 ÷ 1M
        ("cache_write_1h", 6_000),  # 1,000 × $6 ÷ 1M
        ("audio_input", 40_000),  # 1,000 × $40 ÷ 1M
        ("image_input", 5_000),  # 1,000 × $5 ÷ 1M
        ("output", 15_000),  # 1,000 × $15 ÷ 1M
        ("reasoning", 16_000),  # 1,000 × $16 ÷ 1M
        ("audio_output", 80_000),  # 1,000 × $80 ÷ 1M
        ("image_output", 30_000),  # 1,000 × $30 ÷ 1M
    ],
)
def test_each_bucket_has_its_price(bucket: str, micros: int) -> None:
    charge = price(platform(FULL), model="full").charge_for({bucket: 1_000})
    assert charge.price_micros == micros
    assert charge.numerator == micros * 1_000_000
    assert charge.splits == ((SINK, micros),)


def test_a_price_per_call_counts_each_call() -> None:
    sold = price(platform(Rule(1, "m", per_call=2_500)))
    assert sold.charge().price_micros == 2_500
    assert sold.charge(calls=3, input=99_999).price_micros == 7_500
    assert sold.upper_bound(input_tokens=1, output_tokens=1) == 2_500


def test_an_open_bucket_costs_what_its_base_costs() -> None:
    sold = price(platform(Rule(1, "m", {"input": 2_000_000, "output": 8_000_000})))
    # 10 × 2 + 10 × 2 + 10 × 2 + 10 × 2 + 10 × 8 + 10 × 8 = 240 µ$
    charge = sold.charge(input=10, cache_read=10, cache_write_1h=10, audio_input=10, output=10, reasoning=10)
    assert charge.price_micros == 240


def test_fractions_are_added_first_and_rounded_up_once() -> None:
    # 3 × 0.15 + 1 × 0.6 = 1.05 µ$ → 2; rounded bucket by bucket it would be 1 + 1 = 2, with three buckets 3.
    sold = price(platform(Rule(1, "m", {"input": 150_000, "cache_read": 75_000, "output": 600_000})))
    assert sold.charge(input=3, output=1).price_micros == 2
    # 1 × 0.15 + 1 × 0.075 + 1 × 0.6 = 0.825 µ$ → 1
    charge = sold.charge(input=1, cache_read=1, output=1)
    assert (charge.price_micros, charge.numerator) == (1, 825_000)


def test_nothing_used_costs_nothing() -> None:
    charge = price(platform(FULL), model="full").charge()
    assert (charge.price_micros, charge.numerator, charge.splits) == (0, 0, ())


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 0"):
        price(platform(FULL), model="full").charge(input=-1)


def test_a_reseller_earns_the_difference() -> None:
    shop = Level(2, MARGIN, [Rule(2, "m", {"input": 1_500_000})])
    charge = price(platform(Rule(1, "m", {"input": 1_200_000})), shop).charge(input=1_000)
    assert charge.price_micros == 1_500
    assert charge.splits == ((SINK, 1_200), (MARGIN, 300))
    assert charge.book == "1:1 2:2"


def test_three_levels_split_one_price_without_rounding_twice() -> None:
    chain = (
        platform(Rule(1, "m", {"input": 1_000_001, "output": 3_333_333})),
        Level(2, MARGIN, [Rule(2, "m", {"input": 1_100_001, "output": 3_666_667})]),
        Level(3, SUB_MARGIN, [Rule(3, "m", {"input": 1_500_003, "output": 4_000_001})]),
    )
    charge = price(*chain).charge(input=7, output=5)
    # platform:  7 × 1,000,001 + 5 × 3,333,333 = 23,666,672 → 24
    # reseller:  7 × 1,100,001 + 5 × 3,666,667 = 26,033,342 → 27, its part 27 − 24 = 3
    # customer:  7 × 1,500,003 + 5 × 4,000,001 = 30,500,026 → 31, the last part 31 − 27 = 4
    assert charge.numerator == 30_500_026
    assert charge.price_micros == 31
    assert charge.splits == ((SINK, 24), (MARGIN, 3), (SUB_MARGIN, 4))


def test_parts_of_zero_are_left_out() -> None:
    chain = (platform(Rule(1, "m", {"input": 1_000_000})), Level(2, MARGIN, []), Level(3, SUB_MARGIN, [Rule(3, "m", {"input": 2_000_000})]))
    assert price(*chain).charge(input=10).splits == ((SINK, 10), (SUB_MARGIN, 10))


def test_a_price_below_the_level_above_is_lifted_to_it() -> None:
    shop = Level(2, MARGIN, [Rule(2, "m", {"input": 900_000, "output": 9_000_000}, per_call=1)])
    sold = price(platform(Rule(1, "m", {"input": 1_000_000, "output": 8_000_000}, per_call=5)), shop)
    # 10 × max(0.9, 1) + 10 × max(9, 8) + max(1, 5) = 10 + 90 + 5; the platform gets 10 + 80 + 5
    charge = sold.charge(input=10, output=10)
    assert charge.price_micros == 105
    assert charge.splits == ((SINK, 95), (MARGIN, 10))


def test_a_bucket_a_reseller_leaves_open_gets_the_mark_up_of_its_base() -> None:
    shop = Level(2, MARGIN, [Rule(2, "full", {"input": 4_500_000, "output": 18_000_000})])
    sold = price(platform(FULL), shop, model="full")
    # input × 1.5: cache read 0.30 → 0.45, one hour 6 → 9; output × 1.2: reasoning 16 → 19.2
    assert sold.prices["cache_read"] == 450_000
    assert sold.prices["cache_write_1h"] == 9_000_000
    assert sold.prices["reasoning"] == 19_200_000


def test_an_unknown_model_has_no_price_even_if_a_reseller_lists_it() -> None:
    shop = Level(2, MARGIN, [Rule(2, "*", {"input": 9_000_000})])
    assert PriceList([platform(Rule(1, "known", {"input": 1}))]).resolve("unknown") is None
    assert PriceList([platform(Rule(1, "known", {"input": 1})), shop]).resolve("unknown") is None
    assert PriceList([]).resolve("known") is None


@pytest.mark.parametrize(
    ("model", "rule"),
    [("gpt-4o", 4), ("gpt-4o-mini", 3), ("gpt-4-turbo", 2), ("o3", 1), ("gpt-4o-mini-x", 3), ("GPT-4o", 1)],
)
def test_the_most_specific_pattern_wins(model: str, rule: int) -> None:
    level = platform(*(Rule(n, p, {"input": n}) for n, p in ((1, "*"), (2, "gpt-*"), (3, "gpt-4o-*"), (4, "gpt-4o"))))
    assert price(level, model=model).book == f"1:{rule}"


def test_an_alias_takes_the_prices_of_the_other_model() -> None:
    level = platform(Rule(1, "gpt-4o", {"input": 2_500_000}), Rule(2, "gpt-4o-2024-*", priced_as="gpt-4o"))
    assert price(level, model="gpt-4o-2024-08-06").charge(input=10).price_micros == 25


def test_aliases_in_a_circle_have_no_price() -> None:
    level = platform(Rule(1, "a", priced_as="b"), Rule(2, "b", priced_as="a"))
    assert PriceList([level]).resolve("a") is None


def test_a_resellers_alias_cannot_undercut_the_platform() -> None:
    chain = (
        platform(Rule(1, "dear", {"input": 9_000_000}), Rule(2, "cheap", {"input": 1_000_000})),
        Level(2, MARGIN, [Rule(3, "dear", priced_as="cheap"), Rule(4, "cheap", {"input": 2_000_000})]),
    )
    assert price(*chain, model="dear").charge(input=1).price_micros == 9


def test_the_upper_bound_takes_the_dearest_text_buckets() -> None:
    sold = price(platform(FULL), model="full")
    # 100 × 6 (cache write, 1 h) + 10 × 16 (reasoning)
    assert sold.upper_bound(input_tokens=100, output_tokens=10) == 760
    assert sold.output_price == 16_000_000


def test_the_hold_ceiling_comes_from_the_last_level_that_names_one() -> None:
    base = platform(Rule(1, "m", {"input": 1}, hold_ceiling=1_000))
    assert price(base).hold_ceiling == 1_000
    assert price(base, Level(2, MARGIN, [])).hold_ceiling == 1_000
    assert price(base, Level(2, MARGIN, [Rule(2, "m", hold_ceiling=2_000)])).hold_ceiling == 2_000
    assert price(platform(Rule(1, "m", {"input": 1}))).hold_ceiling == DEFAULT_HOLD_CEILING
