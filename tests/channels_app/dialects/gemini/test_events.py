"""Gemini's streams as deltas; usage that is cumulative, thoughts beside the answer, tools that end with STOP."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app import registry
from channels_app.contract import Call, FailureKind, Usage
from channels_app.deltas import Broken, Consumed, Delta, Done, Finish, Media, Reasoning, Started, Text, ToolArguments, ToolStart
from channels_app.dialects.gemini import usage
from channels_app.dialects.gemini.events import GeminiEvents

VENDOR = registry.vendor("gemini")
CALL = Call("chat", "openai", "m", b"{}", {"messages": []})


def chunk(*parts: dict[str, Any], finish: str = "", **rest: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    return {"candidates": [{**candidate, "finishReason": finish} if finish else candidate], "responseId": "r1", **rest}


def told(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + orjson.dumps(one) + b"\r\n\r\n" for one in chunks)


def read(raw: bytes, size: int = 1_000_000) -> list[Delta]:
    events = GeminiEvents(CALL)
    return [*(delta for start in range(0, len(raw), size) for delta in events.feed(raw[start : start + size])), *events.end()]


# The documented example: a thought, a call with its signature, usage that grows.
STREAM = told(
    chunk({"text": "plän", "thought": True}, usageMetadata={"promptTokenCount": 8, "totalTokenCount": 8}),
    chunk(
        {"functionCall": {"id": "a1", "name": "f", "args": {"x": 1}}, "thoughtSignature": "Cg=="},
        usageMetadata={"promptTokenCount": 8, "candidatesTokenCount": 6, "totalTokenCount": 14},
    ),
    chunk(
        {"text": ""},
        finish="STOP",
        usageMetadata={"promptTokenCount": 8, "candidatesTokenCount": 6, "thoughtsTokenCount": 20, "totalTokenCount": 34},
    ),
)


@pytest.mark.parametrize("size", [1, 2, 7, 1_000_000])
def test_a_stream_says_the_same_in_any_chunking(size: int) -> None:
    assert read(STREAM, size) == [
        Started("r1"),
        Reasoning("plän"),
        ToolStart(0, "a1", "f", signature="Cg=="),
        ToolArguments(0, '{"x":1}'),
        Finish("tool_calls"),
        Consumed(Usage(input=8, output=6, reasoning=20)),
        Done(),
    ]


def test_calls_without_an_id_get_one_that_is_always_the_same_and_never_shared() -> None:
    called = {"functionCall": {"name": "f", "args": {}}}
    found = [delta for delta in read(told(chunk(called, called, finish="STOP"))) if isinstance(delta, ToolStart)]
    again = [delta for delta in read(told(chunk(called, called, finish="STOP"))) if isinstance(delta, ToolStart)]
    assert found == again
    assert [one.index for one in found] == [0, 1]
    assert found[0].id != found[1].id


def test_pictures_come_as_media() -> None:
    said = read(told(chunk({"inlineData": {"mimeType": "image/png", "data": "AAAA"}}, finish="STOP")))
    assert said[1] == Media("image/png", "AAAA")


@pytest.mark.parametrize(
    ("finish", "expected"),
    [("STOP", "stop"), ("MAX_TOKENS", "length"), ("SAFETY", "content_filter"), ("RECITATION", "content_filter"), ("NEW_ONE", "stop")],
)
def test_finish_reasons_are_translated(finish: str, expected: str) -> None:
    assert Finish(expected) in read(told(chunk({"text": "Hi"}, finish=finish)))


def test_a_blocked_prompt_is_filtered_content() -> None:
    said = read(told({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4}}))
    assert said[1:] == [Finish("content_filter"), Consumed(Usage(input=4)), Done()]


def test_a_malformed_call_without_a_word_lets_another_channel_try() -> None:
    said = read(told(chunk(finish="MALFORMED_FUNCTION_CALL")))
    assert isinstance(said[-1], Broken)
    assert said[-1].failure.kind is FailureKind.UPSTREAM


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (told(chunk({"text": "Hi"})), FailureKind.UPSTREAM),
        (b'data: {"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}\n\n', FailureKind.UPSTREAM),
        (b'[{\n  "error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED"}\n}]', FailureKind.RATE_LIMITED),
        (b"<html>no</html>", FailureKind.UPSTREAM),
        (b"", FailureKind.UPSTREAM),
    ],
)
def test_what_is_no_answer_is_broken(raw: bytes, kind: FailureKind) -> None:
    said = read(raw)
    assert isinstance(said[-1], Broken)
    assert said[-1].failure.kind is kind
    assert not any(isinstance(delta, Finish) for delta in said)


def test_a_stream_that_came_as_one_array_is_read_all_the_same() -> None:
    assert read(orjson.dumps([chunk({"text": "H"}), chunk({"text": "i"}, finish="STOP")]))[1:3] == [Text("H"), Text("i")]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            {"promptTokenCount": 8, "candidatesTokenCount": 6, "thoughtsTokenCount": 20, "totalTokenCount": 34},
            Usage(input=8, output=6, reasoning=20),
        ),
        # Some report the thoughts inside the candidates.
        (
            {"promptTokenCount": 8, "candidatesTokenCount": 26, "thoughtsTokenCount": 20, "totalTokenCount": 34},
            Usage(input=8, output=6, reasoning=20),
        ),
        ({"promptTokenCount": 8, "cachedContentTokenCount": 5, "totalTokenCount": 8}, Usage(input=3, cache_read=5)),
        (
            {"promptTokenCount": 8, "toolUsePromptTokenCount": 2, "candidatesTokenCount": 1, "totalTokenCount": 11},
            Usage(input=10, output=1),
        ),
        (
            {
                "promptTokenCount": 300,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10}, {"modality": "AUDIO", "tokenCount": 290}],
                "candidatesTokenCount": 1290,
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
                "totalTokenCount": 1590,
            },
            Usage(input=10, audio_input=290, image_output=1290),
        ),
        ({"promptTokenCount": 0, "totalTokenCount": 0}, Usage()),
        ({}, None),
        (None, None),
    ],
)
def test_usage_is_read_into_disjoint_buckets(raw: object, expected: Usage | None) -> None:
    """Gotcha 32: thoughts stand outside the candidates, results of tools outside the prompt."""
    assert usage.read(raw) == expected


def error(code: int, status: str, message: str = "no", *details: dict[str, Any]) -> bytes:
    return orjson.dumps({"error": {"code": code, "message": message, "status": status, "details": list(details)}})


def test_an_invalid_key_is_a_400_and_still_the_keys_fault() -> None:
    """Gotcha 38: Google answers a wrong key by 400."""
    assert (
        VENDOR.classify(400, error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")).kind is FailureKind.BAD_KEY
    )
    assert VENDOR.classify(400, error(400, "INVALID_ARGUMENT", "no", {"reason": "API_KEY_INVALID"})).kind is FailureKind.BAD_KEY
    assert VENDOR.classify(400, error(400, "INVALID_ARGUMENT")).kind is FailureKind.BAD_REQUEST


def test_the_delay_asked_for_stands_in_the_details_also_of_a_list() -> None:
    one = error(429, "RESOURCE_EXHAUSTED", "slow", {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"})
    for body in (one, b"[" + one + b"]"):
        failure = VENDOR.classify(429, body)
        assert (failure.kind, failure.retry_after_seconds) == (FailureKind.RATE_LIMITED, 37.0)
