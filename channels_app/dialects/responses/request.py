"""Write a Responses request from canonical fields: messages as items, tools flat, nothing kept upstream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels_app import chat_parts
from channels_app.faces import Unexpressible

_PLAIN = ("temperature", "top_p", "parallel_tool_calls", "user", "safety_identifier", "service_tier", "prompt_cache_key", "metadata")


def write(fields: Mapping[str, Any], *, upstream_model: str, is_stream: bool) -> dict[str, Any]:
    """Return the request's fields; raise Unexpressible. Without words here: stop, seed, penalties, logit_bias (left out)."""
    chat_parts.refuse_many(fields)
    if "audio" in (fields.get("modalities") or ()):
        raise Unexpressible("This model does not speak: modalities must not hold audio.", field="modalities")
    items = [item for message in fields.get("messages") or () if isinstance(message, dict) for item in _items(message)]
    made: dict[str, Any] = {"model": upstream_model, "input": items, "store": False}
    made |= {name: fields[name] for name in _PLAIN if fields.get(name) is not None}
    if (limit := chat_parts.limit_of(fields)) is not None:
        made["max_output_tokens"] = max(16, limit)
    tools = [_tool(function) for function in chat_parts.functions(fields)]
    if tools:
        made["tools"] = tools
        choice, name = chat_parts.choice_of(fields)
        if choice:
            made["tool_choice"] = {"type": "function", "name": name} if choice == "named" else choice
    effort = fields.get("reasoning_effort")
    if effort:
        made |= {"reasoning": {"effort": effort, "summary": "auto"}, "include": ["reasoning.encrypted_content"]}
    if is_stream:
        made["stream"] = True
    return made | _text(fields)


def _items(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    role = message.get("role")
    if role in {"tool", "function"}:
        return [_output(message)]
    if role != "assistant":
        return [{"type": "message", "role": role, "content": [_part(part) for part in chat_parts.parts_of(message.get("content"))]}]
    made = [_thought(row) for row in message.get("reasoning_details") or () if isinstance(row, dict) and row.get("data")]
    if text := chat_parts.text_of(message.get("content")):
        made.append({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text, "annotations": []}]})
    calls = [call for call in message.get("tool_calls") or () if isinstance(call, dict)]
    return [*made, *(_call(call) for call in calls)]


def _thought(row: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "reasoning", "summary": [], "encrypted_content": row["data"]}
    return {**made, "id": row["id"]} if row.get("id") else made


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    arguments = chat_parts.json_text(chat_parts.arguments_of(call))
    return {"type": "function_call", "call_id": str(call.get("id") or ""), "name": chat_parts.name_of(call), "arguments": arguments}


def _output(message: Mapping[str, Any]) -> dict[str, Any]:
    parts = chat_parts.parts_of(message.get("content"))
    is_text = all(part.get("type") == "text" for part in parts)
    output = chat_parts.text_of(message.get("content")) if is_text else [_part(part) for part in parts]
    if message.get("is_error") and isinstance(output, str):
        output = f"Error: {output}"
    return {"type": "function_call_output", "call_id": str(message.get("tool_call_id") or message.get("name") or ""), "output": output}


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") in {"text", "refusal"}:
        return {"type": "input_text", "text": str(part.get("text") or part.get("refusal") or "")}
    blob = chat_parts.blob_of(part)
    address = blob.url or chat_parts.data_url(blob.mime, blob.data)
    if blob.kind == "image":
        detail = part["image_url"].get("detail") if isinstance(part.get("image_url"), dict) else None
        return {"type": "input_image", "image_url": address, "detail": detail or "auto"}
    if blob.kind == "audio":
        return {"type": "input_audio", "input_audio": part.get("input_audio")}
    name = "file_url" if blob.url else "file_data"
    return {"type": "input_file", name: address, **({"filename": blob.name or "document.pdf"} if name == "file_data" else {})}


def _tool(function: Mapping[str, Any]) -> dict[str, Any]:
    made = {name: function[name] for name in ("name", "description") if function.get(name)}
    return {"type": "function", **made, "parameters": chat_parts.schema_of(function), "strict": bool(function.get("strict"))}


def _text(fields: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"verbosity": fields["verbosity"]} if fields.get("verbosity") else {}
    kind, asked = chat_parts.schema_asked(fields)
    if kind == "json_schema":
        made["format"] = {"type": "json_schema", "name": "answer", **{name: value for name, value in asked.items() if value is not None}}
    elif kind == "json_object":
        made["format"] = {"type": "json_object"}
    return {"text": made} if made else {}
