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
from tests.doubles import azure, replies
from tests.doubles.china import baidu, likeopenai
from tests.doubles.china.baidu import Baidu
from tests.doubles.china.likeopenai import LikeOpenAI
from tests.doubles.upstream import Upstream
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


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        ("azure", azure.error(400, "BadRequest", "Unrecognized request argument supplied: stream_options", type="invalid_request_error")),
        ("openai", replies.answer({"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"]}]}, status=422)),
        (
            "openai",
            replies.answer(
                {"error": {"code": "Invalid input", "message": "invalid input error", "details": [{"loc": ["body", "stream_options"]}]}},
                status=422,
            ),
        ),
    ],
)
def test_a_refused_stream_options_is_left_out_at_once_and_from_then_on(
    relay: LiveRelay, caller: Caller, provider: str, told: replies.Reply
) -> None:
    """Gotcha 23: nobody says beforehand whether a vendor, or its dated version, knows stream_options."""
    with azure.Azure() if provider == "azure" else Upstream() as vendor:
        serve(provider, vendor.url, azure.KEY if provider == "azure" else "sk-1", "gpt-35-turbo")
        vendor.script(told)
        assert ask(relay, caller, stream=True) == replies.TEXT
        assert ask(relay, caller, stream=True) == replies.TEXT
        assert ["stream_options" in request.fields for request in vendor.requests] == [True, False, False]
        assert [(line.status, line.source, len(line.tried)) for line in lines(relay)] == [("ok", "counted", 0)] * 2


def test_a_refusal_that_goes_on_without_stream_options_is_the_clients(relay: LiveRelay, caller: Caller) -> None:
    with Upstream() as vendor:
        serve("openai", vendor.url, "sk-1", "up-1")
        told = replies.error(400, "unsupported_parameter", "What is this, stream_options?")
        vendor.script(told, told, told)
        answers = [relay.http.post("/v1/chat/completions", json=HELLO | {"stream": True}, headers=caller.headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [400, 400]
        assert ["stream_options" in request.fields for request in vendor.requests] == [True, False, False]


def test_an_answer_that_repeats_itself_is_cut_off_and_charged_for_what_came(relay: LiveRelay, caller: Caller) -> None:
    with Upstream() as vendor:
        serve("openai", vendor.url, "sk-1", "up-1")
        vendor.script(replies.stream(["the same "] * 400, pause=0.001))
        answer = relay.http.post("/v1/chat/completions", json=HELLO | {"stream": True}, headers=caller.headers)
        events = [orjson.loads(line[6:]) for line in answer.text.split("\n") if line.startswith("data: {")]
        said = "".join(event["choices"][0]["delta"].get("content") or "" for event in events if event.get("choices"))
        assert said == "the same " * 100
        assert (events[-1]["error"]["code"], events[-1]["error"]["type"]) == ("answer_repeats", "upstream_error")
        assert vendor.wait(lambda up: up.disconnects == 1)
        [line] = lines(relay)
        assert (line.status, line.price > 0) == ("partial", True)


@pytest.mark.parametrize(
    "message", ["temperature: Extra inputs are not permitted", "`temperature` is deprecated for this model.", "top_p is not supported"]
)
def test_claude_is_asked_again_without_the_sampling_it_refuses(relay: LiveRelay, caller: Caller, message: str) -> None:
    """Gotcha 24: newer models and the newer version of the protocol take no temperature."""
    told = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    said: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "c",
        "content": [{"type": "text", "text": replies.TEXT}],
    }
    said |= {"stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 12, "output_tokens": 4}}
    with Upstream() as vendor:
        serve("anthropic", vendor.url, "sk-ant-1", "claude-x")
        vendor.script(replies.answer(told, status=400), replies.answer(said), replies.answer(said))
        assert [ask(relay, caller, temperature=0.5) for _ in range(2)] == [replies.TEXT] * 2
        assert ["temperature" in request.fields for request in vendor.requests] == [True, False, False]
        assert [line.price for line in lines(relay)] == [PRICE] * 2


def test_claudes_own_clients_read_what_was_refused(relay: LiveRelay, caller: Caller) -> None:
    told = {"type": "error", "error": {"type": "invalid_request_error", "message": "temperature: Extra inputs are not permitted"}}
    body = {"model": "m", "max_tokens": 9, "temperature": 0.5, "messages": [{"role": "user", "content": "Hi"}]}
    with Upstream() as vendor:
        serve("anthropic", vendor.url, "sk-ant-1", "claude-x")
        vendor.script(replies.answer(told, status=400))
        answer = relay.http.post("/v1/messages", json=body, headers=caller.headers)
        assert (answer.status_code, len(vendor.requests)) == (400, 1)
        assert "temperature" in answer.json()["error"]["message"]
