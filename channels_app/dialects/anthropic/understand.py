"""Understand a Messages request: Anthropic's fields said canonically."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels_app.chat_parts import data_url, json_text
from channels_app.dialects.anthropic import opaque
from channels_app.faces import Unexpressible

_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
_EFFORT_OF_BUDGET = ((4096, "high"), (2048, "medium"), (1024, "low"))


def understand(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the canonical fields; raise Unexpressible for tools and servers that run at Anthropic only."""
    if fields.get("mcp_servers"):
        raise Unexpressible("mcp_servers run at Anthropic only and cannot be passed on to this model.", field="mcp_servers")
    made: dict[str, Any] = {"model": fields.get("model"), "messages": _messages(fields)}
    for name in ("temperature", "top_p", "top_k"):
        if fields.get(name) is not None:
            made[name] = fields[name]
    if fields.get("max_tokens") is not None:
        made["max_tokens"] = fields["max_tokens"]
    if fields.get("stop_sequences"):
        made["stop"] = list(fields["stop_sequences"])
    tools = [_tool(tool, position) for position, tool in enumerate(fields.get("tools") or ())]
    if tools:
        made["tools"] = tools
        made |= _tool_choice(fields.get("tool_choice"))
    metadata = fields.get("metadata")
    if isinstance(metadata, dict) and metadata.get("user_id"):
        made["user"] = str(metadata["user_id"])
    return made | _thinking(fields) | _format(fields)


