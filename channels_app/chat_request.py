"""Write the body of an OpenAI-type request: the client's own bytes where only the model and the usage switch differ.

Large bodies are always written anew: see ADR 0012.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from channels_app.contract import Call

# Fields by which a client could choose a route or bring a credential; that is ours to decide.
ROUTING_FIELDS = frozenset(
    {
        "api_base", "api_key", "api_type", "api_version", "base_url", "channel", "channel_id", "custom_llm_provider",
        "extra_body", "extra_headers", "fallbacks", "headers", "mock_response", "models", "organization", "provider", "route",
    }
)  # fmt: skip
# Without a tool to speak of each of these is a 400 at OpenAI.
_OF_TOOLS = frozenset({"tools", "tool_choice", "parallel_tool_calls"})
# These refuse `max_tokens` (deprecated upstream).
_REASONING_FAMILIES = ("o1", "o3", "o4", "gpt-5", "gpt-6")
_FAMILIES = ("gpt-", "chatgpt-", "o1", "o3", "o4")
_MODEL = re.compile(rb'"model"[ \t\r\n]*:[ \t\r\n]*"')
# Up to so many bytes it costs less to make certain that the original ones may be kept than to write them anew.
_KEPT_BYTES = 4096
_USAGE_SWITCH = b'{"stream_options":{"include_usage":true},'


def write_body(call: Call, *, upstream_model: str, strip: Collection[str] = ()) -> bytes:
    """Return the body to send: upstream's model name, usage asked for in streams, without routing and stripped fields."""
    fields = call.fields
    unwanted = fields.keys() & ROUTING_FIELDS
    if strip:
        unwanted |= fields.keys() & set(strip)
    if not fields.get("tools") and not fields.get("functions"):
        unwanted |= fields.keys() & _OF_TOOLS
    if not call.is_stream and "stream_options" in fields:
        unwanted.add("stream_options")
    wants_switch = call.is_stream and "stream_options" not in strip
    if not unwanted and not (wants_switch and "stream_options" in fields and not _asks_usage(fields)):
        patched = _patched(call, upstream_model, with_switch=wants_switch and "stream_options" not in fields)
        if patched is not None:
            return patched
    changed = {name: value for name, value in fields.items() if name not in unwanted}
    changed["model"] = upstream_model
    if wants_switch:
        changed["stream_options"] = {**_options(fields), "include_usage": True}
    return orjson.dumps(changed)


def _options(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    options = fields.get("stream_options")
    return options if isinstance(options, dict) else {}


def _asks_usage(fields: Mapping[str, Any]) -> bool:
    return _options(fields).get("include_usage") is True


def with_model(call: Call, upstream_model: str) -> bytes | None:
    """Return the client's own bytes with upstream's model name, in any protocol that names it in the body; see `_patched`."""
    return _patched(call, upstream_model, with_switch=False)


def is_reasoning(model: str) -> bool:
    """Tell whether a model is of the families that think, and know `max_completion_tokens` only."""
    return model.rpartition("/")[2].startswith(_REASONING_FAMILIES)


def is_thinking(call: Call, upstream_model: str) -> bool:
    """Tell whether a chat goes to a model of OpenAI's that reasons before it answers; those named `-chat` do not.

    A deployment may have any name: then the public one tells.
    """
    name = upstream_model if upstream_model.startswith(_FAMILIES) else call.model
    return is_reasoning(name) and "-chat" not in name


def _patched(call: Call, upstream_model: str, *, with_switch: bool) -> bytes | None:
    """Change only the model's name in the original bytes, or return None if that cannot be done for certain and cheaply.

    An unescaped `"` never stands inside a JSON string, so `"model":` is a member; where it is the only one in the body
    and no key is spelled with escapes, it is the one that was read.
    """
    body = call.body.lstrip()
    if len(body) > _KEPT_BYTES or not body.startswith(b"{") or body.count(b'"model"') != 1 or b"\\u00" in body:
        return None
    if with_switch and b'"stream_options"' in body:
        return None
    if upstream_model != call.model or call.fields.get("model") != call.model:
        found = _MODEL.search(body)
        named = orjson.dumps(call.fields.get("model"))
        if found is None or not body.startswith(named, found.end() - 1):
            return None
        start = found.end() - 1
        body = body[:start] + orjson.dumps(upstream_model) + body[start + len(named) :]
    return _USAGE_SWITCH + body[1:] if with_switch else body
