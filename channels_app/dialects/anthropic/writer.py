"""Write an answer in Anthropic's protocol from deltas: the events of a stream, or one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from channels_app import lenient
from channels_app.contract import Call, Usage
from channels_app.deltas import (
    Citation,
    Comment,
    Consumed,
    Delta,
    Finish,
    Media,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolArguments,
    ToolStart,
)
from channels_app.dialects.anthropic import opaque
from channels_app.dialects.anthropic import usage as usages

PING = b'event: ping\ndata: {"type":"ping"}\n\n'
_REASONS = {"length": "max_tokens", "tool_calls": "tool_use", "function_call": "tool_use", "content_filter": "refusal"}
_BYTES_PER_TOKEN = 4


def event(name: str, **members: Any) -> bytes:
    """Return one event; its name stands in it twice, because clients look at one or the other."""
    return b"event: " + name.encode() + b"\ndata: " + lenient.dumps({"type": name, **members}) + b"\n\n"


def stop_reason(finish: Finish | None) -> str:
    """Return Anthropic's stop reason."""
    if finish is None:
        return "end_turn"
    return "stop_sequence" if finish.sequence else _REASONS.get(finish.reason, "end_turn")


class AnthropicWriter:
    """Writes one stream: one block open at a time; what belongs to another one while a tool call is incomplete waits."""

    def __init__(self, call: Call, *, request_id: str) -> None:
        self._id = f"msg_{request_id}"
        self._model = call.model
        self._usage = Usage(input=-(-len(call.body) // _BYTES_PER_TOKEN))
        self._finish: Finish | None = None
        self._is_started = False
        self._index = -1
        self._open = ""  # text, thinking, or tool:<index>
        self._arguments = ""
        self._waiting: list[Delta] = []

    def write(self, delta: Delta) -> bytes:
        """Return the events for a delta."""
        if isinstance(delta, Consumed):
            self._usage = delta.usage
        elif isinstance(delta, Finish):
            self._finish = delta
        elif isinstance(delta, Comment):
            return PING
        else:
            said = self._say(delta)
            return self.begin() + said if said else b""
        return b""

    def close(self) -> tuple[bytes, bytes]:
        """Return what still waits and the end of the message; then its end mark."""
        parts = [self.begin()]
        for delta in _grouped(self._waiting):
            parts.append(self._say(delta, may_wait=False))
        parts.append(self._shut())
        reason = {"stop_reason": stop_reason(self._finish), "stop_sequence": self._finish.sequence if self._finish else None}
        parts.append(event("message_delta", delta=reason, usage=usages.written(self._usage)))
        return b"".join(parts), event("message_stop")

    def begin(self) -> bytes:
        """Return the start of the message, once."""
        if self._is_started:
            return b""
        self._is_started = True
        usage = {**usages.written(self._usage), "output_tokens": 1}
        message = {"id": self._id, "type": "message", "role": "assistant", "model": self._model, "content": []}
        return event("message_start", message={**message, "stop_reason": None, "stop_sequence": None, "usage": usage}) + PING

    def _say(self, delta: Delta, *, may_wait: bool = True) -> bytes:
        if may_wait and self._must_wait(delta):
            self._waiting.append(delta)
            return b""
        match delta:
            case Text() | Refusal() | Media() | Citation():
                said = _textual(delta)
                return self._in("text", {"type": "text", "text": ""}, said) if said else b""
            case Reasoning(text):
                return self._in("thinking", _THINKING, {"type": "thinking_delta", "thinking": text})
            case Opaque():
                return self._opaque(delta)
            case ToolStart():
                return self._tool(delta)
            case ToolArguments(_, text):
                self._arguments += text
                return self._delta({"type": "input_json_delta", "partial_json": text})
            case _:
                return b""

    def _must_wait(self, delta: Delta) -> bool:
        """Tell whether a tool call is open that this is no part of and that is not complete yet."""
        if not self._open.startswith("tool:"):
            return False
        if isinstance(delta, ToolArguments) and f"tool:{delta.index}" == self._open:
            return False
        return bool(self._waiting) or isinstance(delta, ToolArguments) or not _is_whole(self._arguments)

    def _in(self, kind: str, block: Mapping[str, Any], delta: Mapping[str, Any]) -> bytes:
        opening = b"" if self._open == kind else self._shut() + self._begin(kind, block)
        return opening + self._delta(delta)

    def _begin(self, kind: str, block: Mapping[str, Any]) -> bytes:
        self._index += 1
        self._open = kind
        self._arguments = ""
        return event("content_block_start", index=self._index, content_block=block)

    def _delta(self, delta: Mapping[str, Any]) -> bytes:
        return event("content_block_delta", index=self._index, delta=delta)

    def _shut(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return event("content_block_stop", index=self._index)

    def _opaque(self, delta: Opaque) -> bytes:
        if delta.kind == "signature":
            said = self._in("thinking", _THINKING, {"type": "signature_delta", "signature": delta.data})
            return said + self._shut()
        return self._shut() + self._begin("redacted", _kept(delta)) + self._shut()

    def _tool(self, start: ToolStart) -> bytes:
        kept = self._shut()
        if start.signature:
            kept += self._begin("redacted", opaque.wrap("signature", {"id": start.id, "signature": start.signature})) + self._shut()
        return kept + self._begin(f"tool:{start.index}", {"type": "tool_use", "id": start.id, "name": start.name, "input": {}})


def _textual(delta: Text | Refusal | Media | Citation) -> dict[str, Any] | None:
    """Return what a block of text grows by; None where that is nothing."""
    if isinstance(delta, Citation):
        source = opaque.cited(delta.annotation)
        return {"type": "citations_delta", "citation": source} if source else None
    return {"type": "text_delta", "text": picture(delta) if isinstance(delta, Media) else delta.text}


_THINKING = {"type": "thinking", "thinking": "", "signature": ""}


def _kept(delta: Opaque) -> dict[str, Any]:
    if delta.kind == "redacted":
        return {"type": "redacted_thinking", "data": delta.data}
    return opaque.wrap("item", {"data": delta.data, "id": delta.id})


def _is_whole(arguments: str) -> bool:
    try:
        orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return False
    return True


def _grouped(deltas: Sequence[Delta]) -> list[Delta]:
    """Return what has waited with the parts of each tool call together, at the place where it began."""
    made: list[Delta] = []
    for delta in deltas:
        if isinstance(delta, ToolStart):
            rest = "".join(one.text for one in deltas if isinstance(one, ToolArguments) and one.index == delta.index)
            made += [delta, ToolArguments(delta.index, rest)] if rest else [delta]
        elif not isinstance(delta, ToolArguments):
            made.append(delta)
    return made


def picture(media: Media) -> str:
    """Return a picture as Markdown: this protocol has no answer in pictures."""
    return f"![image]({media.url or f'data:{media.mime};base64,{media.data}'})" if media.mime.startswith("image") else ""


def message(call: Call, deltas: Sequence[Delta], *, request_id: str) -> bytes:
    """Return a complete message."""
    finish = next((delta for delta in deltas if isinstance(delta, Finish)), None)
    usage = next((delta.usage for delta in reversed(deltas) if isinstance(delta, Consumed)), Usage())
    made = {
        "id": f"msg_{request_id}",
        "type": "message",
        "role": "assistant",
        "model": call.model,
        "content": _blocks(deltas),
        "stop_reason": stop_reason(finish),
        "stop_sequence": finish.sequence if finish else None,
        "usage": usages.written(usage),
    }
    return lenient.dumps(made)


def _blocks(deltas: Sequence[Delta]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for delta in _grouped(deltas):
        match delta:
            case Text(text) | Refusal(text):
                _grow(blocks, "text", text)
            case Reasoning(text):
                _grow(blocks, "thinking", text)
            case Media():
                _grow(blocks, "text", picture(delta))
            case Citation(annotation) if source := opaque.cited(annotation):
                _grow(blocks, "text", "")
                blocks[-1].setdefault("citations", []).append(source)
            case Opaque():
                _keep(blocks, delta)
            case ToolStart() | ToolArguments():
                _use(blocks, delta)
            case _:
                pass
    return blocks


def _keep(blocks: list[dict[str, Any]], delta: Opaque) -> None:
    if delta.kind == "signature":
        _grow(blocks, "thinking", "")
        blocks[-1]["signature"] = delta.data
    else:
        blocks.append(_kept(delta))


def _use(blocks: list[dict[str, Any]], delta: ToolStart | ToolArguments) -> None:
    if isinstance(delta, ToolArguments):
        blocks[-1]["input"] = _loaded(delta.text)
        return
    if delta.signature:
        blocks.append(opaque.wrap("signature", {"id": delta.id, "signature": delta.signature}))
    blocks.append({"type": "tool_use", "id": delta.id, "name": delta.name, "input": {}})


def _grow(blocks: list[dict[str, Any]], kind: str, text: str) -> None:
    last = blocks[-1] if blocks else {}
    if last.get("type") != kind or last.get("signature"):
        blocks.append({"type": kind, kind: "", **({"signature": ""} if kind == "thinking" else {})})
    blocks[-1][kind] += text


def _loaded(text: str) -> Any:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {"input": text}
    return found if isinstance(found, dict) else {"input": found}
