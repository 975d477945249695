"""Non-streamed answers."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app.chat_answer import read_answer
from channels_app.contract import Usage
from tests.doubles import replies
from tests.doubles.defects import FAILURES, PLAIN, STREAMS

MODEL = "public-model"


def body(payload: Any) -> bytes:
    return orjson.dumps(payload)


def test_an_answer_keeps_its_bytes_but_for_the_models_name() -> None:
    answer = read_answer(body(replies.completion()), model=MODEL)
    assert answer.body == body(replies.completion(model=MODEL))
    assert (answer.usage, answer.delivered, answer.is_empty, answer.failure) == (Usage(input=12, output=4), 20, False, None)


def test_the_words_of_an_answer_are_never_taken_for_its_model() -> None:
    payload = replies.completion('"model":"up-1"')
    payload["meta"] = {"model": "up-1"}
    shown = orjson.loads(read_answer(body(payload), model=MODEL).body)
    assert shown == {**payload, "model": MODEL}


@pytest.mark.parametrize("prefix", [b"\n\n\n", b": keep-alive\n\n: keep-alive\n\n", b"\xef\xbb\xbf"])
def test_heartbeats_before_an_answer_are_dropped(prefix: bytes) -> None:
    assert read_answer(prefix + body(replies.completion(model=MODEL)), model=MODEL).body == body(replies.completion(model=MODEL))


def test_an_answer_without_usage_says_so() -> None:
    assert read_answer(body(replies.completion(usage=None)), model=MODEL).usage is None


@pytest.mark.parametrize(
    ("message", "finish", "is_empty"),
    [
        ({"role": "assistant", "content": ""}, None, True),
        ({"role": "assistant", "content": None}, "", True),
        ({"role": "assistant", "content": ""}, "stop", False),
        ({"role": "assistant", "content": "x"}, None, False),
        ({"role": "assistant", "content": None, "reasoning_content": "x"}, None, False),
        ({"role": "assistant", "content": None, "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": ""}}]}, None, False),
    ],
)
def test_no_output_and_a_blank_finish_is_an_empty_answer(message: dict[str, Any], finish: str | None, is_empty: bool) -> None:
    payload = {**replies.completion(), "choices": [{"index": 0, "message": message, "finish_reason": finish}]}
    assert read_answer(body(payload), model=MODEL).is_empty is is_empty


@pytest.mark.parametrize(
    ("finish", "tools", "expected"),
    [
        ("stop", True, "tool_calls"),
        (None, True, "tool_calls"),
        ("length", True, "length"),
        (None, False, "stop"),
        ("eos", False, "stop"),
        ("max_tokens", False, "length"),
        ("tool_calls", False, "stop"),
        ("content_filter", False, "content_filter"),
    ],
)
def test_the_finish_reason_is_one_of_the_protocol(finish: str | None, tools: bool, expected: str) -> None:
    message: dict[str, Any] = {"role": "assistant", "content": "x"}
    if tools:
        message["tool_calls"] = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    payload = {**replies.completion(), "choices": [{"index": 0, "message": message, "finish_reason": finish}]}
    shown = orjson.loads(read_answer(body(payload), model=MODEL).body)
    assert shown["choices"][0]["finish_reason"] == expected


def test_a_missing_object_is_added() -> None:
    payload = replies.completion()
    del payload["object"]
    assert orjson.loads(read_answer(body(payload), model=MODEL).body)["object"] == "chat.completion"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (body({"error": {"message": "no money", "code": "insufficient_quota"}}), "no_quota"),
        (body({**replies.completion(), "error": {"code": "invalid_api_key", "message": "no"}}), "bad_key"),
        (body({"detail": "odd"}), "upstream"),
        (body({"choices": []}), "upstream"),
        (body({"choices": [{"message": {"content": "x"}, "finish_reason": "error"}]}), "upstream"),
        (body([]), "upstream"),
        (b"<html>502</html>", "upstream"),
        (b"", "upstream"),
        (b"\x00garbage", "upstream"),
    ],
)
def test_errors_inside_a_200_are_failures(text: bytes, kind: str) -> None:
    failure = read_answer(text, model=MODEL).failure
    assert failure is not None
    assert failure.kind == kind


def test_an_event_stream_becomes_one_answer() -> None:
    answer = read_answer(PLAIN, model=MODEL)
    shown = orjson.loads(answer.body)
    assert shown["choices"] == [{"index": 0, "message": {"role": "assistant", "content": "Hello world"}, "finish_reason": "stop"}]
    assert (shown["object"], shown["model"], shown["usage"]) == ("chat.completion", MODEL, replies.USAGE)
    assert (answer.usage, answer.delivered) == (Usage(input=12, output=4), 11)


def test_an_event_stream_of_many_words_becomes_one_answer() -> None:
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 7, "model": "up-1"}
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}, *({"content": f"{number} "} for number in range(9))]
    told = [body({**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}) for delta in deltas]
    ended = body({**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    answer = read_answer(b"".join(b"data: " + one + b"\n\n" for one in [*told, ended, b"[DONE]"]), model=MODEL)
    assert orjson.loads(answer.body)["choices"][0]["message"] == {"role": "assistant", "content": "0 1 2 3 4 5 6 7 8 "}
    assert answer.delivered == 18


def test_tool_calls_of_an_event_stream_become_one_call() -> None:
    shown = orjson.loads(read_answer(STREAMS["tools"].body, model=MODEL).body)
    assert shown["choices"][0]["message"]["tool_calls"] == [
        {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    ]
    assert shown["choices"][0]["finish_reason"] == "tool_calls"


def test_a_failing_event_stream_is_a_failure() -> None:
    failure = read_answer(FAILURES["error object"][0], model=MODEL).failure
    assert failure is not None
    assert failure.kind == "no_quota"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            {"id": "c", "function": {"name": "f", "arguments": {"a": 1}}, "index": 0},
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
        ),
        (
            {"id": "c", "type": "function", "function": {"name": "f"}},
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}},
        ),
    ],
)
def test_tool_calls_of_a_whole_answer_are_made_whole(call: dict[str, Any], expected: dict[str, Any]) -> None:
    """Gotcha 17: a call without a type, with an object for arguments."""
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    whole = {**replies.completion(), "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    [choice] = orjson.loads(read_answer(orjson.dumps(whole), model="m").body)["choices"]
    assert (choice["message"]["tool_calls"], choice["finish_reason"]) == ([expected], "tool_calls")


def test_a_tool_call_without_an_id_gets_one() -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": [{"type": "text", "text": "Hi"}], "tool_calls": [call]}
    whole = {**replies.completion(), "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    [choice] = orjson.loads(read_answer(orjson.dumps(whole), model="m").body)["choices"]
    assert choice["message"]["content"] == "Hi"
    assert choice["message"]["tool_calls"][0]["id"].startswith("call_")
