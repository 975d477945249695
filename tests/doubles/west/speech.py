"""What vendors like OpenAI say in their answers, before each gives it its own turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from tests.doubles import replies
from tests.doubles.replies import Reply, chunk, event
from tests.doubles.west.service import CITY, TEXT_CASE

CALL = {"id": "call_Ab1", "type": "function", "function": {"name": "weather", "arguments": orjson.dumps(CITY).decode()}}


def message(case: str) -> dict[str, Any]:
    """Return the assistant's message of a whole answer."""
    if case == TEXT_CASE:
        return {"role": "assistant", "content": replies.TEXT}
    return {"role": "assistant", "content": None, "tool_calls": [CALL]}


def whole(case: str, *, said: Mapping[str, Any] | None = None, choice: Mapping[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    """Return a whole answer; `said` is laid over the message, `choice` over the choice, `rest` over the answer."""
    finish = "stop" if case == TEXT_CASE else "tool_calls"
    one = {"index": 0, "message": {**message(case), **(said or {})}, "finish_reason": finish, **(choice or {})}
    return {**replies.completion(), "choices": [one], **rest}


def deltas(case: str) -> list[dict[str, Any]]:
    """Return the deltas of a stream: words, or a tool call in three fragments."""
    if case == TEXT_CASE:
        return [{"role": "assistant", "content": ""}, *({"content": word} for word in replies.WORDS)]
    name = {**CALL, "index": 0, "function": {"name": "weather", "arguments": ""}}
    parts = [{"index": 0, "function": {"arguments": text}} for text in ('{"city":', '"Paris"}')]
    return [{"role": "assistant", "content": None}, *({"tool_calls": [one]} for one in (name, *parts))]


def chunks(case: str, *, finish: str | None = None) -> list[dict[str, Any]]:
    """Return the chunks of a stream up to the finish reason."""
    return [*map(chunk, deltas(case)), chunk({}, finish or ("stop" if case == TEXT_CASE else "tool_calls"))]


def stream(*said: Mapping[str, Any] | bytes, done: bool = True) -> Reply:
    """Answer chunks, and bytes as they are, as a stream."""
    events = [one if isinstance(one, bytes) else event(one) for one in said]
    return replies.raw_stream(*events, *((replies.DONE,) if done else ()))


def told(status: int, body: Any, **headers: str) -> Reply:
    """Answer an error with a body of any shape."""
    given = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return replies.answer(body if isinstance(body, bytes) else orjson.dumps(body), status=status, headers=given)


def listed(*names: str) -> dict[str, Any]:
    """Return the list of models at `/models`."""
    return {"object": "list", "data": [{"id": name, "object": "model", "created": 1, "owned_by": "x"} for name in names]}
