"""What a vendor's file can put right is asked once more of the same channel, and billed once."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import orjson
import pytest
import redis
from django.conf import settings

from channels_app import channels
from tests import bootstrap
from tests.doubles import replies
from tests.doubles.china import baidu, likeopenai
from tests.doubles.china.baidu import Baidu
from tests.doubles.china.likeopenai import LikeOpenAI
from tests.gateway.conftest import HELLO, PRICE, Caller, lines
from tests.gateway.live import LiveRelay

pytestmark = pytest.mark.usefixtures("channel")


@pytest.fixture(autouse=True)
def no_tokens() -> Generator[None, None, None]:
    if bootstrap.IS_REDIS_PAUSED:  # it keeps none
        yield
        return
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete(*client.scan_iter("token:*"), "token:none")
    yield
    client.close()


def serve(provider: str, base_url: str, key: str, model: str) -> None:
    """Let a vendor answer for `m`, before all others."""
    channels.add(name=provider, provider=provider, base_url=base_url, key=key, models={"m": model}, priority=9, allow_private=True)


def ask(relay: LiveRelay, caller: Caller, **fields: Any) -> str:
    answer = relay.http.post("/v1/chat/completions", json=HELLO | fields, headers=caller.headers)
    assert answer.status_code == 200, answer.text
    if not fields.get("stream"):
        return str(answer.json()["choices"][0]["message"]["content"])
    events = [orjson.loads(line[6:]) for line in answer.text.split("\n") if line.startswith("data: {")]
    return "".join(event["choices"][0]["delta"].get("content") or "" for event in events if event["choices"])


@pytest.mark.parametrize("stream", [False, True])
def test_an_access_token_that_is_no_longer_taken_is_renewed_once(relay: LiveRelay, caller: Caller, stream: bool) -> None:
    with Baidu() as vendor:
        serve("baidu", vendor.origin, f"{baidu.API_KEY}|{baidu.SECRET_KEY}", "ERNIE-3.5-8K")
        assert ask(relay, caller, stream=stream) == replies.TEXT
        vendor.tokens.clear()
        assert ask(relay, caller, stream=stream) == replies.TEXT
        assert ask(relay, caller, stream=stream) == replies.TEXT
        assert vendor.exchanges == 2
        assert [line.price for line in lines(relay)] == [PRICE] * 3


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "reasoning"), [("deepseek-v4-pro", None), ("deepseek-reasoner", "hm")])
def test_reasoning_is_replayed_as_the_error_asks(relay: LiveRelay, caller: Caller, model: str, reasoning: str | None, stream: bool) -> None:
    said = {"role": "assistant", "content": "b"} | ({"reasoning_content": reasoning} if reasoning else {})
    messages = [{"role": "user", "content": "a"}, said, {"role": "user", "content": "c"}]
    with LikeOpenAI(rules=likeopenai.deepseek_rules) as vendor:
        serve("deepseek", vendor.origin, likeopenai.KEY, model)
        assert ask(relay, caller, messages=messages, stream=stream) == replies.TEXT
        assert len(vendor.requests) == 2
        assert vendor.requests[-1].fields["messages"][1].get("reasoning_content") == (None if reasoning else " ")
        assert len(lines(relay)) == 1
