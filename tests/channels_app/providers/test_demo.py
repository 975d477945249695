"""The demo vendor: deterministic, token by token, with usage."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app import registry
from channels_app.chat_stream import ChatReader
from channels_app.contract import ChannelFacts, ChannelKey, FrameKind, Secret, UpstreamRequest

PROVIDER = registry.provider("demo")


def answer(delay_ms: str = "5", **fields: Any) -> list[bytes | float]:
    body = {"model": "demo-chat", "messages": [{"role": "user", "content": "Tell me a story"}], **fields}
    channel = ChannelFacts(1, "c", 1, "demo", "", (), {}, options={"delay_ms": delay_ms})
    headers = PROVIDER.authorize(channel, ChannelKey(0, Secret("")))
    return list(PROVIDER.answer(UpstreamRequest("POST", "http://demo.invalid", headers, orjson.dumps(body))))


def completion(**fields: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(b"".join(piece for piece in answer(**fields) if isinstance(piece, bytes)))
    return loaded


def test_the_same_prompt_gets_the_same_answer() -> None:
    assert answer() == answer()
    assert answer(stream=True) == answer(stream=True)


def test_the_answer_speaks_about_the_prompt_and_counts_tokens() -> None:
    whole = completion()
    text = whole["choices"][0]["message"]["content"]
    assert "“Tell me a story” – 4 words, 15 characters" in text
    assert whole["usage"] == {"prompt_tokens": 4, "completion_tokens": len(text.split()), "total_tokens": 4 + len(text.split())}
    assert whole["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_a_limit_ends_the_answer_by_length(limit: str) -> None:
    whole = completion(**{limit: 3})
    assert whole["choices"][0] == {
        "index": 0,
        "message": {"role": "assistant", "content": "This is the", "refusal": None},
        "logprobs": None,
        "finish_reason": "length",
    }
    assert whole["usage"]["completion_tokens"] == 3


def test_a_stream_says_the_same_with_a_pause_before_each_token() -> None:
    pieces = answer(stream=True)
    reader = ChatReader(model="demo-chat", wants_usage=True, request_id="r", created=1)
    frames = [frame for piece in pieces if isinstance(piece, bytes) for frame in reader.feed(piece)]
    said = [orjson.loads(frame.data[6:])["choices"][0]["delta"]["content"] for frame in frames if frame.kind is FrameKind.CONTENT]
    assert "".join(said) == completion()["choices"][0]["message"]["content"]
    assert [piece for piece in pieces if isinstance(piece, float)] == [0.005] * len(said)
    assert frames[-1].kind is FrameKind.DONE
    assert frames[-2].usage is not None
    assert frames[-2].usage.output == len(said)


@pytest.mark.parametrize(
    ("content", "count"), [("", 0), (None, 0), ([{"type": "text", "text": "one two"}, {"type": "image_url"}], 2), ("x" + " " * 200_000, 1)]
)
def test_every_shape_of_a_prompt_is_read(content: Any, count: int) -> None:
    assert completion(messages=[{"role": "user", "content": content}])["usage"]["prompt_tokens"] == count


@pytest.mark.parametrize(("delay", "pause"), [("0", 0.0), ("no", 0.02), ("-5", 0.0)])
def test_an_odd_delay_does_no_harm(delay: str, pause: float) -> None:
    assert answer(delay_ms=delay, stream=True)[1] == pause
