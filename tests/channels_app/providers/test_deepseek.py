"""DeepSeek: cache hits, keep-alives, what may be replayed, money in two currencies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest

from channels_app import asking
from channels_app.contract import Usage
from channels_app.inquiry import Balance, NoAnswer
from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import likeopenai
from tests.doubles.china.likeopenai import LikeOpenAI

CACHED = {**replies.USAGE, "prompt_cache_hit_tokens": 8, "prompt_cache_miss_tokens": 4}


@pytest.fixture
def vendor() -> Iterator[LikeOpenAI]:
    with LikeOpenAI(rules=likeopenai.deepseek_rules) as started:
        yield started


def ask(vendor: LikeOpenAI, model: str = "deepseek-chat", **fields: Any) -> talk.Said:
    return talk.ask(talk.channel("deepseek", vendor.origin, likeopenai.KEY), model, **fields)


@pytest.mark.parametrize("stream", [False, True])
def test_hits_of_the_cache_are_counted_apart(vendor: LikeOpenAI, stream: bool) -> None:
    vendor.script(replies.stream(usage=CACHED) if stream else replies.answer(replies.completion(usage=CACHED)))
    assert ask(vendor, stream=stream).usage == Usage(input=4, cache_read=8, output=4)


def test_keep_alives_before_an_answer_and_inside_a_stream_are_no_content(vendor: LikeOpenAI) -> None:
    vendor.script(replies.answer(b"\n\n\n" + orjson.dumps(replies.completion())))
    assert talk.is_greeting(ask(vendor))
    keep = b": keep-alive\n\n"
    vendor.script(
        replies.raw_stream(
            keep, *replies.words(), keep, replies.event(replies.chunk({}, "stop")), replies.event(replies.usage_chunk()), replies.DONE
        )
    )
    assert talk.is_greeting(ask(vendor, stream=True))


def test_what_the_client_replays_of_the_reasoning_passes_as_it_is(vendor: LikeOpenAI) -> None:
    said = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "reasoning_content": "hm"},
        {"role": "user", "content": "c"},
    ]
    assert ask(vendor, "deepseek-v4-pro", messages=said).failure is None
    assert vendor.requests[-1].fields["messages"] == said


def test_tools_that_are_no_functions_stay_at_home(vendor: LikeOpenAI) -> None:
    function = {"type": "function", "function": {"name": "f"}}
    assert ask(vendor, tools=[function, {"type": "custom", "custom": {"name": "g"}}]).failure is None
    assert vendor.requests[-1].fields["tools"] == [function]
    assert ask(vendor, tools=[{"type": "custom"}]).failure is None
    assert "tools" not in vendor.requests[-1].fields


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "bad_request"),
        (401, "bad_key"),
        (402, "no_quota"),
        (422, "bad_request"),
        (429, "rate_limited"),
        (500, "upstream"),
        (503, "upstream"),
    ],
)
def test_statuses_of_its_table(vendor: LikeOpenAI, status: int, kind: str) -> None:
    told = {"error": {"message": "no", "type": "unknown_error", "param": None, "code": "invalid_request_error"}}
    vendor.script(replies.answer(told, status=status))
    assert ask(vendor).kind == kind


def test_too_few_resources_are_the_vendors_failure(vendor: LikeOpenAI) -> None:
    vendor.script(replies.stream(finish="insufficient_system_resource"))
    assert ask(vendor, stream=True).kind == "upstream"


def balance(*rows: tuple[str, str], is_available: bool = True) -> Balance:
    infos = [
        {"currency": currency, "total_balance": amount, "granted_balance": "0.00", "topped_up_balance": amount} for currency, amount in rows
    ]
    with LikeOpenAI(pages={"/user/balance": {"is_available": is_available, "balance_infos": infos}}) as vendor:
        facts = talk.channel("deepseek", vendor.origin, likeopenai.KEY)
        return asking.balance(facts, facts.keys[0], today=date(2026, 11, 26))


def test_amounts_are_texts_with_their_own_currency() -> None:
    assert balance(("CNY", "110.00")) == Balance(Decimal("110.00"), "CNY")
    assert balance(("USD", "3.10")) == Balance(Decimal("3.10"), "USD")


def test_currencies_are_never_added_and_the_one_with_money_counts() -> None:
    assert balance(("CNY", "0.00"), ("USD", "3.10")) == Balance(Decimal("3.10"), "USD")
    assert balance(("CNY", "1.00"), ("USD", "3.10")) == Balance(Decimal("1.00"), "CNY")


def test_money_that_may_not_be_spent_counts_as_none() -> None:
    assert balance(("CNY", "5.00"), is_available=False) == Balance(Decimal(0), "CNY")
    assert balance(("CNY", "-0.50"), is_available=False) == Balance(Decimal("-0.50"), "CNY")


def test_an_account_without_a_currency_tells_nothing() -> None:
    with pytest.raises(NoAnswer):
        balance()
