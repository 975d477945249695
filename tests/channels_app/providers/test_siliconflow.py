"""SiliconFlow: errors of two shapes, a 403 that may be money, an account that tells too much."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from channels_app import asking, bridge
from channels_app.contract import UpstreamAnswer, UpstreamHead
from channels_app.inquiry import Balance, NoAnswer
from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import likeopenai
from tests.doubles.china.likeopenai import LikeOpenAI

TODAY = date(2026, 11, 26)
ACCOUNT = {"balance": "0.88", "chargeBalance": "88.00", "totalBalance": "88.88", "status": "normal", "email": "who@x.test"}


@pytest.fixture
def vendor() -> Iterator[LikeOpenAI]:
    with LikeOpenAI() as started:
        yield started


def ask(vendor: LikeOpenAI, **fields: Any) -> talk.Said:
    return talk.ask(talk.channel("siliconflow", vendor.origin, likeopenai.KEY), "deepseek-ai/DeepSeek-V3", **fields)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through(vendor: LikeOpenAI, stream: bool) -> None:
    assert talk.is_greeting(ask(vendor, stream=stream))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'"Invalid token"', "bad_key"),
        (403, b'{"code":30001,"message":"Sorry, your account balance is insufficient","data":null}', "no_quota"),
        (403, b'{"code":30003,"message":"real-name verification is required","data":null}', "bad_key"),
        (400, b'{"code":20012,"message":"Model does not exist. Please check it carefully.","data":null}', "not_found"),
        (429, b'{"message":"Request was rejected due to rate limiting.","data":null}', "rate_limited"),
        (503, b'{"code":50505,"message":"Model service overloaded.","data":null}', "upstream"),
    ],
)
def test_bodies_of_any_shape_are_read(vendor: LikeOpenAI, status: int, body: bytes, kind: str) -> None:
    vendor.script(replies.answer(body, status=status))
    assert ask(vendor).kind == kind


def test_the_balance_is_the_total_and_the_rest_of_the_page_is_not_kept() -> None:
    page = {"code": 20000, "message": "OK", "status": True, "data": ACCOUNT}
    with LikeOpenAI(pages={"/v1/user/info": page}) as vendor:
        facts = talk.channel("siliconflow", vendor.origin, likeopenai.KEY)
        assert asking.balance(facts, facts.keys[0], today=TODAY) == Balance(Decimal("88.88"), "CNY")


def test_another_code_tells_nothing() -> None:
    with LikeOpenAI(pages={"/v1/user/info": {"code": 50000, "data": ACCOUNT}}) as vendor:
        facts = talk.channel("siliconflow", vendor.origin, likeopenai.KEY)
        with pytest.raises(NoAnswer) as error:
            asking.balance(facts, facts.keys[0], today=TODAY)
        assert "who@x.test" not in str(error.value)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"images":[{"url":"u"}],"data":[{"url":"u"}]}', 1),
        (b'{"images":[{"url":"u"},{"url":"v"}],"seed":7}', 2),
        (b'{"images":[],"seed":7}', "upstream sent no result"),
        (b"[]", "upstream's answer is no JSON object"),
        (b'{"images', "upstream's answer is no JSON"),
    ],
)
def test_pictures_are_counted_once_under_either_name(body: bytes, told: int | str) -> None:
    facts = talk.channel("siliconflow", "https://x.test", likeopenai.KEY)
    call = talk.call({"model": "m", "prompt": "a cat"}, operation="images")
    answer = bridge.read(call, facts, UpstreamAnswer(UpstreamHead(200, {}), body), request_id="r", created=1)
    assert (answer.delivered if answer.failure is None else answer.failure.message) == told
