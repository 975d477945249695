"""Put right what official clients stumble over in a stream of Anthropic's protocol: events that are missing, usage that is not there.

Seen with anthropic-python 2.14: an AssertionError without `message_start`, an IndexError for a block nobody opened, an AttributeError
where usage is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BLOCKS: dict[str, dict[str, Any]] = {
    "text_delta": {"type": "text", "text": ""},
    "thinking_delta": {"type": "thinking", "thinking": "", "signature": ""},
    "signature_delta": {"type": "thinking", "thinking": "", "signature": ""},
}
_COUNTS = {"input_tokens": 0, "output_tokens": 0}


def started(payload: Mapping[str, Any], *, model: str) -> dict[str, Any]:
    """Return a `message_start` under the public model name, with usage in it."""
    told = payload.get("message")
    message = told if isinstance(told, dict) else {}
    return {**payload, "message": {**message, "model": model, "usage": _counted(message.get("usage"), _COUNTS)}}


def ended(payload: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a `message_delta` with the usage `known` until then, or None where it has its own."""
    usage = payload.get("usage")
    if isinstance(usage, dict) and isinstance(usage.get("output_tokens"), int):
        return None
    return {**payload, "usage": _counted(usage, {"output_tokens": known.get("output_tokens") or 0})}


def opening(payload: Mapping[str, Any], opened: set[Any]) -> dict[str, Any] | None:
    """Return the `content_block_start` that should have come before a delta, or None; note what was opened."""
    kind, index, delta = payload.get("type"), payload.get("index"), payload.get("delta")
    if kind == "content_block_start":
        opened.add(index)
    if kind != "content_block_delta" or index in opened or not isinstance(delta, dict):
        return None
    block = _BLOCKS.get(str(delta.get("type")))
    if block is None:
        return None
    opened.add(index)
    return {"type": "content_block_start", "index": index, "content_block": block}


def _counted(usage: object, default: Mapping[str, int]) -> dict[str, Any]:
    told = usage if isinstance(usage, dict) else {}
    known = {name: value for name, value in told.items() if value is not None or name not in default}
    return known | {name: count for name, count in default.items() if name not in known}
