"""From usage to money."""

from __future__ import annotations

import orjson
import pytest

from billing.pricing import Level, ModelPrice, PriceList, Rule
from channels_app.contract import Call, Usage
from gateway import intake, metering


@pytest.fixture
def price() -> ModelPrice:
    rules = [Rule(id=1, pattern="m", prices={"input": 2_500_000, "output": 10_000_000}, hold_ceiling=100)]
    found = PriceList([Level(tenant_id=1, account_id=1, rules=rules)]).resolve("m")
    assert found is not None
    return found


def call(*, is_stream: bool = False, **fields: object) -> Call:
    body = orjson.dumps({"model": "m", "messages": [], **fields})
    return Call("chat", "openai", "m", body, orjson.loads(body), is_stream=is_stream)


def test_what_upstream_reports_counts_even_when_it_is_zero() -> None:
    """Gotcha 34: zero was said, missing was not."""
    assert metering.measured(call(), reported=Usage(), delivered=500) == Usage()


def test_without_a_report_bytes_are_counted_in_the_customers_favour() -> None:
    asked = call()

    usage = metering.measured(asked, reported=None, delivered=10)

    assert (usage.input, usage.output, usage.source) == (-(-len(asked.body) // 4), 3, "estimated")


def test_empty_buckets_are_left_out() -> None:
    assert metering.buckets(Usage(input=3, reasoning=2)) == {"input": 3, "reasoning": 2}


@pytest.mark.parametrize(
    ("is_stream", "limit", "expected"), [(False, None, 100), (False, 5_000, 5_000), (True, 5_000, 100), (True, 50, 50), (True, None, 100)]
)
def test_a_stream_reserves_at_most_the_ceiling_and_other_calls_all(
    price: ModelPrice, is_stream: bool, limit: int | None, expected: int
) -> None:
    asked = call(is_stream=is_stream, **({"max_tokens": limit} if limit else {}))

    assert metering.expected_output(price, asked, limit=intake.output_limit(asked)) == expected


def test_the_bound_counts_every_choice(price: ModelPrice) -> None:
    one, three = (metering.bound(price, call(n=n), output_tokens=100) for n in (1, 3))

    assert three - one == 2_000


def test_what_is_affordable_is_exact(price: ModelPrice) -> None:
    asked = call()
    money = metering.bound(price, asked, output_tokens=77)

    assert metering.affordable_output(price, asked, money=money, wanted=1_000) == 77
    assert metering.affordable_output(price, asked, money=money - 1, wanted=1_000) == 76
    assert metering.affordable_output(price, asked, money=money, wanted=50) == 50
    assert metering.affordable_output(price, asked, money=10, wanted=50) == 0


def test_units_are_charged_beside_the_buckets() -> None:
    usage = Usage(input=100, cache_read=10, output=5, units=(("tool:web_search", 2),))
    counted = metering.buckets(usage)
    assert counted == {"input": 100, "cache_read": 10, "output": 5, "tool:web_search": 2}
    rule = Rule(1, "m", {"input": 2_000_000, "cache_read": 200_000, "output": 8_000_000}, units={"tool:*": 10_000_000_000})
    sold = PriceList([Level(tenant_id=1, account_id=1, rules=[rule])]).resolve("m")
    assert sold is not None
    # 100 × 2 + 10 × 0.2 + 5 × 8 + 2 × 10,000 = 200 + 2 + 40 + 20,000
    assert sold.charge_for(counted).price_micros == 20_242
