"""Write a Messages request from canonical fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from channels_app import chat_parts
from channels_app.contract import ChannelFacts
from channels_app.dialects.anthropic.messages import conversation
from channels_app.faces import Unexpressible

DEFAULT_LIMIT = 8192
_LEAST_BUDGET = 1024
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 2048, "high": 4096, "xhigh": 8192, "max": 16384}
_EFFORTS = {"minimal": "low", "none": "low"}
_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d+)(?:[-.](\d{1,2}))?(?:\D|$)")
# From this version on models think adaptively, by effort; older ones by a budget of tokens.
_ADAPTIVE = (4, 6)


def write(fields: Mapping[str, Any], channel: ChannelFacts, *, upstream_model: str, is_stream: bool) -> dict[str, Any]:
    """Return the request's fields; raise Unexpressible. Without words here: logprobs, logit_bias, seed, penalties (left out)."""
    _refuse(fields)
    names = chat_parts.ToolNames(fields, limit=128)
    system, messages = conversation(fields, names)
    limit = chat_parts.limit_of(fields) or int(channel.options.get("max_tokens") or DEFAULT_LIMIT)
    made: dict[str, Any] = {"model": upstream_model, "max_tokens": limit, "messages": messages}
    tools = [_tool(function, names) for function in chat_parts.functions(fields)]
    if tools:
        made["tools"] = tools
        made |= _tool_choice(fields, names)
    if stops := chat_parts.stops_of(fields):
        made["stop_sequences"] = stops
    if user := chat_parts.short_user(fields):
        made["metadata"] = {"user_id": user}
    if is_stream:
        made["stream"] = True
    made |= _thinking(fields, channel, upstream_model, limit, messages, made.get("tool_choice"))
    system += _format(fields, made)
    if system:
        made["system"] = system
    made |= _sampling(fields, is_thinking="thinking" in made)
    return made


def _refuse(fields: Mapping[str, Any]) -> None:
    chat_parts.refuse_many(fields)
    if "audio" in (fields.get("modalities") or ()):
        raise Unexpressible("This model does not speak: modalities must not hold audio.", field="modalities")
    if fields.get("web_search_options") is not None:
        raise Unexpressible("web_search_options cannot be passed on to this model.", field="web_search_options")


def _tool(function: Mapping[str, Any], names: chat_parts.ToolNames) -> dict[str, Any]:
    made: dict[str, Any] = {"name": names.sent(str(function.get("name") or "")), "input_schema": chat_parts.schema_of(function)}
    for name in ("description", "cache_control"):
        if function.get(name):
            made[name] = function[name]
    return made


def _tool_choice(fields: Mapping[str, Any], names: chat_parts.ToolNames) -> dict[str, Any]:
    choice, name = chat_parts.choice_of(fields)
    made: dict[str, Any] = {"type": {"required": "any", "named": "tool", "none": "none"}.get(choice, "auto")}
    if choice == "named":
        made["name"] = names.sent(name)
    if fields.get("parallel_tool_calls") is False and choice != "none":
        made["disable_parallel_tool_use"] = True
    return {"tool_choice": made} if choice or len(made) > 1 else {}


def _thinking(
    fields: Mapping[str, Any], channel: ChannelFacts, model: str, limit: int, messages: list[dict[str, Any]], choice: Any
) -> dict[str, Any]:
    """Let the model think as much as was asked for, where that is allowed."""
    asked, effort = fields.get("thinking"), fields.get("reasoning_effort")
    wants = asked.get("type") not in {None, "disabled"} if isinstance(asked, dict) else effort not in {None, "none"}
    # Forced tools exclude thinking; so does a history whose last tool call has lost its thoughts.
    if not wants or (isinstance(choice, dict) and choice["type"] in {"any", "tool"}) or _has_lost_thoughts(messages):
        return {}
    if _is_adaptive(model, channel):
        level = _EFFORTS.get(str(effort), str(effort)) if effort else None
        return {"thinking": {"type": "adaptive", "display": "summarized"}, **({"output_config": {"effort": level}} if level else {})}
    budget = asked.get("budget_tokens") if isinstance(asked, dict) else None
    budget = budget if isinstance(budget, int) else _BUDGETS.get(str(effort), _BUDGETS["medium"])
    budget = min(max(budget, _LEAST_BUDGET), limit - 1)
    return {"thinking": {"type": "enabled", "budget_tokens": budget}} if budget >= _LEAST_BUDGET else {}


def _is_adaptive(model: str, channel: ChannelFacts) -> bool:
    named = channel.options.get("thinking")
    if named in {"adaptive", "budget"}:
        return bool(named == "adaptive")
    found = _VERSION.search(model)
    return found is not None and (int(found[1]), int(found[2] or 0)) >= _ADAPTIVE


def _has_lost_thoughts(messages: list[dict[str, Any]]) -> bool:
    """Tell whether the last turn that called tools does not begin with its thinking."""
    for message in reversed(messages):
        kinds = [block["type"] for block in message["content"]]
        if message["role"] == "assistant" and "tool_use" in kinds:
            return kinds[0] not in {"thinking", "redacted_thinking"}
    return False


def _format(fields: Mapping[str, Any], made: dict[str, Any]) -> list[dict[str, Any]]:
    """Ask for JSON: by schema, or in words where there is none."""
    kind, asked = chat_parts.schema_asked(fields)
    if kind == "json_schema":
        schema = asked.get("schema")
        found = {"type": "json_schema", "schema": _closed(schema if isinstance(schema, dict) else {"type": "object"})}
        made["output_config"] = {**made.get("output_config", {}), "format": found}
    if kind == "json_object":
        return [{"type": "text", "text": "Answer with one JSON object and nothing else."}]
    return []


def _closed(schema: Any) -> Any:
    """Return a schema whose objects allow no further properties, which is demanded here."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _closed(value) for name, value in schema.items()}
    if made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


def _sampling(fields: Mapping[str, Any], *, is_thinking: bool) -> dict[str, Any]:
    """Return temperature, top_p and top_k: none beside thinking, and never temperature and top_p together."""
    if is_thinking:
        return {}
    made: dict[str, Any] = {}
    temperature, top_p, top_k = (fields.get(name) for name in ("temperature", "top_p", "top_k"))
    if isinstance(temperature, int | float):
        made["temperature"] = min(1.0, max(0.0, temperature))
    elif isinstance(top_p, int | float):
        made["top_p"] = top_p
    if isinstance(top_k, int):
        made["top_k"] = top_k
    return made
