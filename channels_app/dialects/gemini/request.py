"""Write a generateContent request from canonical fields."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from channels_app import chat_parts
from channels_app.contract import ChannelFacts
from channels_app.dialects.gemini import schema
from channels_app.dialects.gemini.contents import conversation
from channels_app.faces import Unexpressible

_VERSION = re.compile(r"gemini-(\d+)(?:\.(\d+))?")
_HARMS = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT", "CIVIC_INTEGRITY")
_BUDGETS = {"low": 1024, "medium": 2048, "high": 4096, "xhigh": 8192, "max": 16384}
_LEVELS = {"minimal": "MINIMAL", "none": "MINIMAL", "low": "LOW", "medium": "MEDIUM"}
_MODES = {"none": "NONE", "auto": "AUTO", "required": "ANY", "named": "ANY"}
_PLAIN = (
    ("temperature", "temperature"), ("top_p", "topP"), ("top_k", "topK"), ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"), ("seed", "seed"), ("n", "candidateCount"),
)  # fmt: skip
_MOST_STOPS = 5
# Google's own way to say that a function call comes without the signature of the thought behind it.
SKIPPED = base64.b64encode(b"skip_thought_signature_validator").decode()


def write(fields: Mapping[str, Any], channel: ChannelFacts, *, upstream_model: str) -> dict[str, Any]:
    """Return the request's fields; raise Unexpressible. Without words here: logit_bias, user, parallel_tool_calls (left out)."""
    if fields.get("web_search_options") is not None:
        raise Unexpressible("web_search_options cannot be passed on to this model.", field="web_search_options")
    version = version_of(upstream_model)
    names = chat_parts.ToolNames(fields, allowed=r"[^a-zA-Z0-9_.:-]")
    system, contents = conversation(fields, names, unsigned=SKIPPED if version >= (3, 0) else "")
    made: dict[str, Any] = {"contents": contents}
    if system:
        made["systemInstruction"] = {"parts": system}
    is_whole = str(channel.options.get("schema") or ("json" if version >= (2, 5) else "openapi")) == "json"
    tools = [_declared(function, names, is_whole=is_whole) for function in chat_parts.functions(fields)]
    if tools:
        made["tools"] = [{"functionDeclarations": tools}]
        made |= _choice(fields, names)
    made["safetySettings"] = fields.get("safety_settings") or _safety(channel)
    config = _config(fields, upstream_model, version, is_whole=is_whole)
    if config:
        made["generationConfig"] = config
    return made


def version_of(model: str) -> tuple[int, int]:
    """Return a model's version by its name; names without one are taken for current."""
    found = _VERSION.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else (2, 5)


def _safety(channel: ChannelFacts) -> list[dict[str, str]]:
    threshold = str(channel.options.get("safety") or "BLOCK_NONE")
    return [{"category": f"HARM_CATEGORY_{harm}", "threshold": threshold} for harm in _HARMS]


def _declared(function: Mapping[str, Any], names: chat_parts.ToolNames, *, is_whole: bool) -> dict[str, Any]:
    made = {"name": names.sent(str(function.get("name") or "")), "description": str(function.get("description") or "")}
    return {**made, **schema.parameters(chat_parts.schema_of(function), is_whole=is_whole)}


def _choice(fields: Mapping[str, Any], names: chat_parts.ToolNames) -> dict[str, Any]:
    choice, name = chat_parts.choice_of(fields)
    if choice not in _MODES:
        return {}
    config: dict[str, Any] = {"mode": _MODES[choice]}
    if choice == "named":
        config["allowedFunctionNames"] = [names.sent(name)]
    return {"toolConfig": {"functionCallingConfig": config}}


def _config(fields: Mapping[str, Any], model: str, version: tuple[int, int], *, is_whole: bool) -> dict[str, Any]:
    made = {theirs: fields[ours] for ours, theirs in _PLAIN if fields.get(ours) is not None}
    if (limit := chat_parts.limit_of(fields)) is not None:
        made["maxOutputTokens"] = limit
    if stops := chat_parts.stops_of(fields):
        made["stopSequences"] = stops[:_MOST_STOPS]
    if fields.get("logprobs"):
        made |= {"responseLogprobs": True, "logprobs": max(1, int(fields.get("top_logprobs") or 1))}
    return made | _modalities(fields) | _format(fields, is_whole=is_whole) | _thinking(fields, model, version)


def _modalities(fields: Mapping[str, Any]) -> dict[str, Any]:
    asked = fields.get("modalities") or ()
    if "audio" in asked:
        raise Unexpressible("This model does not speak: modalities must not hold audio.", field="modalities")
    return {"responseModalities": [str(one).upper() for one in asked]} if "image" in asked else {}


def _format(fields: Mapping[str, Any], *, is_whole: bool) -> dict[str, Any]:
    kind, asked = chat_parts.schema_asked(fields)
    if kind == "text":
        return {}
    made: dict[str, Any] = {"responseMimeType": "application/json"}
    wanted = asked.get("schema")
    if kind == "json_schema" and isinstance(wanted, dict):
        made |= {"responseJsonSchema": wanted} if is_whole else {"responseSchema": schema.subset(wanted)}
    return made


def _thinking(fields: Mapping[str, Any], model: str, version: tuple[int, int]) -> dict[str, Any]:
    """Return how much to think: a level for models from 3 on, a budget before; never both, which is refused."""
    effort, asked = fields.get("reasoning_effort"), fields.get("thinking")
    if effort is None or version < (2, 5):
        return {}
    shows = {"includeThoughts": True} if effort != "none" else {}
    if version >= (3, 0):
        level = _LEVELS.get(str(effort), "HIGH")
        return {"thinkingConfig": {"thinkingLevel": "LOW" if level == "MINIMAL" and "flash" not in model else level, **shows}}
    budget = asked.get("budget_tokens") if isinstance(asked, dict) else None
    least = 512 if "lite" in model else 1 if "flash" in model else 128
    if not isinstance(budget, int):
        budget = _BUDGETS.get(str(effort), least)
    if effort == "none":
        budget = 0 if "flash" in model else 128
    return {"thinkingConfig": {"thinkingBudget": budget, **shows}}
