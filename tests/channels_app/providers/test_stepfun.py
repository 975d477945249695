"""StepFun: 451 is refused content, 402 an empty account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from channels_app import asking
from channels_app.inquiry import Balance, NoAnswer
from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import likeopenai
from tests.doubles.china.likeopenai import LikeOpenAI

TODAY = date(2026, 11, 26)


@pytest.fixture
def vendor() -> Iterator[LikeOpenAI]:
    with LikeOpenAI() as started:
        yield started


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "bad_request"),
        (401, "bad_key"),
        (402, "no_quota"),
        (404, "not_found"),
        (429, "rate_limited"),
        (451, "content_filter"),
        (504, "upstream"),
    ],
)
def test_statuses_of_its_table(vendor: LikeOpenAI, status: int, kind: str) -> None:
    vendor.script(replies.answer({"error": {"message": "no", "type": "any"}}, status=status))
    assert talk.ask(talk.channel("stepfun", vendor.origin, likeopenai.KEY), "step-2-16k").kind == kind


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through(vendor: LikeOpenAI, stream: bool) -> None:
    assert talk.is_greeting(talk.ask(talk.channel("stepfun", vendor.origin, likeopenai.KEY), "step-2-16k", stream=stream))


def test_the_balance_is_strict() -> None:
    with LikeOpenAI(pages={"/v1/accounts": {"object": "account", "balance": "7.50"}}) as vendor:
        facts = talk.channel("stepfun", vendor.origin, likeopenai.KEY)
        assert asking.balance(facts, facts.keys[0], today=TODAY) == Balance(Decimal("7.50"), "CNY")
    with LikeOpenAI(pages={"/v1/accounts": {}}) as vendor:
        facts = talk.channel("stepfun", vendor.origin, likeopenai.KEY)
        with pytest.raises(NoAnswer):
            asking.balance(facts, facts.keys[0], today=TODAY)
