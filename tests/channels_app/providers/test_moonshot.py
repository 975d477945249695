"""Moonshot: what it refuses is said its way, no money is told as 429, currencies by region."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from channels_app import asking, registry
from channels_app.contract import Usage
from channels_app.inquiry import Balance, Reply
from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import likeopenai
from tests.doubles.china.likeopenai import LikeOpenAI

TOOL = {"type": "function", "function": {"name": "f"}}
CALLED = {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}


@pytest.fixture
def vendor() -> Iterator[LikeOpenAI]:
    with LikeOpenAI(rules=likeopenai.moonshot_rules) as started:
        yield started


def ask(vendor: LikeOpenAI, model: str = "moonshot-v1-8k", **fields: Any) -> talk.Said:
    return talk.ask(talk.channel("moonshot", vendor.origin, likeopenai.KEY), model, **fields)


@pytest.mark.parametrize(
    ("model", "fields", "sent"),
    [
        ("moonshot-v1-8k", {"temperature": 1.7}, {"temperature": 1}),
        ("moonshot-v1-8k", {"temperature": 0}, {"temperature": 0}),
        ("moonshot-v1-8k", {"temperature": 0, "n": 2}, {"temperature": 0.3}),
        ("kimi-k2.5", {"temperature": 0.7}, {"temperature": None}),
        ("kimi-k2.5", {"temperature": 1}, {"temperature": 1}),
        ("moonshot-v1-8k", {"max_completion_tokens": 9}, {"max_completion_tokens": None, "max_tokens": 9}),
        ("moonshot-v1-8k", {"functions": [{"name": "f"}]}, {"functions": None, "tools": [TOOL]}),
    ],
)
def test_numbers_and_names_are_converted_not_rejected(vendor: LikeOpenAI, model: str, fields: dict[str, Any], sent: dict[str, Any]) -> None:
    assert talk.is_greeting(ask(vendor, model, **fields))
    assert {name: vendor.requests[-1].fields.get(name) for name in sent} == sent


def test_a_required_tool_becomes_a_request_of_the_user(vendor: LikeOpenAI) -> None:
    assert ask(vendor, tools=[TOOL], tool_choice="required").failure is None
    sent = vendor.requests[-1].fields
    assert ("tool_choice" in sent, sent["messages"][-1]) == (False, {"role": "user", "content": "Call one of the tools now."})


def test_parts_of_text_alone_become_one_text_and_pictures_stay(vendor: LikeOpenAI) -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    picture = [*parts, {"type": "image_url", "image_url": {"url": "u"}}]
    assert ask(vendor, messages=[{"role": "user", "content": parts}, {"role": "user", "content": picture}]).failure is None
    assert [message["content"] for message in vendor.requests[-1].fields["messages"]] == ["a\nb", picture]


def test_reasoning_models_see_some_reasoning_beside_calls_of_tools(vendor: LikeOpenAI) -> None:
    messages = [{"role": "user", "content": "a"}, CALLED, {"role": "tool", "tool_call_id": "1", "content": "x"}]
    assert ask(vendor, "kimi-k2.5", messages=messages).failure is None
    assert vendor.requests[-1].fields["messages"][1]["reasoning_content"] == " "
    assert ask(vendor, messages=messages).failure is None
    assert "reasoning_content" not in vendor.requests[-1].fields["messages"][1]


@pytest.mark.parametrize(
    ("status", "error_type", "message", "kind"),
    [
        (429, "exceeded_current_quota_error", "check your plan", "no_quota"),
        (429, "engine_overloaded_error", "busy", "rate_limited"),
        (429, "rate_limit_reached_error", "slow", "rate_limited"),
        (403, "permission", "Your account is suspended due to insufficient balance", "no_quota"),
        (401, "invalid_authentication_error", "no", "bad_key"),
        (400, "content_filter", "high risk", "content_filter"),
        (400, "invalid_request_error", "no", "bad_request"),
    ],
)
def test_a_429_is_not_always_a_rate_limit(vendor: LikeOpenAI, status: int, error_type: str, message: str, kind: str) -> None:
    vendor.script(replies.answer({"error": {"type": error_type, "message": message}}, status=status))
    assert ask(vendor).kind == kind


def test_cached_tokens_are_counted_apart_wherever_the_usage_stands(vendor: LikeOpenAI) -> None:
    usage = {**replies.USAGE, "cached_tokens": 6}
    last = {"index": 0, "delta": {}, "finish_reason": "stop", "usage": usage}
    chunk = replies.chunk({})
    vendor.script(replies.raw_stream(*replies.words(), replies.event({**chunk, "choices": [last]}), replies.DONE))
    assert ask(vendor, stream=True).usage == Usage(input=6, cache_read=6, output=4)


def test_the_balance_is_in_the_regions_currency() -> None:
    page = {"code": 0, "data": {"available_balance": -0.5, "voucher_balance": 0, "cash_balance": -0.5}, "scode": "0x0", "status": True}
    with LikeOpenAI(pages={"/v1/users/me/balance": page}) as vendor:
        facts = talk.channel("moonshot", vendor.origin, likeopenai.KEY)
        assert asking.balance(facts, facts.keys[0], today=date(2026, 11, 26)) == Balance(Decimal("-0.5"), "CNY")


def test_abroad_money_is_dollars() -> None:
    facts = talk.channel("moonshot", "https://api.moonshot.ai/v1", likeopenai.KEY)
    steps = registry.provider("moonshot").balance(facts, facts.keys[0], today=date(2026, 11, 26))  # type: ignore[attr-defined]  # told by structure
    assert next(steps).url == "https://api.moonshot.ai/v1/users/me/balance"
    with pytest.raises(StopIteration) as stop:
        steps.send(Reply(200, b'{"data":{"available_balance":49.58894}}'))
    assert stop.value.value == Balance(Decimal("49.58894"), "USD")
