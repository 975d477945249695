"""More upstreams for the matrix: Bedrock by both interfaces, Cohere, Azure. Bedrock's frames are undone before these bytes."""

from __future__ import annotations

from typing import Any

import orjson

from tests.doubles.speech import named
from tests.doubles.tongues import CITY, TEXT, UPSTREAMS, Upstream, found

_COMPLAINT = orjson.dumps({"message": "max_tokens is too large"})
_BEDROCK_USAGE = {"inputTokens": 20, "outputTokens": 7, "totalTokens": 27}
_COHERE_USAGE = {"billed_units": {"input_tokens": 20, "output_tokens": 7}, "tokens": {"input_tokens": 99, "output_tokens": 99}}
_CALL = {"id": "call_up", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}


def converse_answer(case: str) -> bytes:
    tool = {"toolUse": {"toolUseId": "tooluse_up", "name": "get_weather", "input": CITY}}
    content = [{"text": TEXT}] if case == "text" else [tool]
    whole = {"output": {"message": {"role": "assistant", "content": content}}, "usage": _BEDROCK_USAGE}
    return orjson.dumps({**whole, "stopReason": "end_turn" if case == "text" else "tool_use"})


def converse_stream(case: str) -> bytes:
    start = {"toolUse": {"toolUseId": "tooluse_up", "name": "get_weather"}}
    parts: list[dict[str, Any]] = [{"text": TEXT[:4]}, {"text": TEXT[4:]}]
    if case != "text":
        parts = [{"toolUse": {"input": part}} for part in ('{"city":', '"Paris"}')]
    told: list[tuple[str, dict[str, Any]]] = [("messageStart", {"role": "assistant"})]
    told += [] if case == "text" else [("contentBlockStart", {"contentBlockIndex": 1, "start": start})]
    told += [("contentBlockDelta", {"contentBlockIndex": 1, "delta": part}) for part in parts]
    told += [("contentBlockStop", {"contentBlockIndex": 1}), ("messageStop", {"stopReason": "end_turn" if case == "text" else "tool_use"})]
    told.append(("metadata", {"usage": _BEDROCK_USAGE, "metrics": {"latencyMs": 1}}))
    return b"".join(b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(payload)) for name, payload in told)


def cohere_answer(case: str) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": [{"type": "text", "text": TEXT}]}
    if case != "text":
        message = {"role": "assistant", "tool_calls": [_CALL]}
    whole = {"id": "c1", "message": message, "usage": _COHERE_USAGE}
    return orjson.dumps({**whole, "finish_reason": "COMPLETE" if case == "text" else "TOOL_CALL"})


def cohere_stream(case: str) -> bytes:
    told: list[dict[str, Any]] = [{"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant"}}}]
    if case == "text":
        told += [{"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}}]
        told += [{"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": part}}}} for part in (TEXT[:4], TEXT[4:])]
        told += [{"type": "content-end", "index": 0}]
    else:
        begun = {**_CALL, "function": {"name": "get_weather", "arguments": ""}}
        told += [{"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": begun}}}]
        fragments = [{"function": {"arguments": part}} for part in ('{"city":', '"Paris"}')]
        told += [{"type": "tool-call-delta", "index": 0, "delta": {"message": {"tool_calls": part}}} for part in fragments]
        told += [{"type": "tool-call-end", "index": 0}]
    reason = "COMPLETE" if case == "text" else "TOOL_CALL"
    return named(*told, {"type": "message-end", "delta": {"finish_reason": reason, "usage": _COHERE_USAGE}})


ROWS = {
    "converse": Upstream("bedrock", converse_answer, converse_stream, _COMPLAINT, found),
    "cohere": Upstream("cohere", cohere_answer, cohere_stream, _COMPLAINT, found),
    "invoke": Upstream("bedrock", UPSTREAMS["anthropic"].answer, UPSTREAMS["anthropic"].stream, _COMPLAINT, found, "anthropic.claude-up"),
    "azure": Upstream("azure", UPSTREAMS["openai"].answer, UPSTREAMS["openai"].stream, UPSTREAMS["openai"].error, found),
}
