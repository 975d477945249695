"""Write a conversation as Anthropic wants it: system apart, turns that alternate, results of tools before anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels_app import chat_parts
from channels_app.chat_parts import Blob, ToolNames
from channels_app.dialects.anthropic import opaque
from channels_app.faces import Unexpressible

_SYSTEM = {"system", "developer"}
_PLACEHOLDER = {"type": "text", "text": "."}


def conversation(fields: Mapping[str, Any], names: ToolNames) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the system's blocks and the messages; raise Unexpressible."""
    listed = [message for message in fields.get("messages") or () if isinstance(message, dict)]
    start = next((index for index, message in enumerate(listed) if message.get("role") not in _SYSTEM), len(listed))
    system = [block for message in listed[:start] for block in _texts(message)]
    turns: list[dict[str, Any]] = []
    for message in listed[start:]:
        role, blocks = _turn(message, names)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return system, _valid(turns)


def _turn(message: Mapping[str, Any], names: ToolNames) -> tuple[str, list[dict[str, Any]]]:
    role = message.get("role")
    if role == "assistant":
        return "assistant", _assistant(message, names)
    if role in {"tool", "function"}:
        return "user", [_result(message)]
    # A system message in mid-conversation stays in its place: moved up, it would rewrite the cached beginning.
    return "user", _blocks(message)


def _assistant(message: Mapping[str, Any], names: ToolNames) -> list[dict[str, Any]]:
    thoughts = [block for block in message.get("thinking_blocks") or () if isinstance(block, dict)]
    thoughts = [block for block in thoughts if block.get("signature") or block.get("type") == "redacted_thinking"]
    calls = [call for call in message.get("tool_calls") or () if isinstance(call, dict)]
    legacy = message.get("function_call")
    if isinstance(legacy, dict):
        calls = [*calls, {"id": f"call_{legacy.get('name')}", "function": legacy}]
    return [*thoughts, *_blocks(message), *(_tool_use(call, names) for call in calls)]


def _tool_use(call: Mapping[str, Any], names: ToolNames) -> dict[str, Any]:
    return {
        "type": "tool_use",
        "id": opaque.tool_id(str(call.get("id") or "")),
        "name": names.sent(chat_parts.name_of(call)),
        "input": chat_parts.arguments_of(call),
    }


def _result(message: Mapping[str, Any]) -> dict[str, Any]:
    called = str(message.get("tool_call_id") or f"call_{message.get('name')}")
    made: dict[str, Any] = {"type": "tool_result", "tool_use_id": opaque.tool_id(called)}
    blocks = _blocks(message)
    if blocks:
        made["content"] = blocks
    if message.get("is_error"):
        made["is_error"] = True
    return made


def _texts(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [block for block in _blocks(message) if block["type"] == "text"]


def _blocks(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a message's content; empty texts are refused upstream and left out."""
    blocks = [_block(part) for part in chat_parts.parts_of(message.get("content"))]
    made = [block for block in blocks if block["type"] != "text" or block["text"]]
    if message.get("cache_control") and made:
        made[-1] = {**made[-1], "cache_control": message["cache_control"]}
    return made


def _block(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") in {"text", "refusal"}:
        made: dict[str, Any] = {"type": "text", "text": str(part.get("text") or part.get("refusal") or "")}
    else:
        made = _medium(chat_parts.blob_of(part))
    if part.get("cache_control"):
        made["cache_control"] = part["cache_control"]
    return made


def _medium(blob: Blob) -> dict[str, Any]:
    if blob.kind == "audio":
        raise Unexpressible("This model does not hear: input_audio cannot be passed on.", field="messages.content.input_audio")
    if blob.kind == "document" and blob.mime.startswith("text/"):
        source: dict[str, Any] = {"type": "text", "media_type": "text/plain", "data": opaque.plain(blob.data)}
    elif blob.url:
        source = {"type": "url", "url": blob.url}
    else:
        source = {"type": "base64", "media_type": blob.mime, "data": blob.data}
    return {"type": blob.kind, "source": source, **({"title": blob.name} if blob.kind == "document" and blob.name else {})}


def _valid(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return turns that are accepted: begun by the user, none empty, every tool call answered in the next turn, first of all."""
    if not turns or turns[0]["role"] == "assistant":
        turns = [{"role": "user", "content": [dict(_PLACEHOLDER)]}, *turns]
    made: list[dict[str, Any]] = []
    for turn in turns:
        called = _called(made[-1]) if made else []
        if turn["role"] == "user":
            turn = {**turn, "content": _answered(called, turn["content"])}
        made.append({**turn, "content": turn["content"] or [dict(_PLACEHOLDER)]})
    if made[-1]["role"] == "assistant":
        if called := _called(made[-1]):
            made.append({"role": "user", "content": _answered(called, [])})
        else:
            made[-1] = {**made[-1], "content": _trimmed(made[-1]["content"])}
    return made


def _called(turn: Mapping[str, Any]) -> list[str]:
    return [block["id"] for block in turn["content"] if block["type"] == "tool_use"]


def _answered(called: list[str], blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a user's turn with a result for every call first; a missing one is told as an error, a stray one as text."""
    results = {block["tool_use_id"]: block for block in blocks if block["type"] == "tool_result"}
    first = [results.get(one) or {"type": "tool_result", "tool_use_id": one, "content": "No result.", "is_error": True} for one in called]
    stray = [block for name, result in results.items() if name not in called for block in result.get("content") or ()]
    return [*first, *stray, *(block for block in blocks if block["type"] != "tool_result")]


def _trimmed(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a prefilled answer without blanks at its end, which are refused."""
    last = blocks[-1]
    if last["type"] != "text":
        return blocks
    text = last["text"].rstrip()
    kept = [*blocks[:-1], {**last, "text": text}] if text else blocks[:-1]
    return kept or [dict(_PLACEHOLDER)]
