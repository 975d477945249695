"""Write an OpenAI-type body from canonical fields, for clients that speak another protocol: nothing that vendors like OpenAI refuse."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import orjson

from channels_app import chat_parts
from channels_app.chat_request import ROUTING_FIELDS, is_reasoning

# Canonical fields that OpenAI and those like it do not know.
_FOREIGN = frozenset({"thinking", "top_k", "safety_settings", "stream_options"})
_FOREIGN_IN_MESSAGES = frozenset({"thinking_blocks", "reasoning_details", "reasoning_content", "is_error", "cache_control"})
_MOST_STOPS = 4
_LONGEST_USER = 64
# These answer 400 to an effort of reasoning.
_THOUGHTLESS = re.compile(r"(^|/)(gpt-3|gpt-4|chatgpt)")
# These want an assistant's thoughts back while it calls tools.
_REMEMBERING = re.compile(r"deepseek|kimi|glm|qwen", re.I)


def write_chat(fields: Mapping[str, Any], *, upstream_model: str, is_stream: bool, strip: Collection[str] = ()) -> bytes:
    """Return the body; tool names are made to fit (see `ToolNames`)."""
    names = chat_parts.ToolNames(fields)
    made = {name: value for name, value in fields.items() if name not in _FOREIGN and name not in ROUTING_FIELDS}
    made["model"] = upstream_model
    keeps_thoughts = _REMEMBERING.search(upstream_model) is not None
    made["messages"] = list(_conversation(fields, names, keeps_thoughts=keeps_thoughts))
    made |= _tools(fields, names)
    if "max_tokens" in made and is_reasoning(upstream_model):
        made["max_completion_tokens"] = made.pop("max_tokens")
    if isinstance(made.get("stop"), list):
        made["stop"] = made["stop"][:_MOST_STOPS]
    user = made.get("user")
    if isinstance(user, str) and len(user) > _LONGEST_USER:
        made["user"] = hashlib.sha256(user.encode()).hexdigest()[:32]
    if _THOUGHTLESS.search(upstream_model) and "thinking" in fields:
        made.pop("reasoning_effort", None)
    if is_stream:
        made |= {"stream": True, "stream_options": {"include_usage": True}}
    return orjson.dumps({name: value for name, value in made.items() if name not in strip and value is not None})


def _tools(fields: Mapping[str, Any], names: chat_parts.ToolNames) -> dict[str, Any]:
    """Return tools and choice; both vanish where there is no tool, which is a 400 otherwise."""
    tools = [tool for tool in fields.get("tools") or () if isinstance(tool, dict)]
    if not tools:
        return {"tools": None, "tool_choice": None, "parallel_tool_calls": None}
    choice = fields.get("tool_choice")
    return {
        "tools": [_tool(tool, names) for tool in tools],
        "tool_choice": _named(choice, names) if isinstance(choice, dict) else choice,
    }


def _tool(tool: Mapping[str, Any], names: chat_parts.ToolNames) -> dict[str, Any]:
    return _named({name: value for name, value in tool.items() if name != "cache_control"}, names)


def _named(holder: Mapping[str, Any], names: chat_parts.ToolNames) -> dict[str, Any]:
    """Return a tool, a call or a choice with the name of its function as it may be sent."""
    found = {**holder}
    for kind in ("function", "custom"):
        inner = found.get(kind)
        if isinstance(inner, dict) and "name" in inner:
            found[kind] = {**inner, "name": names.sent(str(inner["name"]))}
    return found


def _conversation(fields: Mapping[str, Any], names: chat_parts.ToolNames, *, keeps_thoughts: bool) -> Iterator[dict[str, Any]]:
    """Give the messages as OpenAI has them; pictures in results of tools follow, after all results of the turn, as the user's."""
    media: list[Mapping[str, Any]] = []
    for message in fields.get("messages") or ():
        if message.get("role") == "tool":
            yield _result(message, media)
            continue
        if media:
            yield {"role": "user", "content": [_plain(part) for part in media]}
            media = []
        yield _message(message, names, keeps_thoughts=keeps_thoughts)
    if media:
        yield {"role": "user", "content": [_plain(part) for part in media]}


def _message(message: Mapping[str, Any], names: chat_parts.ToolNames, *, keeps_thoughts: bool) -> dict[str, Any]:
    made = {name: value for name, value in message.items() if name not in _FOREIGN_IN_MESSAGES}
    if keeps_thoughts and message.get("reasoning_content"):
        made["reasoning_content"] = message["reasoning_content"]
    if made.get("tool_calls"):
        made["tool_calls"] = [_named(call, names) for call in made["tool_calls"]]
    if isinstance(made.get("content"), list):
        made["content"] = _content(made["content"], is_user=message.get("role") == "user")
    return made


def _content(parts: list[Mapping[str, Any]], *, is_user: bool) -> Any:
    """Return parts without foreign marks; text alone becomes one text, which every vendor understands."""
    if all(part.get("type") == "text" for part in parts) and (not is_user or len(parts) == 1):
        return "\n\n".join(str(part.get("text") or "") for part in parts)
    return [_plain(part) for part in parts]


def _plain(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name != "cache_control"}


def _result(message: Mapping[str, Any], media: list[Mapping[str, Any]]) -> dict[str, Any]:
    parts = chat_parts.parts_of(message.get("content"))
    media += [part for part in parts if part.get("type") != "text"]
    text = "\n".join(str(part.get("text") or "") if part.get("type") == "text" else f"[{part.get('type')}]" for part in parts)
    made = {name: value for name, value in message.items() if name not in _FOREIGN_IN_MESSAGES}
    return {**made, "content": f"Error: {text}" if message.get("is_error") else text}
