"""Repair the parts of a chat-completion chunk: deltas, tool calls and finish reasons.

The rules are what the official SDKs need to read a stream: the role once, a tool call's index always, its id, type and
name once, arguments as text, exactly one known finish reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

_TEXT_ONLY = frozenset({"role", "content"})
FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
# By these vendors say that they could not go on: no reason a client could act upon.
FAILED = frozenset({"error", "insufficient_system_resource", "network_error"})
_FINISH_ALIASES = {
    "max_tokens": "length",
    "model_length": "length",
    "max_output_tokens": "length",
    "safety": "content_filter",
    "content_filtered": "content_filter",
    "sensitive": "content_filter",
    "refusal": "content_filter",
    "tool_use": "tool_calls",
}


def known_reason(reason: str | None, *, has_tools: bool) -> str:
    """Return a finish reason of the protocol: `tool_calls` if and only if there were tool calls, `stop` for unknown ones."""
    name = (reason or "stop").lower()
    name = _FINISH_ALIASES.get(name, name)
    if name not in FINISH_REASONS:
        name = "stop"
    if has_tools:
        return "tool_calls" if name == "stop" else name
    return "stop" if name == "tool_calls" else name


class Tool:
    """One tool call of a choice: what of it is known. Nothing is said of it while its name seems to be but a beginning."""

    __slots__ = ("has_arguments", "id", "index", "is_said", "kind", "name")

    def __init__(self, index: int) -> None:
        self.index = index
        self.id = ""
        self.kind = "function"
        self.name = ""
        self.has_arguments = False
        self.is_said = False

    def opening(self) -> dict[str, Any]:
        """Return what begins the call for the client."""
        self.is_said = True
        return {"index": self.index, "id": self.id, "type": self.kind}


class Choice:
    """What is known of one choice while its stream runs."""

    __slots__ = ("_by_index", "_call_prefix", "_goes_on", "_held", "finish", "has_role", "index", "last", "tools")

    def __init__(self, index: int, call_prefix: str, goes_on: Callable[[str], bool] | None = None) -> None:
        self._goes_on = goes_on
        self._held: Tool | None = None
        self.index = index
        self.has_role = False
        self.finish: str | None = None
        self.last: tuple[dict[str, Any], dict[str, Any], bytes | None] | None = None
        self.tools: list[Tool] = []
        self._by_index: dict[int, Tool] = {}
        self._call_prefix = call_prefix

    @property
    def final_reason(self) -> str:
        """Return the one finish reason to show."""
        return known_reason(self.finish, has_tools=bool(self.tools))

    def repair(self, delta: dict[str, Any]) -> dict[str, Any]:
        """Return the delta as clients need it: the same object when nothing had to change."""
        fixed = self._with_role(delta)
        content = fixed.get("content")
        if content is not None and not isinstance(content, str):
            fixed = _flatten(fixed, content)
        if fixed.get("tool_calls") or self._held is not None:
            calls = self._repair_tools(fixed.get("tool_calls") or ())
            if calls:
                fixed = fixed if calls == fixed.get("tool_calls") else {**fixed, "tool_calls": calls}
            else:
                fixed = {name: value for name, value in fixed.items() if name != "tool_calls"}
        return fixed

    def _with_role(self, delta: dict[str, Any]) -> dict[str, Any]:
        if not self.has_role:
            self.has_role = True
            return delta if delta.get("role") == "assistant" else {**delta, "role": "assistant"}
        if "role" in delta:
            return {name: value for name, value in delta.items() if name != "role"}
        return delta

    def _repair_tools(self, calls: object) -> list[dict[str, Any]]:
        listed = [call for call in (calls if isinstance(calls, (list, tuple)) else [calls]) if isinstance(call, dict)]
        fixed: list[dict[str, Any]] = []
        for call in listed:
            fixed += self._repair_tool(call)
        if self._held is not None and not listed:
            fixed += self._release()  # the name was all there is
        return fixed

    def _repair_tool(self, call: dict[str, Any]) -> list[dict[str, Any]]:
        tool, is_new = self._tool(call)
        before = self._release() if self._held is not None and self._held is not tool else []
        if is_new:
            tool.id = _text(call.get("id")) or f"{self._call_prefix}{self.index}_{tool.index}"
            tool.kind = _text(call.get("type")) or "function"
        if "custom" in call:
            return [*before, {**call, **tool.opening()} if is_new else _without_identity(call, tool.index)]
        function = _repair_function(tool, call.get("function"))
        if tool.is_said:
            return [*before, {**_without_identity(call, tool.index), "function": function}]
        if not tool.has_arguments and self._is_beginning(tool.name):
            self._held = tool
            return before
        self._held = None
        if tool.name:
            function = {"name": tool.name, **{name: value for name, value in function.items() if name != "name"}}
        return [*before, {**call, **tool.opening(), "function": function}]

    def _is_beginning(self, name: str) -> bool:
        """Tell whether a name is only the beginning of one that the client has declared."""
        return bool(name) and self._goes_on is not None and self._goes_on(name)

    def _release(self) -> list[dict[str, Any]]:
        tool, self._held = self._held, None
        return [] if tool is None else [{**tool.opening(), "function": {"name": tool.name, "arguments": ""}}]

    def _tool(self, call: dict[str, Any]) -> tuple[Tool, bool]:
        """Find the call a fragment belongs to: by index, else by id, else the last one."""
        index, identity = call.get("index"), _text(call.get("id"))
        if type(index) is int and index >= 0:
            known = self._by_index.get(index)
            if known is None or (identity and identity != known.id and _name_of(call)):
                known = self._by_index[index] = self._new_tool()
                return known, True
            return known, False
        if identity:
            for tool in self.tools:
                if tool.id == identity:
                    return tool, False
        elif self.tools and not _name_of(call):
            return self.tools[-1], False
        return self._new_tool(), True

    def _new_tool(self) -> Tool:
        tool = Tool(len(self.tools))
        self.tools.append(tool)
        return tool


def _without_identity(call: dict[str, Any], index: int) -> dict[str, Any]:
    return {**{name: value for name, value in call.items() if name not in {"id", "type"}}, "index": index}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _name_of(call: dict[str, Any]) -> str:
    function = call.get("function")
    return _text(function.get("name")) if isinstance(function, dict) else ""


def _repair_function(tool: Tool, function: object) -> dict[str, Any]:
    fixed: dict[str, Any] = dict(function) if isinstance(function, dict) else {}
    name = _text(fixed.pop("name", None))
    if name and name != tool.name and not tool.has_arguments:
        fixed = {"name": name, **fixed}
        tool.name = tool.name + name
    arguments = fixed.get("arguments")
    if arguments is not None and not isinstance(arguments, str):
        fixed["arguments"] = orjson.dumps(arguments).decode()
    elif arguments is None:
        fixed["arguments"] = ""
    tool.has_arguments = tool.has_arguments or bool(fixed["arguments"])
    return fixed


def _flatten(delta: dict[str, Any], content: object) -> dict[str, Any]:
    """Turn content given as a list of parts (Mistral) into text and reasoning."""
    texts: list[str] = []
    thoughts: list[str] = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, dict) and part.get("type") == "thinking":
            thoughts.append(_joined(part.get("thinking")))
        else:
            texts.append(_joined([part]))
    fixed = {**delta, "content": "".join(texts)}
    if thoughts:
        fixed["reasoning_content"] = "".join(thoughts)
    return fixed


def _joined(parts: object) -> str:
    if isinstance(parts, str):
        return parts
    listed = parts if isinstance(parts, list) else []
    return "".join(part if isinstance(part, str) else _text(part.get("text")) if isinstance(part, dict) else "" for part in listed)


def delivers(delta: dict[str, Any]) -> bool:
    """Tell whether a delta carries content of any kind: text, reasoning, tools, audio, a refusal."""
    return bool(delta.get("content")) or any(value for name, value in delta.items() if name not in {"role", "content"})


def size(delta: dict[str, Any]) -> int:
    """Count the UTF-8 bytes of text, reasoning, refusal, transcript and tool arguments in a delta or a message."""
    if delta.keys() <= _TEXT_ONLY:
        return _bytes(delta.get("content"))
    total = _bytes(delta.get("content")) + _bytes(delta.get("refusal"))
    total += _bytes(delta.get("reasoning_content") or delta.get("reasoning"))
    audio = delta.get("audio")
    if isinstance(audio, dict):
        total += _bytes(audio.get("transcript"))
    for call in delta.get("tool_calls") or ():
        body = call.get("function") or call.get("custom") if isinstance(call, dict) else None
        if isinstance(body, dict):
            total += _bytes(body.get("name")) + _bytes(body.get("arguments") or body.get("input"))
    legacy = delta.get("function_call")
    return total + (_bytes(legacy.get("arguments")) if isinstance(legacy, dict) else 0)


def _bytes(value: object) -> int:
    if not isinstance(value, str):
        return 0
    return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
