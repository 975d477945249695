"""The cheapest question for each kind of channel."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app.contract import ChannelFacts
from channels_app.questions import Question, call_of, question


def facts(*models: str, **options: Any) -> ChannelFacts:
    return ChannelFacts(1, "c", 1, "openai", "", (), {name: name for name in models}, options=options)


@pytest.mark.parametrize(
    ("channel", "settings", "expected"),
    [
        (facts("dall-e-3", "gpt-4o", "gpt-5"), {}, Question("chat", "gpt-4o")),
        (facts("text-embedding-3-small", "whisper-1"), {}, Question("embeddings", "text-embedding-3-small")),
        (facts("dall-e-3"), {}, Question("models", "")),
        (facts("tts-1"), {}, Question("models", "")),
        (facts("a", "b"), {"model": "b"}, Question("chat", "b")),
        (facts("a", "b"), {"model": "gone"}, Question("chat", "a")),
        (facts("a", "b", probe_model="b"), {}, Question("chat", "b")),
        (facts("bge-m3", "b"), {"kind": "stream"}, Question("stream", "b")),
        (facts("dall-e-3", "b"), {"kind": "images"}, Question("images", "dall-e-3")),
        (facts("b"), {"kind": "embeddings"}, Question("embeddings", "b")),
        (facts("b"), {"kind": "models"}, Question("models", "b")),
        (facts("b"), {"kind": "off"}, None),
        (facts(), {}, Question("models", "")),
    ],
)
def test_what_is_asked(channel: ChannelFacts, settings: dict[str, str], expected: Question | None) -> None:
    assert question(channel, **settings) == expected


@pytest.mark.parametrize(
    ("kind", "operation", "is_stream", "fields"),
    [
        ("chat", "chat", False, {"max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}),
        ("stream", "chat", True, {"max_tokens": 1, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}),
        ("embeddings", "embeddings", False, {"input": "Hi"}),
        ("images", "images", False, {"prompt": "a dot", "n": 1, "size": "1024x1024"}),
    ],
)
def test_how_it_is_asked(kind: str, operation: str, is_stream: bool, fields: dict[str, object]) -> None:
    call = call_of(Question(kind, "m"))
    assert (call.operation, call.is_stream, call.model) == (operation, is_stream, "m")
    assert orjson.loads(call.body) == call.fields == {"model": "m", **fields}


def test_the_limit_may_be_spelled_otherwise_and_old_pictures_are_small() -> None:
    assert call_of(Question("chat", "m"), limit="max_completion_tokens").fields["max_completion_tokens"] == 1
    assert call_of(Question("images", "dall-e-2")).fields["size"] == "256x256"
