"""What the scripted upstream can answer: right ones, failing ones, broken ones. A Reply is a head and steps."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

TEXT = "Hello from upstream."
WORDS = ("Hello", " from", " upstream", ".")
USAGE = {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16}
SSE = "text/event-stream; charset=utf-8"
JSON = "application/json"


class Act(Enum):
    """What a reply does besides sending bytes."""

    HANG = "hang"  # keep the connection open and say nothing until the caller leaves
    CUT = "cut"  # close without the end of the body


Step = bytes | float | Act  # a number is a pause in seconds


@dataclass(frozen=True)
class Reply:
    """An answer: with `status` None nothing of HTTP is written, only the steps."""

    steps: tuple[Step, ...]
    status: int | None = 200
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = JSON
    is_chunked: bool = False


def chunk(delta: Mapping[str, Any], finish: str | None = None, *, index: int = 0, **rest: Any) -> dict[str, Any]:
    """Return one chunk of a chat stream."""
    choice = {"index": index, "delta": dict(delta), "finish_reason": finish}
    return {"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1_700_000_001, "model": "up-1", "choices": [choice], **rest}


def usage_chunk(usage: Mapping[str, Any] = USAGE) -> dict[str, Any]:
    """Return the chunk that ends a stream whose caller asked for usage."""
    return {**chunk({}), "choices": [], "usage": dict(usage)}


def event(payload: object) -> bytes:
    """Return one server-sent event."""
    return b"data: " + (payload if isinstance(payload, bytes) else orjson.dumps(payload)) + b"\n\n"


DONE = event(b"[DONE]")


def completion(text: str = TEXT, *, usage: Mapping[str, Any] | None = USAGE, finish: str = "stop", model: str = "up-1") -> dict[str, Any]:
    """Return a completion as OpenAI writes it."""
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    whole = {"id": "chatcmpl-up", "object": "chat.completion", "created": 1_700_000_001, "model": model, "choices": [choice]}
    return whole if usage is None else {**whole, "usage": dict(usage)}


def answer(payload: object = None, *, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """Answer JSON: a completion, or any payload with any status."""
    body = payload if isinstance(payload, bytes) else orjson.dumps(completion() if payload is None else payload)
    return Reply((body,), status=status, headers=tuple(headers))


def error(status: int, code: str, message: str = "no", *, kind: str = "invalid_request_error", **headers: str) -> Reply:
    """Answer an error as OpenAI writes it; `retry_after="3"` becomes a header."""
    payload = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return answer(payload, status=status, headers=[(name.replace("_", "-"), value) for name, value in headers.items()])


def words(texts: Sequence[str] = WORDS) -> list[bytes]:
    """Return the events that open a stream and say these texts."""
    return [event(chunk({"role": "assistant", "content": ""})), *(event(chunk({"content": text})) for text in texts)]


def stream(
    texts: Sequence[str] = WORDS,
    *,
    usage: Mapping[str, Any] | None = USAGE,
    finish: str | None = "stop",
    done: bool = True,
    pause: float = 0.0,
) -> Reply:
    """Answer a stream; usage, finish reason and end mark can be left out, and a pause put before each event."""
    events = words(texts)
    if finish is not None:
        events.append(event(chunk({}, finish)))
    if usage is not None:
        events.append(event(usage_chunk(usage)))
    if done:
        events.append(DONE)
    return raw_stream(*([step for item in events for step in (pause, item)] if pause else events))


def raw_stream(*steps: Step) -> Reply:
    """Answer these bytes, pauses and acts as an event stream."""
    return Reply(steps, content_type=SSE, is_chunked=True)


def hang_before_head() -> Reply:
    return Reply((Act.HANG,), status=None)


def close_before_head() -> Reply:
    return Reply((Act.CUT,), status=None)


def no_http() -> Reply:
    return Reply((b"220 mail.example ESMTP\r\n\r\n", Act.CUT), status=None)


def hang_mid_stream(texts: Sequence[str] = WORDS[:2]) -> Reply:
    return raw_stream(*words(texts), Act.HANG)


def hang_before_content() -> Reply:
    return raw_stream(Act.HANG)


def cut_mid_stream(texts: Sequence[str] = WORDS[:2]) -> Reply:
    """Lose the connection inside the body."""
    return raw_stream(*words(texts), Act.CUT)


def short_stream(texts: Sequence[str] = WORDS[:2]) -> Reply:
    """End the body properly, but in the middle of the answer."""
    return raw_stream(*words(texts))


def cut_body() -> Reply:
    """Lose the connection inside a JSON answer."""
    return Reply((orjson.dumps(completion())[:60], Act.CUT), is_chunked=True)


def error_in_200(code: str = "insufficient_quota", message: str = "no money") -> Reply:
    """Answer 200 with an error object in JSON."""
    return answer({"error": {"message": message, "type": code, "param": None, "code": code}})


def error_event(code: str = "insufficient_quota", message: str = "no money", *, after: Sequence[str] = ()) -> Reply:
    """Answer an event stream with an error in it, at once or after some words."""
    payload = {"error": {"message": message, "type": code, "param": None, "code": code}}
    return raw_stream(*(words(after) if after else ()), event(payload))


def garbage(*, is_stream: bool = False) -> Reply:
    """Answer something that is neither JSON nor an event of the protocol."""
    return raw_stream(event(b"\x00\xffnot json"), event(b"still not")) if is_stream else answer(b"\x00\xffnot json")


def html(status: int = 502) -> Reply:
    page = b"<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>502</h1></body></html>"
    return Reply((page,), status=status, content_type="text/html")


def drip(text: str = TEXT, *, pause: float = 0.01) -> Reply:
    """Answer a stream one byte at a time."""
    body = b"".join([*words([text]), event(chunk({}, "stop")), event(usage_chunk()), DONE])
    return raw_stream(*[step for byte in body for step in (pause, bytes([byte]))])


def gzipped(*, is_stream: bool = False) -> Reply:
    """Answer gzip although nobody asked for it."""
    body = b"".join([*words(), event(chunk({}, "stop")), event(usage_chunk()), DONE]) if is_stream else orjson.dumps(completion())
    return Reply((gzip.compress(body),), headers=(("content-encoding", "gzip"),), content_type=SSE if is_stream else JSON)


def long_line(size: int = 10 * 1024 * 1024) -> Reply:
    """Answer a stream with one event of this many letters."""
    return stream(["x" * size])
