"""Spark's messages: a code in each, status 2 the last; versions and domains belong together."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app import registry
from channels_app.contract import UpstreamHead, Usage
from channels_app.deltas import Broken, Consumed, Delta, Done, Finish, Reasoning, Text, ToolArguments, ToolStart
from channels_app.faces import Unexpressible
from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import spark

DIALECT = registry.vendor("spark")
CHANNEL = talk.channel("spark", "", spark.KEY)
TOOLS = [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}}]


def encoded(model: str = "Spark-Max", **fields: Any) -> tuple[str, dict[str, Any]]:
    made = DIALECT.encode(talk.call({"model": model, "messages": list(talk.HELLO), **fields}), CHANNEL)
    body: dict[str, Any] = orjson.loads(made.body)
    return made.path, body


def read(*told: dict[str, Any], size: int = 0) -> list[Delta]:
    body = b"".join(map(orjson.dumps, told))
    reader = DIALECT.events(talk.call({"model": "m"}))
    pieces = [body[start : start + size] for start in range(0, len(body), size)] if size else list(map(orjson.dumps, told))
    return [*(delta for piece in pieces for delta in reader.feed(piece)), *reader.end()]


@pytest.mark.parametrize(
    ("model", "path", "domain"),
    [
        ("Spark-Lite", "/v1.1/chat", "lite"),
        ("generalv2", "/v2.1/chat", "generalv2"),
        ("Spark-Pro", "/v3.1/chat", "generalv3"),
        ("SparkDesk-v3.1", "/v3.1/chat", "generalv3"),
        ("Spark-Pro-128K", "/chat/pro-128k", "pro-128k"),
        ("SparkDesk-v3.5", "/v3.5/chat", "generalv3.5"),
        ("SparkDesk-v3.5-32K", "/chat/max-32k", "max-32k"),
        ("Spark-Max-32K", "/chat/max-32k", "max-32k"),
        ("Spark-4.0-Ultra", "/v4.0/chat", "4.0Ultra"),
        ("4.0Ultra", "/v4.0/chat", "4.0Ultra"),
    ],
)
def test_address_and_domain_belong_together(model: str, path: str, domain: str) -> None:
    assert domain in spark.DOMAINS[path]
    asked, body = encoded(model)
    assert (asked, body["parameter"]["chat"]["domain"]) == (path, domain)


def test_a_model_nobody_knows_is_not_asked_for() -> None:
    with pytest.raises(Unexpressible):
        encoded("gpt-4o")


def test_the_systems_words_stand_apart_where_they_may_and_come_as_the_users_where_not() -> None:
    messages = [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Be brief."}]
    _, ultra = encoded("Spark-4.0-Ultra", messages=messages)
    assert ultra["payload"]["message"]["text"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    _, lite = encoded("Spark-Lite", messages=messages)
    assert [one["role"] for one in lite["payload"]["message"]["text"]] == ["user", "assistant", "user"]


def test_numbers_stay_inside_the_bounds_and_n_is_never_top_k() -> None:
    _, body = encoded(temperature=0, max_tokens=99_999, top_k=9, user="u" * 40, n=1)
    assert body["parameter"]["chat"] == {"domain": "generalv3.5", "temperature": 0.01, "max_tokens": 8192, "top_k": 6}
    assert body["header"] == {"uid": "u" * 32}
    assert encoded(n=1)[1]["parameter"]["chat"] == {"domain": "generalv3.5"}


def test_functions_go_where_the_version_has_them_and_are_left_out_when_there_are_none() -> None:
    _, body = encoded("Spark-Pro", tools=TOOLS)
    assert body["payload"]["functions"]["text"] == [{"name": "f", "description": "d", "parameters": {"type": "object"}}]
    assert "functions" not in encoded("Spark-Pro")[1]["payload"]
    with pytest.raises(Unexpressible):
        encoded("Spark-Lite", tools=TOOLS)


@pytest.mark.parametrize("size", [0, 1, 2, 5, 10_000])
def test_messages_are_read_whole_or_cut_anywhere(size: int) -> None:
    deltas = read(*spark.messages(("你", "好", "!")), size=size)
    assert [delta.text for delta in deltas if isinstance(delta, Text)] == ["你", "好", "!"]
    assert deltas[-3:] == [Consumed(Usage(input=12, output=4)), Finish("stop"), Done()]


def test_a_whole_answer_is_its_messages_one_after_the_other() -> None:
    body = b"".join(map(orjson.dumps, spark.messages()))
    deltas = DIALECT.deltas(talk.call({"model": "m"}), UpstreamHead(101, {}), body)
    assert "".join(delta.text for delta in deltas if isinstance(delta, Text)) == replies.TEXT


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (10013, "content_filter"),
        (10014, "content_filter"),
        (10015, "bad_key"),
        (10016, "no_quota"),
        (11200, "no_quota"),
        (11202, "rate_limited"),
        (10907, "bad_request"),
        (10008, "rate_limited"),
        (10222, "upstream"),
    ],
)
def test_the_code_is_looked_at_in_every_message(code: int, kind: str) -> None:
    first, *_ = spark.messages()
    for told in ([spark.error(code)], [first, spark.error(code)]):
        last = read(*told)[-1]
        assert isinstance(last, Broken)
        assert (last.failure.kind, last.failure.code) == (kind, str(code))


def test_a_function_call_becomes_a_tool_call_with_an_id() -> None:
    called = {"name": "f", "arguments": '{"a":1}'}
    deltas = read(spark.message("", 2, usage=spark.USAGE, function_call=called))
    assert deltas[:2] == [ToolStart(0, "call_spark_0", "f"), ToolArguments(0, '{"a":1}')]
    assert Finish("tool_calls") in deltas


def test_reasoning_is_told_as_reasoning() -> None:
    assert read(spark.message("", 2, reasoning_content="hm"))[0] == Reasoning("hm")


def test_a_connection_closed_early_is_a_failure() -> None:
    last = read(spark.messages()[0])[-1]
    assert isinstance(last, Broken)
    assert last.failure.kind == "upstream"


def test_a_refused_handshake_is_a_bad_key() -> None:
    assert DIALECT.classify(401, b'{"message":"HMAC signature does not match"}').kind == "bad_key"
