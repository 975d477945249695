"""Units, context tiers and customer groups, each number worked out by hand."""

from __future__ import annotations

import pytest

from billing.pricing import Group, Level, ModelPrice, PriceList, Rule, Tier, Unpriced

SINK, MARGIN, SUB_MARGIN = 11, 22, 33
MILLION = 1_000_000
UNITS = Rule(
    1,
    "m",
    {"input": 2_000_000, "output": 8_000_000},
    units={
        "seconds": 100 * MILLION,  # $0.006 a minute is 100 µ$ a second
        "characters": 15 * MILLION,  # $15 a million characters
        "image:1024x1024:standard": 40_000 * MILLION,  # $0.04 a picture
        "image:1024x1024:hd": 80_000 * MILLION,  # $0.08
        "image:*:hd": 120_000 * MILLION,  # $0.12 for any other size in high quality
        "tool:web_search": 10_000 * MILLION,  # $10 a thousand
        "tool:file_search": 2_500 * MILLION,  # $2.50 a thousand
    },
)
LONG = Rule(
    2,
    "long",
    {"input": 3_000_000, "cache_read": 300_000, "output": 15_000_000},
    tiers=(Tier(200_000, {"input": 6_000_000, "output": 22_500_000}), Tier(500_000, {"output": 30_000_000})),
)


def price(*levels: Level, model: str = "m", group: str = "default", groups: dict[str, Group] | None = None) -> ModelPrice:
    found = PriceList(levels, groups).resolve(model, group=group)
    assert found is not None
    return found


def platform(*rules: Rule) -> Level:
    return Level(1, SINK, rules)


@pytest.mark.parametrize(
    ("counts", "micros"),
    [
        ({"seconds": 61}, 6_100),  # 61 × 100 µ$
        ({"characters": 1_001}, 15_015),  # 1,001 × 15 µ$
        ({"image:1024x1024:standard": 3}, 120_000),  # 3 × $0.04
        ({"image:1024x1024:hd": 1}, 80_000),  # its own price, not the pattern's
        ({"image:1792x1024:hd": 2}, 240_000),  # 2 × $0.12 by the pattern
        ({"tool:web_search": 5}, 50_000),  # 5 × $0.01
        ({"tool:file_search": 4}, 10_000),  # 4 × $0.0025
        ({"input": 1_000, "output": 100, "tool:web_search": 1}, 12_800),  # 1,000 × 2 + 100 × 8 + 10,000 = 2,000 + 800 + 10,000
    ],
)
def test_each_unit_has_its_price(counts: dict[str, int], micros: int) -> None:
    charge = price(platform(UNITS)).charge_for(counts)
    assert (charge.price_micros, charge.numerator, charge.unpriced) == (micros, micros * MILLION, ())


def test_a_unit_nobody_priced_is_named() -> None:
    charge = price(platform(UNITS)).charge_for({"input": 1, "image:512x512:low": 2})
    assert (charge.price_micros, charge.unpriced) == (2, ("image:512x512:low",))


def test_a_call_that_would_use_an_unpriced_unit_is_refused() -> None:
    with pytest.raises(Unpriced, match="image:512x512:low"):
        price(platform(UNITS)).upper_bound(input_tokens=1, output_tokens=0, units={"image:512x512:low": 1})


def test_text_that_nobody_priced_is_refused_or_named() -> None:
    sold = price(platform(Rule(1, "m", {"input": 2_000_000})))
    # an embedding writes nothing: 10 × 2
    assert sold.upper_bound(input_tokens=10, output_tokens=0) == 20
    with pytest.raises(Unpriced, match="output"):
        sold.upper_bound(input_tokens=10, output_tokens=1)
    charge = sold.charge(input=10, cache_read=1, output=5, reasoning=3)
    # 10 × 2 + 1 × 2: cache reads follow the input, reasoning follows an output that has no price
    assert (charge.price_micros, charge.unpriced) == (22, ("output", "reasoning"))


@pytest.mark.parametrize(
    "rule",
    [Rule(1, "m", per_call=100), Rule(1, "m", {"input": 0, "output": 0}), Rule(1, "m", units={"seconds": MILLION})],
    ids=["by the call", "free by intent", "by the second"],
)
def test_tokens_need_no_price_where_the_call_has_one(rule: Rule) -> None:
    assert price(platform(rule)).charge(input=10, output=10, audio_output=5).unpriced == ()


def test_a_resellers_own_unit_price_is_never_below_the_platforms() -> None:
    shop = Level(2, MARGIN, [Rule(3, "m", units={"tool:web_search": 15_000 * MILLION, "seconds": 90 * MILLION, "tool:new": 1})])
    sold = price(platform(UNITS), shop)
    # $0.015 − $0.01 stays with the shop
    assert sold.charge_for({"tool:web_search": 1}).splits == ((SINK, 10_000), (MARGIN, 5_000))
    # typed at 90, lifted to the wholesale price of 100 µ$ a second
    assert sold.charge_for({"seconds": 10}).splits == ((SINK, 1_000),)
    # a unit of which only the reseller knows a price is not sold
    assert sold.charge_for({"tool:new": 10}).unpriced == ("tool:new",)


def test_the_upper_bound_takes_units_in() -> None:
    # 100 × 2 + 10 × 8 + 2 × 10,000
    assert price(platform(UNITS)).upper_bound(input_tokens=100, output_tokens=10, units={"tool:web_search": 2}) == 20_280


