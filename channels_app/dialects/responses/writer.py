"""Write an answer in the Responses protocol from deltas: named events with growing numbers, or one response object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels_app import lenient
from channels_app.contract import Call, Usage
from channels_app.deltas import (
    Citation,
    Comment,
    Consumed,
    Delta,
    Done,
    Finish,
    Media,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolArguments,
    ToolStart,
)
from channels_app.dialects.responses import opaque
from channels_app.dialects.responses import usage as usages
from channels_app.dialects.responses.items import CustomCall, Events, Item, Message, Picture, Thought, ToolCall

_CAUSES = {"length": "max_output_tokens", "content_filter": "content_filter"}


def skeleton(call: Call, *, request_id: str, created: int) -> dict[str, Any]:
    """Return a response object before anything was said: what the client asked for, as it reads it back."""
    fields = call.fields
    asked = {name: fields.get(name) for name in ("instructions", "max_output_tokens", "temperature", "top_p", "user")}
    return {
        "id": f"resp_{request_id}",
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        **asked,
        "model": call.model,
        "output": [],
        "parallel_tool_calls": fields.get("parallel_tool_calls") is not False,
        "previous_response_id": None,
        "reasoning": fields.get("reasoning") or {"effort": None, "summary": None},
        "service_tier": "default",
        "store": False,
        "text": fields.get("text") or {"format": {"type": "text"}},
        "tool_choice": fields.get("tool_choice") or "auto",
        "tools": fields.get("tools") or [],
        "truncation": "disabled",
        "usage": None,
        "metadata": fields.get("metadata") or {},
    }


class Output:
    """The items of one response, growing by deltas; words close what was open before them, tool calls run side by side."""

    def __init__(self, call: Call, request_id: str) -> None:
        tools = [tool for tool in call.fields.get("tools") or () if isinstance(tool, dict)]
        self._custom = {str(tool.get("name")) for tool in tools if tool.get("type") == "custom"}
        self._request_id = request_id
        self.items: list[Item] = []
        self._open: list[Item] = []
        self._tools: dict[int, ToolCall] = {}

    def take(self, delta: Delta) -> list[tuple[Item, Events]]:
        """Return what a delta changes: events by item."""
        match delta:
            case Text(text):
                message = self._current(Message, "msg")
                return [*message[1], (message[0], message[0].say(text))]
            case Refusal(text):
                refused = self._current(Message, "msg", is_refusal=True)
                return [*refused[1], (refused[0], refused[0].say(text))]
            case Reasoning(text):
                thought = self._current(Thought, "rs")
                return [*thought[1], (thought[0], thought[0].say(text))]
            case Citation(annotation):
                cited = self._current(Message, "msg")
                return [*cited[1], (cited[0], cited[0].cite(_flat(annotation)))]
            case _:
                return self._other(delta)

    def _other(self, delta: Delta) -> list[tuple[Item, Events]]:
        match delta:
            case Opaque():
                return self._seal(delta)
            case ToolStart():
                return self._call(delta)
            case ToolArguments(index, text) if index in self._tools:
                return [(self._tools[index], self._tools[index].say(text))]
            case Media():
                return self._once(Picture(self._name("ig"), mime=delta.mime, data=delta.data)) if delta.data else []
            case _:
                return []

    def close(self) -> list[tuple[Item, Events]]:
        """Return the events that complete what is open."""
        closed = [(item, item.closing()) for item in self._open]
        self._open = []
        return closed

    def _name(self, prefix: str) -> str:
        return f"{prefix}_{self._request_id}{len(self.items):02x}"

    def _current(self, kind: Any, prefix: str, **more: Any) -> tuple[Any, list[tuple[Item, Events]]]:
        """Return the open item of a kind, and the events of closing others and opening it where that is needed."""
        last = self._open[-1] if self._open else None
        if type(last) is kind and (not isinstance(last, Message) or last.is_refusal == bool(more)):
            return last, []
        return self._begin(kind(self._name(prefix), **more))

    def _begin(self, item: Any) -> tuple[Any, list[tuple[Item, Events]]]:
        closed = [] if isinstance(item, ToolCall) and all(isinstance(one, ToolCall) for one in self._open) else self.close()
        self.items.append(item)
        self._open.append(item)
        return item, [*closed, (item, item.opening())]

    def _once(self, item: Item) -> list[tuple[Item, Events]]:
        _, opened = self._begin(item)
        return [*opened, *self.close()]

    def _seal(self, delta: Opaque) -> list[tuple[Item, Events]]:
        if delta.kind == "signature":
            thought, opened = self._current(Thought, "rs")
            thought.seal_block(delta.data)
            return [*opened, *self.close()]
        item = Thought(delta.id or self._name("rs"))
        item.sealed = (
            delta.data if delta.kind == "reasoning_item" else opaque.wrap({"block": {"type": "redacted_thinking", "data": delta.data}})
        )
        last = self._open[-1] if self._open else None
        if delta.kind == "reasoning_item" and isinstance(last, Thought) and not last.sealed:
            last.sealed = delta.data
            return self.close()
        return self._once(item)

    def _call(self, start: ToolStart) -> list[tuple[Item, Events]]:
        before: list[tuple[Item, Events]] = []
        if start.signature:
            kept = Thought(self._name("rs"))
            kept.sealed = opaque.wrap({"id": start.id, "signature": start.signature})
            before = self._once(kept)
        kind, prefix = (CustomCall, "ctc") if start.name in self._custom else (ToolCall, "fc")
        item, opened = self._begin(kind(self._name(prefix), call_id=start.id, name=start.name))
        self._tools[start.index] = item
        return [*before, *opened]


def _flat(annotation: Mapping[str, Any]) -> dict[str, Any]:
    source = annotation.get("url_citation")
    return {"type": "url_citation", **source} if isinstance(source, dict) else dict(annotation)


class ResponsesWriter:
    """Writes one stream."""

    def __init__(self, call: Call, *, request_id: str, created: int) -> None:
        self._response = skeleton(call, request_id=request_id, created=created)
        self._output = Output(call, request_id)
        self._finish: Finish | None = None
        self._usage: Usage | None = None
        self._number = 0

    def write(self, delta: Delta) -> bytes:
        """Return the events for a delta."""
        if isinstance(delta, Consumed):
            self._usage = delta.usage
        elif isinstance(delta, Finish):
            self._finish = self._finish or delta
        elif isinstance(delta, Comment):
            return b": upstream is at work\n\n"
        elif changed := self._output.take(delta):
            return self._beginning() + self._told(changed)
        return b""

    def close(self) -> tuple[bytes, bytes]:
        """Return the ends of what is open; then the terminal event, which holds the whole response."""
        told = self._beginning() + self._told(self._output.close())
        final = finished(self._response, self._output, self._finish, self._usage)
        return told, self._event(f"response.{final['status']}", {"response": final})

    def _beginning(self) -> bytes:
        if self._number:
            return b""
        return b"".join(self._event(f"response.{name}", {"response": self._response}) for name in ("created", "in_progress"))

    def _told(self, changed: Sequence[tuple[Item, Events]]) -> bytes:
        return b"".join(
            self._event(name, {**members, "output_index": self._output.items.index(item)})
            for item, events in changed
            for name, members in events
        )

    def _event(self, name: str, members: Mapping[str, Any]) -> bytes:
        data = lenient.dumps({"type": name, "sequence_number": self._number, **members})
        self._number += 1
        return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


def finished(response: Mapping[str, Any], output: Output, finish: Finish | None, usage: Usage | None) -> dict[str, Any]:
    """Return the whole response."""
    cause = _CAUSES.get(finish.reason) if finish is not None else None
    return {
        **response,
        "status": "incomplete" if cause else "completed",
        "incomplete_details": {"reason": cause} if cause else None,
        "output": [item.shown("completed") for item in output.items],
        "usage": usages.written(usage or Usage()),
    }


def whole(call: Call, deltas: Sequence[Delta], *, request_id: str, created: int) -> bytes:
    """Return a complete response."""
    output = Output(call, request_id)
    for delta in deltas:
        if not isinstance(delta, Done):
            output.take(delta)
    output.close()
    finish = next((delta for delta in deltas if isinstance(delta, Finish)), None)
    usage = next((delta.usage for delta in reversed(deltas) if isinstance(delta, Consumed)), None)
    return lenient.dumps(finished(skeleton(call, request_id=request_id, created=created), output, finish, usage))
