"""Understand a Responses request: its items and flat tools said canonically."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels_app.chat_parts import json_text
from channels_app.dialects.responses import opaque
from channels_app.faces import Unexpressible

# What lies at one upstream, or runs there after the answer.
_STATEFUL = ("previous_response_id", "conversation", "prompt", "background")
_PLAIN = ("temperature", "top_p", "parallel_tool_calls", "user", "safety_identifier", "service_tier")
# Some clients offer these always: they are left out, as the model can do without. Others were asked for on purpose.
_OPTIONAL = ("web_search", "namespace", "tool_search", "local_shell")
# Steps of tools that run upstream, in an earlier answer: they say nothing without their results.
_FOREIGN_STEPS = ("_call", "_call_output", "_list_tools", "_approval_request", "_approval_response", "compaction", "additional_tools")


def understand(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the canonical fields; raise Unexpressible for state and tools that one upstream keeps."""
    for name in _STATEFUL:
        if fields.get(name):
            raise Unexpressible(f"{name} needs an upstream that keeps responses; no channel of this model does.", field=name)
    made: dict[str, Any] = {"model": fields.get("model"), "messages": _Messages(fields).made}
    made |= {name: fields[name] for name in _PLAIN if fields.get(name) is not None}
    if fields.get("max_output_tokens") is not None:
        made["max_tokens"] = fields["max_output_tokens"]
    tools = [one for position, tool in enumerate(fields.get("tools") or ()) for one in _tool(tool, position)]
    if tools:
        made["tools"] = tools
        made |= _choice(fields.get("tool_choice"))
    if "message.output_text.logprobs" in (fields.get("include") or ()):
        made |= {"logprobs": True, "top_logprobs": fields.get("top_logprobs") or 0}
    reasoning = fields.get("reasoning")
    if isinstance(reasoning, dict) and reasoning.get("effort"):
        made["reasoning_effort"] = reasoning["effort"]
    return made | _text(fields.get("text"))


