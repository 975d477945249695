"""What vendors of other protocols than OpenAI's say: whole answers and streams in their own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson


def anthropic_message(text: str = "Hi", *, usage: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return a message as Anthropic writes it."""
    return {
        "id": "msg_up",
        "type": "message",
        "role": "assistant",
        "model": "claude-up",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": dict(usage or {"input_tokens": 12, "output_tokens": 4}),
        **more,
    }


def named(*payloads: Mapping[str, Any]) -> bytes:
    """Return events that carry their type as their name too."""
    return b"".join(b"event: %s\ndata: %s\n\n" % (str(one["type"]).encode(), orjson.dumps(one)) for one in payloads)


def events(raw: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Return the names and payloads of a stream's events, comments left out."""
    found = []
    for block in raw.split(b"\n\n"):
        lines = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line and not line.startswith(b":"))
        if b"data" in lines:
            found.append((lines.get(b"event", b"").decode(), orjson.loads(lines[b"data"])))
    return found


def _block(index: int, block: Mapping[str, Any], *deltas: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": block},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


_START: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-up",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 25, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 0, "output_tokens": 1},
}
# The documented example: thoughts with their signature, a ping, a tool call in fragments, cumulative usage.
ANTHROPIC_SSE = named(
    {"type": "message_start", "message": _START},
    *_block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "Let me"},
        {"type": "signature_delta", "signature": "EqQB"},
    ),
    {"type": "ping"},
    *_block(
        1,
        {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}},
        {"type": "input_json_delta", "partial_json": '{"city":'},
        {"type": "input_json_delta", "partial_json": '"Paris"}'},
    ),
    {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None}, "usage": {"output_tokens": 58}},
    {"type": "message_stop"},
)
