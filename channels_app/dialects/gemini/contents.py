"""Write a conversation as Gemini wants it: system apart, two roles, results of tools by the names of their calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from channels_app import chat_parts
from channels_app.chat_parts import Blob, ToolNames
from channels_app.dialects.gemini import opaque

_SYSTEM = {"system", "developer"}
_PICTURES = {"png": "image/png", "gif": "image/gif", "webp": "image/webp", "pdf": "application/pdf", "mp4": "video/mp4"}


def conversation(fields: Mapping[str, Any], names: ToolNames, *, unsigned: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the system's parts and the contents; `unsigned` stands in where a function call has lost its signature."""
    listed = [message for message in fields.get("messages") or () if isinstance(message, dict)]
    start = next((index for index, message in enumerate(listed) if message.get("role") not in _SYSTEM), len(listed))
    system = [{"text": chat_parts.text_of(message.get("content"))} for message in listed[:start]]
    called = _names(listed)
    contents: list[dict[str, Any]] = []
    for message in listed[start:]:
        role = "model" if message.get("role") == "assistant" else "user"
        parts = _parts(message, names, called, unsigned)
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts
        elif parts:
            contents.append({"role": role, "parts": parts})
    if not contents or contents[0]["role"] != "user":
        contents.insert(0, {"role": "user", "parts": [{"text": "."}]})
    return [part for part in system if part["text"]], contents


def _names(messages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the names of all tool calls by their ids: results come by id, and are wanted by name."""
    calls = [call for message in messages for call in message.get("tool_calls") or () if isinstance(call, dict)]
    return {str(call.get("id")): chat_parts.name_of(call) for call in calls}


def _parts(message: Mapping[str, Any], names: ToolNames, called: Mapping[str, str], unsigned: str) -> list[dict[str, Any]]:
    if message.get("role") in {"tool", "function"}:
        return _result(message, names, called)
    parts = [_part(part) for part in chat_parts.parts_of(message.get("content"))]
    parts = [part for part in parts if part.get("text") != ""]
    if message.get("role") == "assistant":
        kept = opaque.kept(message)
        calls = [call for call in message.get("tool_calls") or () if isinstance(call, dict)]
        parts = [*kept, *parts, *_calls(calls, names, unsigned)]
    return parts


def _calls(calls: Sequence[Mapping[str, Any]], names: ToolNames, unsigned: str) -> list[dict[str, Any]]:
    """Return function calls with their signatures; only the first of a turn has one, so only that one can have lost it."""
    made: list[dict[str, Any]] = []
    for position, call in enumerate(calls):
        part: dict[str, Any] = {"functionCall": {"name": names.sent(chat_parts.name_of(call)), "args": chat_parts.arguments_of(call)}}
        signature = _signature(call) or (unsigned if position == 0 else "")
        made.append({**part, "thoughtSignature": signature} if signature else part)
    return made


def _signature(call: Mapping[str, Any]) -> str:
    extra = call.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    return str(google.get("thought_signature") or "") if isinstance(google, dict) else ""


def _result(message: Mapping[str, Any], names: ToolNames, called: Mapping[str, str]) -> list[dict[str, Any]]:
    parts = chat_parts.parts_of(message.get("content"))
    text = "".join(str(part.get("text") or "") for part in parts if part.get("type") == "text")
    name = called.get(str(message.get("tool_call_id"))) or str(message.get("name") or "unknown")
    response = {"error": text} if message.get("is_error") else _object(text)
    media = [_part(part) for part in parts if part.get("type") != "text"]
    return [{"functionResponse": {"name": names.sent(name), "response": response}}, *media]


def _object(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else {"result": text}


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") in {"text", "refusal"}:
        return {"text": str(part.get("text") or part.get("refusal") or "")}
    return _medium(chat_parts.blob_of(part))


def _medium(blob: Blob) -> dict[str, Any]:
    if not blob.url:
        return {"inlineData": {"mimeType": blob.mime, "data": blob.data}}
    ending = blob.url.partition("?")[0].rpartition(".")[2].lower()
    usual = "application/pdf" if blob.kind == "document" else "image/jpeg"
    return {"fileData": {"mimeType": _PICTURES.get(ending, usual), "fileUri": blob.url}}
