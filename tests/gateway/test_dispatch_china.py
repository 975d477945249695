"""Calls through the live relay to vendors that sign, that answer over a WebSocket, and that hide errors in a 200: billed exactly."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import orjson
import pytest

from channels_app import channels
from tests.doubles import replies
from tests.doubles.china import baidu, dashscope, hunyuan, spark, zhipu
from tests.gateway.conftest import HELLO, PRICE, Caller, lines
from tests.gateway.live import LiveRelay

pytestmark = pytest.mark.usefixtures("channel")

Start = Callable[[], AbstractContextManager[Any]]
HUNYUAN_KEY = f"{hunyuan.APP_ID}|{hunyuan.SECRET_ID}|{hunyuan.SECRET_KEY}"
BAIDU_KEY = f"{baidu.ACCESS_KEY}|{baidu.ACCESS_SECRET}"
VENDORS: dict[str, tuple[Start, str, str]] = {
    "spark": (spark.Spark, spark.KEY, "Spark-Max"),
    "hunyuan_tc3": (hunyuan.Hunyuan, HUNYUAN_KEY, "hunyuan-lite"),
    "zhipu_v3": (zhipu.Zhipu, zhipu.KEY, "chatglm_std"),
    "dashscope": (dashscope.DashScope, dashscope.KEY, "qwen-plus"),
    "baidu_iam": (baidu.Baidu, BAIDU_KEY, "ERNIE-3.5-8K"),
}


@contextmanager
def serving(slug: str) -> Generator[Any, None, None]:
    """Let a vendor answer for `m`, before all others."""
    start, key, model = VENDORS[slug]
    with start() as vendor:
        made = channels.add(name=slug, provider=slug, base_url=vendor.origin, key=key, models={"m": model}, priority=9, allow_private=True)
        channels.enable(channel=made)
        yield vendor


def said(text: str) -> str:
    events = [orjson.loads(line[6:]) for line in text.split("\n") if line.startswith("data: {")]
    return "".join(event["choices"][0]["delta"].get("content") or "" for event in events if event.get("choices"))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("slug", sorted(VENDORS))
def test_a_call_is_answered_and_billed_by_the_vendors_own_usage(relay: LiveRelay, caller: Caller, slug: str, stream: bool) -> None:
    with serving(slug):
        answer = relay.http.post("/v1/chat/completions", json=HELLO | {"stream": stream}, headers=caller.headers)
        assert answer.status_code == 200, answer.text
        assert (said(answer.text) if stream else answer.json()["choices"][0]["message"]["content"]) == replies.TEXT
        assert [(line.price, line.status, line.source) for line in lines(relay)] == [(PRICE, "ok", "upstream")]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("slug", "told"),
    [
        ("spark", [spark.error(11200, "no tokens left")]),
        ("hunyuan_tc3", hunyuan.error("FailedOperation.ServiceStopArrears")),
        ("zhipu_v3", zhipu.v3_refusal(1113, "no money")),
        ("baidu_iam", baidu.error(17, "no money")),
    ],
)
def test_an_error_in_a_200_lets_the_next_channel_answer(relay: LiveRelay, caller: Caller, slug: str, told: Any, stream: bool) -> None:
    with serving(slug) as vendor:
        vendor.script(told)
        answer = relay.http.post("/v1/chat/completions", json=HELLO | {"stream": stream}, headers=caller.headers)
        assert answer.status_code == 200, answer.text
        assert (said(answer.text) if stream else answer.json()["choices"][0]["message"]["content"]) == replies.TEXT
        [line] = lines(relay)
        assert (line.upstream_model, line.price, len(line.tried)) == ("up-1", PRICE, 1)
