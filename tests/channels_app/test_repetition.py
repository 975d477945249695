"""A stream that repeats itself is cut off in every protocol, however its bytes arrive; nothing else is."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app import bridge, registry
from channels_app.contract import Call, ChannelFacts, Frame, FrameKind, UpstreamHead
from channels_app.repetition import CODE, MOST
from tests.doubles import replies
from tests.doubles.replies import chunk, event

HEAD = UpstreamHead(200, {"content-type": "text/event-stream"})
OPEN = event(chunk({"role": "assistant", "content": ""}))
END = event(chunk({}, "stop")) + replies.DONE
# How each vendor's protocol says the same piece for the n-th time: what stands beside it differs.
ROUNDS: dict[str, Any] = {
    "openai": lambda n: {**chunk({"content": "the same "}), "obfuscation": "x" * (n % 7)},
    "anthropic": lambda n: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "the same "}},
    "gemini": lambda n: {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "the same "}]}, "index": 0}],
        "usageMetadata": {"promptTokenCount": 8, "candidatesTokenCount": n, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": n}]},
    },
    "responses": lambda n: {
        "type": "response.output_text.delta", "sequence_number": n + 4, "item_id": "i", "output_index": 0, "content_index": 0,
        "delta": "the same ",
    },
}  # fmt: skip
OPENINGS: dict[str, list[dict[str, Any]]] = {
    "openai": [chunk({"role": "assistant", "content": ""})],
    "anthropic": [
        {"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": [], "usage": {}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ],
    "gemini": [],
    "responses": [
        {"type": "response.created", "sequence_number": 0, "response": {"id": "r", "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "id": "i", "role": "assistant"}},
    ],
}
PROVIDERS: dict[str, tuple[str, dict[str, str]]] = {
    "openai": ("openai", {}),
    "anthropic": ("anthropic", {}),
    "gemini": ("gemini", {}),
    "responses": ("openai", {"protocol": "responses"}),
}


def named(payload: dict[str, Any]) -> bytes:
    name = f"event: {payload['type']}\n".encode() if "type" in payload else b""
    return name + event(payload)


def loop(vendor: str, many: int) -> list[bytes]:
    """Return a stream of a vendor's that says the same so many times."""
    return [named(payload) for payload in (*OPENINGS[vendor], *(ROUNDS[vendor](n) for n in range(many)))]


def read(pieces: list[bytes], *, client: str = "openai", vendor: str = "openai", **options: str) -> list[Frame]:
    provider, own = PROVIDERS[vendor]
    channel = ChannelFacts(1, "c", 1, provider, "http://up.test", (), {}, options={**own, **options})
    fields = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "contents": [], "input": "Hi", "max_tokens": 9, "stream": True}
    call = Call(
        "chat",
        client,
        "m",
        orjson.dumps(fields),
        fields,
        is_stream=True,
        form="sse" if client == "gemini" else "",
        understand=None if client == "openai" else registry.client(client).understand,
    )
    reader = bridge.reader(call, channel, HEAD, request_id="r1", created=1)
    frames: list[Frame] = []
    for piece in pieces:
        frames += reader.feed(piece)
        if frames and frames[-1].kind is FrameKind.ERROR:
            return frames
    return frames


def pieces_of(frames: list[Frame]) -> int:
    return sum(frame.delivered for frame in frames) // len("the same ")


@pytest.mark.parametrize("client", sorted(ROUNDS))
@pytest.mark.parametrize("vendor", sorted(ROUNDS))
def test_a_loop_ends_after_a_hundred_pieces(client: str, vendor: str) -> None:
    """Gotcha 22: identical pieces are an upstream that never ends."""
    frames = read(loop(vendor, 300), client=client, vendor=vendor)
    failure = frames[-1].failure
    assert failure is not None
    assert (failure.kind, failure.code, pieces_of(frames)) == ("upstream", CODE, MOST)


@pytest.mark.parametrize("at_once", [2, 3, 7, 64, 500])
def test_pieces_that_arrive_together_are_counted_one_by_one(at_once: int) -> None:
    stream = [OPEN, *[event(chunk({"content": "the same "}))] * 500]
    joined = [b"".join(stream[place : place + at_once]) for place in range(0, len(stream), at_once)]
    frames = read(joined)
    assert frames[-1].kind is FrameKind.ERROR
    assert MOST <= pieces_of(frames) <= MOST + 2 * at_once


@pytest.mark.parametrize(
    "texts",
    [
        ["the same "] * 99,
        ["--"] * 1000,
        ["ab ", "cd "] * 500,
        [f"{n}\n" for n in range(100, 1000)],
        ["abc"] * 99 + ["abd"] + ["abc"] * 99,
        ["abc", "abcabc"] * 60,
    ],
)
@pytest.mark.parametrize("at_once", [1, 5, 1000])
def test_what_only_looks_like_a_loop_goes_through(texts: list[str], at_once: int) -> None:
    stream = [event(chunk({"content": text})) for text in texts]
    joined = [OPEN, *(b"".join(stream[place : place + at_once]) for place in range(0, len(stream), at_once)), END]
    frames = read(joined)
    assert frames[-1].kind is FrameKind.DONE
    assert sum(frame.delivered for frame in frames) == len("".join(texts))


def test_a_channel_may_bear_more_or_everything() -> None:
    stream = [OPEN, *[event(chunk({"content": "the same "}))] * 500, END]
    assert pieces_of(read(stream, repeats="250")) == 250
    assert (pieces_of(read(stream, repeats="0")), read(stream, repeats="0")[-1].kind) == (500, FrameKind.DONE)