@pytest.mark.parametrize(
    ("counts", "micros"),
    [
        # 200,000 × 3 + 10 × 15: the tier begins above its number
        ({"input": 200_000, "output": 10}, 600_150),
        # 200,001 × 6 + 10 × 22.5
        ({"input": 200_001, "output": 10}, 1_200_231),
        # context 200,001: 100,000 × 6 + 100,001 × 0.6 (cache read doubles as input does) + 1 × 22.5 = 600,000 + 60,000.6 + 22.5
        ({"input": 100_000, "cache_read": 100_001, "output": 1}, 660_024),
        # output does not make a context long: 10 × 3 + 300,000 × 15
        ({"input": 10, "output": 300_000}, 4_500_030),
        # the second tier names output alone, input stays that of the first: 500,001 × 6 + 1 × 30
        ({"input": 500_001, "output": 1}, 3_000_036),
        # reasoning follows output into the tier: 200,001 × 6 + 2 × 22.5
        ({"input": 200_001, "reasoning": 2}, 1_200_051),
    ],
)
def test_a_long_context_has_its_own_prices(counts: dict[str, int], micros: int) -> None:
    assert price(platform(LONG), model="long").charge_for(counts).price_micros == micros


def test_a_reseller_without_tiers_keeps_its_mark_up_in_the_platforms() -> None:
    # A third more: $4 to $3, $20 to $15.
    shop = Level(2, MARGIN, [Rule(3, "long", {"input": 4_000_000, "output": 20_000_000})])
    charge = price(platform(LONG), shop, model="long").charge(input=300_000, output=1_000)
    # wholesale 300,000 × 6 + 1,000 × 22.5 = 1,822,500; retail 300,000 × 8 + 1,000 × 30 = 2,430,000
    assert charge.splits == ((SINK, 1_822_500), (MARGIN, 607_500))


def test_a_resellers_tier_is_lifted_to_the_platforms() -> None:
    shop = Level(2, MARGIN, [Rule(3, "long", {"input": 4_000_000, "output": 20_000_000}, tiers=(Tier(200_000, {"input": 5_000_000}),))])
    # typed 5, wholesale 6: 300,000 × 6, nothing left for the shop
    assert price(platform(LONG), shop, model="long").charge(input=300_000).splits == ((SINK, 1_800_000),)


def test_the_upper_bound_takes_the_dearest_tier_within_reach() -> None:
    sold = price(platform(LONG), model="long")
    assert sold.upper_bound(input_tokens=1_000, output_tokens=1_000) == 18_000  # 1,000 × 3 + 1,000 × 15
    assert sold.upper_bound(input_tokens=250_000, output_tokens=1_000) == 1_522_500  # 250,000 × 6 + 1,000 × 22.5
    assert sold.output_price == 30_000_000


def test_a_group_pays_its_part_of_its_sellers_price() -> None:
    groups = {"vip": Group(7, 900_000), "surcharge": Group(8, 1_250_000)}
    wholesale = platform(Rule(1, "m", {"input": 1_000_000, "output": 4_000_000}, per_call=100))
    shop = Level(2, MARGIN, [Rule(2, "m", {"input": 2_000_000, "output": 4_400_000}, per_call=200)])
    plain = price(wholesale, shop, groups=groups).charge(input=1_000, output=1_000)
    # 2,000 + 4,400 + 200; wholesale 1,000 + 4,000 + 100
    assert (plain.splits, plain.book) == (((SINK, 5_100), (MARGIN, 1_500)), "1:1 2:2")
    vip = price(wholesale, shop, group="vip", groups=groups).charge(input=1_000, output=1_000)
    # 2.0 × 0.9 = 1.8; 4.4 × 0.9 = 3.96, lifted to 4.0; 200 × 0.9 = 180: 1,800 + 4,000 + 180
    assert (vip.splits, vip.book) == (((SINK, 5_100), (MARGIN, 880)), "1:1 2:2 g7")
    dear = price(wholesale, shop, group="surcharge", groups=groups).charge(input=1_000, output=1_000)
    # 2.5 × 1,000 + 5.5 × 1,000 + 250
    assert dear.price_micros == 8_250


def test_a_group_counts_for_units_and_tiers_too() -> None:
    groups = {"half": Group(7, 500_000)}
    # 3 × 10,000 ÷ 2
    assert price(platform(UNITS), group="half", groups=groups).charge_for({"tool:web_search": 3}).price_micros == 15_000
    # 300,000 × 6 ÷ 2
    assert price(platform(LONG), model="long", group="half", groups=groups).charge(input=300_000).price_micros == 900_000


def test_a_group_without_a_rate_pays_the_plain_price() -> None:
    sold = price(platform(UNITS), group="unheard", groups={"vip": Group(7, 1)})
    assert sold.charge(input=1_000).price_micros == 2_000


def test_only_the_last_levels_groups_count() -> None:
    chain = (
        platform(Rule(1, "m", {"input": 1_000_000})),
        Level(2, MARGIN, [Rule(2, "m", {"input": 2_000_000})]),
        Level(3, SUB_MARGIN, [Rule(3, "m", {"input": 4_000_000})]),
    )
    # 4.0 × 0.75 = 3.0: the customer's own seller gives, nobody else
    charge = price(*chain, group="vip", groups={"vip": Group(9, 750_000)}).charge(input=1_000)
    assert charge.splits == ((SINK, 1_000), (MARGIN, 1_000), (SUB_MARGIN, 1_000))