class _Messages:
    """Groups items into messages: what the assistant thought, said and called between two turns is one message."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.made: list[dict[str, Any]] = []
        self._kept: list[dict[str, Any]] = []
        if fields.get("instructions"):
            self.made.append({"role": "system", "content": str(fields["instructions"])})
        items = fields.get("input")
        for position, item in enumerate([{"role": "user", "content": items}] if isinstance(items, str) else items or ()):
            if isinstance(item, dict):
                self._item(item, position)

    def _item(self, item: Mapping[str, Any], position: int) -> None:
        kind = str(item.get("type") or "message")
        if kind == "message":
            self._message(item)
        elif kind in {"function_call", "custom_tool_call"}:
            self._call(item, kind)
        elif kind in {"function_call_output", "custom_tool_call_output"}:
            output = item.get("output")
            content = output if isinstance(output, str) else _content(output)
            self.made.append({"role": "tool", "tool_call_id": str(item.get("call_id") or ""), "content": content})
        elif kind == "reasoning":
            self._reasoning(item)
        elif not kind.endswith(_FOREIGN_STEPS):
            raise Unexpressible(f"An item of the type {kind[:50]} cannot be passed on to this model.", field=f"input[{position}].type")

    def _message(self, item: Mapping[str, Any]) -> None:
        if item.get("role") != "assistant":
            self.made.append({"role": str(item.get("role") or "user"), "content": _content(item.get("content"))})
            return
        message = self._assistant()
        content = _content(item.get("content"))
        message["content"] = content if message["content"] is None else f"{message['content']}{content}"

    def _call(self, item: Mapping[str, Any], kind: str) -> None:
        arguments = str(item.get("arguments") or "") if kind == "function_call" else json_text({"input": item.get("input") or ""})
        function = {"name": str(item.get("name") or ""), "arguments": arguments}
        call: dict[str, Any] = {"id": str(item.get("call_id") or ""), "type": "function", "function": function}
        message = self._assistant()
        for value in self._kept:
            if value.get("id") == call["id"]:
                call["extra_content"] = {"google": {"thought_signature": value.get("signature")}}
        message.setdefault("tool_calls", []).append(call)

    def _reasoning(self, item: Mapping[str, Any]) -> None:
        content = item.get("encrypted_content")
        ours = opaque.unwrap(content)
        if ours is not None and "signature" in ours:
            self._kept.append(ours)
            return
        message = self._assistant()
        words = "".join(
            str(part.get("text") or "") for name in ("summary", "content") for part in item.get(name) or () if isinstance(part, dict)
        )
        if words:
            message["reasoning_content"] = message.get("reasoning_content", "") + words
        if ours is not None:
            message.setdefault("thinking_blocks", []).append(ours.get("block"))
        elif content:
            row = {"type": "reasoning.encrypted", "data": content, "id": item.get("id")}
            message.setdefault("reasoning_details", []).append(row)

    def _assistant(self) -> dict[str, Any]:
        if not self.made or self.made[-1]["role"] != "assistant":
            self.made.append({"role": "assistant", "content": None})
        return self.made[-1]


def _content(content: object) -> Any:
    """Return content as a text where it is one, else as parts."""
    if isinstance(content, str):
        return content
    parts = [_part(part) for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    if all(part["type"] == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    kind = part.get("type")
    if kind in {"input_text", "output_text", "text", "refusal", "summary_text"}:
        return {"type": "text", "text": str(part.get("text") or part.get("refusal") or "")}
    if kind == "input_image" and part.get("image_url"):
        shown = {"url": str(part["image_url"]), **({"detail": part["detail"]} if part.get("detail") else {})}
        return {"type": "image_url", "image_url": shown}
    if kind == "input_audio":
        return {"type": "input_audio", "input_audio": part.get("input_audio") or {}}
    if kind == "input_file" and (part.get("file_data") or part.get("file_url")):
        return {"type": "file", "file": {name: part[name] for name in ("file_data", "file_url", "filename") if part.get(name)}}
    name = "file_id" if part.get("file_id") else "type"
    raise Unexpressible(f"A part of the type {str(kind)[:50]} cannot be passed on to this model so.", field=f"input.content.{name}")


def _tool(tool: object, position: int) -> list[dict[str, Any]]:
    found = tool if isinstance(tool, dict) else {}
    kind = str(found.get("type") or "")
    if kind == "function":
        function = {name: found[name] for name in ("name", "description", "parameters", "strict") if found.get(name) is not None}
        return [{"type": "function", "function": function}]
    if kind == "custom":
        parameters = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
        return [
            {"type": "function", "function": {"name": found.get("name"), "description": found.get("description"), "parameters": parameters}}
        ]
    if kind.startswith(_OPTIONAL):
        return []
    raise Unexpressible(f"The tool {kind[:50]} runs at OpenAI only and cannot be passed on to this model.", field=f"tools[{position}].type")


def _choice(choice: object) -> dict[str, Any]:
    if isinstance(choice, str):
        return {"tool_choice": choice}
    if not isinstance(choice, dict):
        return {}
    if choice.get("type") in {"function", "custom"}:
        return {"tool_choice": {"type": "function", "function": {"name": str(choice.get("name") or "")}}}
    if choice.get("type") == "allowed_tools":
        return {"tool_choice": choice.get("mode") or "auto"}
    raise Unexpressible("tool_choice names a tool that cannot be passed on to this model.", field="tool_choice")


def _text(text: object) -> dict[str, Any]:
    if not isinstance(text, dict):
        return {}
    made: dict[str, Any] = {"verbosity": text["verbosity"]} if text.get("verbosity") else {}
    asked = text.get("format")
    kind = asked.get("type") if isinstance(asked, dict) else None
    if kind == "json_schema" and isinstance(asked, dict):
        named = {name: asked[name] for name in ("name", "description", "schema", "strict") if asked.get(name) is not None}
        made["response_format"] = {"type": "json_schema", "json_schema": named}
    elif kind == "json_object":
        made["response_format"] = {"type": "json_object"}
    return made