def _messages(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    system = _content(fields.get("system"))
    if system:
        made.append({"role": "system", "content": system})
    for position, message in enumerate(fields["messages"]):
        if not isinstance(message, dict):
            raise Unexpressible("A message must be an object.", field=f"messages[{position}]")
        if message.get("role") == "assistant":
            made.append(_assistant(message))
        else:
            made += _user(message)
    return made


def _user(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a user's turn: results of tools first, each in a message of its own, then everything else."""
    blocks = _blocks(message.get("content"))
    results = [_result(block) for block in blocks if block.get("type") == "tool_result"]
    rest = [_part(block) for block in blocks if block.get("type") != "tool_result"]
    role = "system" if message.get("role") == "system" else "user"
    return [*results, *([{"role": role, "content": _simplest(rest)}] if rest or not results else [])]


def _result(block: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"role": "tool", "tool_call_id": str(block.get("tool_use_id") or ""), "content": _content(block.get("content"))}
    for name in ("is_error", "cache_control"):
        if block.get(name):
            made[name] = block[name]
    return made


def _assistant(message: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"role": "assistant", "content": None}
    blocks = _blocks(message.get("content"))
    parts = [_part(block) for block in blocks if block.get("type") == "text"]
    calls = [_call(block) for block in blocks if block.get("type") == "tool_use"]
    opened = [(block, opaque.unwrap(block)) for block in blocks if block.get("type") in {"thinking", "redacted_thinking"}]
    thoughts = [block for block, ours in opened if ours is None]
    kept = [ours for _, ours in opened if ours is not None]
    if parts:
        made["content"] = _simplest(parts)
    if calls:
        made["tool_calls"] = calls
    if thoughts:
        made["thinking_blocks"] = [dict(block) for block in thoughts]
        made["reasoning_content"] = "".join(str(block.get("thinking") or "") for block in thoughts)
    _give_back(made, kept)
    return made


def _give_back(message: dict[str, Any], kept: list[tuple[str, Any]]) -> None:
    """Put what other vendors want back where they look for it."""
    for kind, value in kept:
        if kind == "item":
            message.setdefault("reasoning_details", []).append({"type": "reasoning.encrypted", **value})
        elif kind == "signature":
            for call in message.get("tool_calls") or ():
                if call["id"] == value.get("id"):
                    call["extra_content"] = {"google": {"thought_signature": value.get("signature")}}


def _call(block: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": str(block.get("name") or ""), "arguments": json_text(block.get("input") or {})}
    return {"id": str(block.get("id") or ""), "type": "function", "function": function}


def _blocks(content: object) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _content(content: object) -> Any:
    """Return content as a text where it is one, else as parts."""
    return _simplest([_part(block) for block in _blocks(content)])


def _simplest(parts: list[dict[str, Any]]) -> Any:
    if len(parts) == 1 and parts[0]["type"] == "text" and "cache_control" not in parts[0]:
        return parts[0]["text"]
    return parts or ""


def _part(block: Mapping[str, Any]) -> dict[str, Any]:
    kind = block.get("type")
    if kind == "text":
        made: dict[str, Any] = {"type": "text", "text": str(block.get("text") or "")}
    elif kind == "image":
        made = {"type": "image_url", "image_url": {"url": _address(block, "image")}}
    elif kind == "document":
        made = _document(block)
    elif kind == "search_result":
        texts = "\n".join(str(part.get("text") or "") for part in _blocks(block.get("content")))
        made = {"type": "text", "text": f"{block.get('title') or ''}\n{block.get('source') or ''}\n{texts}"}
    else:
        raise Unexpressible(
            f"A content block of the type {str(kind)[:50]} cannot be passed on to this model.", field="messages.content.type"
        )
    if block.get("cache_control"):
        made["cache_control"] = block["cache_control"]
    return made


def _document(block: Mapping[str, Any]) -> dict[str, Any]:
    source = block.get("source")
    source = source if isinstance(source, dict) else {}
    title = str(block.get("title") or "document")
    if source.get("type") == "text":
        return {"type": "text", "text": str(source.get("data") or "")}
    if source.get("type") == "content":
        return {"type": "text", "text": "\n".join(str(part.get("text") or "") for part in _blocks(source.get("content")))}
    address = _address(block, "document")
    name = "file_data" if address.startswith("data:") else "file_url"
    return {"type": "file", "file": {name: address, "filename": title if "." in title else f"{title}.pdf"}}


def _address(block: Mapping[str, Any], kind: str) -> str:
    source = block.get("source")
    source = source if isinstance(source, dict) else {}
    if source.get("type") == "base64":
        return data_url(str(source.get("media_type") or ""), str(source.get("data") or ""))
    if source.get("type") == "url":
        return str(source.get("url") or "")
    raise Unexpressible(f"An {kind} must come as base64 or by its url: files belong to one vendor.", field="messages.content.source")


def _tool(tool: object, position: int) -> dict[str, Any]:
    found = tool if isinstance(tool, dict) else {}
    if found.get("type") not in {None, "custom"}:
        raise Unexpressible(
            f"The tool {str(found.get('type'))[:50]} runs at Anthropic only and cannot be passed on to this model.",
            field=f"tools[{position}].type",
        )
    function = {"name": str(found.get("name") or ""), "parameters": found.get("input_schema") or {"type": "object", "properties": {}}}
    if found.get("description"):
        function["description"] = found["description"]
    return {"type": "function", "function": function, **({"cache_control": found["cache_control"]} if found.get("cache_control") else {})}


def _tool_choice(choice: object) -> dict[str, Any]:
    if not isinstance(choice, dict):
        return {}
    made: dict[str, Any] = {}
    if choice.get("type") == "tool":
        made["tool_choice"] = {"type": "function", "function": {"name": str(choice.get("name") or "")}}
    elif choice.get("type") in _CHOICES:
        made["tool_choice"] = _CHOICES[choice["type"]]
    if choice.get("disable_parallel_tool_use"):
        made["parallel_tool_calls"] = False
    return made


def _thinking(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the effort: the client's own word first, else what its budget comes to."""
    thinking, config = fields.get("thinking"), fields.get("output_config")
    effort = config.get("effort") if isinstance(config, dict) else None
    if not isinstance(thinking, dict) or thinking.get("type") in {None, "disabled"}:
        return {"reasoning_effort": effort, "thinking": {"type": "disabled"}} if effort else {}
    if effort is None:
        budget = thinking.get("budget_tokens")
        least = "medium" if thinking.get("type") == "adaptive" else "minimal"
        effort = next((name for tokens, name in _EFFORT_OF_BUDGET if isinstance(budget, int) and budget >= tokens), least)
    return {"thinking": dict(thinking), "reasoning_effort": effort}


def _format(fields: Mapping[str, Any]) -> dict[str, Any]:
    config = fields.get("output_config")
    asked = config.get("format") if isinstance(config, dict) else None
    if not isinstance(asked, dict) or asked.get("type") != "json_schema":
        return {}
    schema = {"name": "answer", "schema": asked.get("schema") or {}, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}
