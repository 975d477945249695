"""Counting what a call said and heard, in every protocol of clients."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from channels_app import counting, tokenizer
from channels_app.contract import Call, Usage
from tests.channels_app.test_pictures import png
from tests.channels_app.test_sound import wav

TEXT = "The quick brown fox jumps over the lazy dog."  # 10 tokens


def call(model: str = "gpt-4o", **fields: Any) -> Call:
    return Call(operation="chat", dialect="openai", model=model, body=orjson.dumps(fields), fields=fields)


def url(data: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "user", "content": TEXT}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": TEXT}]}]},
        {"contents": [{"role": "user", "parts": [{"text": TEXT}]}]},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": TEXT}]}]},
        {"input": TEXT},
    ],
)
def test_a_message_is_its_text_and_its_frame_in_any_protocol(fields: dict[str, Any]) -> None:
    assert counting.of_input(call(**fields)) == Usage(input=10 + 3 + 3, source="counted")


def test_system_texts_tools_and_tool_calls_count() -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    asked = [{"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}]}]

    found = counting.of_input(call(system=TEXT, messages=asked, tools=tools))

    expected = 10 + sum(tokenizer.count(text, model="gpt-4o") for text in ("look", '{"a":1}', orjson.dumps(tools).decode()))
    assert found.input == expected + 3 + 3 + 3


@pytest.mark.parametrize(
    ("model", "size", "expected"),
    [
        ("gpt-4o", (1024, 1024), 765),
        ("gpt-4o", (512, 512), 255),
        ("gpt-4o", (4096, 8192), 1105),
        ("claude-opus-4-8", (1000, 750), 1000),
        ("claude-opus-4-8", (8000, 8000), 1600),
        ("gemini-3-pro", (300, 300), 258),
        ("gemini-3-pro", (1536, 768), 516),
    ],
)
def test_a_picture_counts_by_its_size_as_its_vendor_says(model: str, size: tuple[int, int], expected: int) -> None:
    assert counting.picture_tokens(size, model=model) == expected


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": url(png(512, 512))}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(png(512, 512)).decode()}},
        {"type": "input_image", "image_url": url(png(512, 512))},
    ],
)
def test_pictures_are_seen_in_any_protocol_and_their_base64_is_no_text(part: dict[str, Any]) -> None:
    assert counting.of_input(call(messages=[{"role": "user", "content": [part]}])).input == 255 + 6


def test_a_picture_by_url_and_one_at_a_glance() -> None:
    far = {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}
    glance = {"type": "image_url", "image_url": {"url": url(png()), "detail": "low"}}

    assert counting.of_input(call(messages=[{"role": "user", "content": [far, glance]}])).input == 765 + 85 + 6


@pytest.mark.parametrize(("model", "expected"), [("gpt-4o-audio-preview", 30), ("gemini-3-pro", 96)])
def test_sounds_count_by_the_second(model: str, expected: int) -> None:
    part = {"type": "input_audio", "input_audio": {"data": base64.b64encode(wav(3)).decode(), "format": "wav"}}

    assert counting.of_input(call(model, messages=[{"role": "user", "content": [part]}])).audio_input == expected


def event(payload: object) -> bytes:
    return b"data: " + orjson.dumps(payload) + b"\n\n"


@pytest.mark.parametrize(
    "said",
    [
        orjson.dumps({"choices": [{"message": {"role": "assistant", "content": TEXT}}]}),
        orjson.dumps({"content": [{"type": "text", "text": TEXT}], "role": "assistant"}),
        event({"choices": [{"delta": {"content": TEXT[:20]}}]})
        + event({"choices": [{"delta": {"content": TEXT[20:]}}]})
        + b"data: [DONE]\n\n",
        b"event: content_block_delta\n" + event({"type": "content_block_delta", "delta": {"type": "text_delta", "text": TEXT}}),
        event({"candidates": [{"content": {"parts": [{"text": TEXT}]}}]}),
        event({"type": "response.output_text.delta", "delta": TEXT}) + event({"type": "response.completed", "response": {"text": TEXT}}),
    ],
)
def test_an_answer_counts_its_text_once_in_any_protocol(said: bytes) -> None:
    assert counting.of_output(said, model="gpt-4o", delivered=len(TEXT)) == 10


def test_tool_arguments_count() -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"city":"Paris"}'}}]
    said = orjson.dumps({"choices": [{"message": {"content": None, "tool_calls": calls}}]})

    assert counting.of_output(said, model="gpt-4o", delivered=17) == tokenizer.count('f{"city":"Paris"}', model="gpt-4o")


def test_the_rest_of_a_long_stream_counts_by_its_beginning() -> None:
    said = event({"choices": [{"delta": {"content": TEXT}}]}) + b'data: {"choices":[{"del'

    assert counting.of_output(said, model="gpt-4o", delivered=len(TEXT) * 50) == 500


def test_nothing_said_is_nothing() -> None:
    assert counting.of_output(b"", model="gpt-4o", delivered=0) == 0
