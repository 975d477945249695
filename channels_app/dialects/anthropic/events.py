"""Read Anthropic's answers as deltas: a stream of events, or a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels_app import failures
from channels_app.chat_parts import ToolNames, json_text
from channels_app.contract import Call, Failure, FailureKind
from channels_app.deltas import (
    Broken,
    Citation,
    Comment,
    Consumed,
    Delta,
    Done,
    Finish,
    Opaque,
    Reasoning,
    Started,
    Text,
    ToolArguments,
    ToolStart,
)
from channels_app.dialects.anthropic import usage as usages
from channels_app.event_reader import CUT, EventStreamReader, decoded, refusal

_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def reason_of(stop_reason: object) -> str:
    """Return the finish reason for Anthropic's stop reason."""
    return _REASONS.get(str(stop_reason), "stop")


class AnthropicEvents(EventStreamReader[Delta]):
    """The events of one stream. Blocks are numbered over all kinds, tool calls here over themselves."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self._names = ToolNames(call.chat, limit=128)
        self._tools: dict[int, ToolStart] = {}
        self._silent: set[int] = set()  # tool blocks that have said no arguments yet
        self._usage: Mapping[str, Any] = {}
        self._finish: Finish | None = None

    def on_event(self, name: str, payload: Any, data: bytes) -> Sequence[Delta]:
        if not isinstance(payload, dict):
            return ()
        kind = payload.get("type") or name
        if kind == "error":
            return self.complain(payload)
        if kind == "ping":
            return (Comment(),)
        handler = _HANDLERS.get(str(kind))
        return handler(self, payload) if handler is not None else ()

    def on_comment(self, text: bytes) -> Sequence[Delta]:
        return (Comment(text),)

    def on_body(self, body: bytes) -> Sequence[Delta]:
        self.is_over = True
        return of_message(decoded(body), body, self._names)

    def on_end(self) -> Sequence[Delta]:
        if self._finish is None:
            return self.fail(Failure(FailureKind.UPSTREAM, CUT))
        return self._stop({})

    def on_failure(self, failure: Failure) -> Sequence[Delta]:
        return (*self._consumed(), Broken(failure))

    def _start(self, payload: Mapping[str, Any]) -> Sequence[Delta]:
        message = payload.get("message")
        message = message if isinstance(message, dict) else {}
        self._usage = usages.merged(self._usage, message.get("usage"))
        return (Started(str(message.get("id") or "")), *self._consumed())

    def _block_start(self, payload: Mapping[str, Any]) -> Sequence[Delta]:
        block, index = payload.get("content_block"), payload.get("index")
        if not isinstance(block, dict) or not isinstance(index, int):
            return ()
        if block.get("type") == "tool_use":
            tool = self._tools[index] = ToolStart(
                len(self._tools), str(block.get("id") or ""), self._names.read(str(block.get("name") or ""))
            )
            given = block.get("input")
            if given:
                return (tool, ToolArguments(tool.index, json_text(given)))
            self._silent.add(index)
            return (tool,)
        return of_block(block)

    def _block_delta(self, payload: Mapping[str, Any]) -> Sequence[Delta]:
        delta, index = payload.get("delta"), payload.get("index")
        if not isinstance(delta, dict):
            return ()
        kind = delta.get("type")
        if kind == "input_json_delta":
            return self._arguments(index, str(delta.get("partial_json") or ""))
        if kind == "text_delta":
            return _said(Text(str(delta.get("text") or "")))
        if kind == "thinking_delta":
            return _said(Reasoning(str(delta.get("thinking") or "")))
        if kind == "signature_delta" and delta.get("signature"):
            return (Opaque("signature", str(delta["signature"])),)
        if kind == "citations_delta":
            return _citation(delta.get("citation"))
        return ()

    def _arguments(self, index: object, text: str) -> Sequence[Delta]:
        tool = self._tools.get(index) if isinstance(index, int) else None
        if tool is None or not text:  # server tools stream their input too: it is none of the client's
            return ()
        self._silent.discard(index)
        return (ToolArguments(tool.index, text),)

    def _block_stop(self, payload: Mapping[str, Any]) -> Sequence[Delta]:
        index = payload.get("index")
        if index not in self._silent:
            return ()
        self._silent.discard(index)
        return (ToolArguments(self._tools[index].index, "{}"),)

    def _message_delta(self, payload: Mapping[str, Any]) -> Sequence[Delta]:
        self._usage = usages.merged(self._usage, payload.get("usage"))
        delta = payload.get("delta")
        if isinstance(delta, dict) and delta.get("stop_reason"):
            self._finish = Finish(reason_of(delta["stop_reason"]), sequence=delta.get("stop_sequence"))
        return ()

    def _stop(self, payload: Mapping[str, Any]) -> Sequence[Delta]:
        self.is_over = True
        return (self._finish or Finish("tool_calls" if self._tools else "stop"), *self._consumed(), Done())

    def _consumed(self) -> Sequence[Delta]:
        found = usages.read(self._usage, is_final=self._finish is not None)
        return (Consumed(found),) if found is not None else ()


_HANDLERS = {
    "message_start": AnthropicEvents._start,
    "content_block_start": AnthropicEvents._block_start,
    "content_block_delta": AnthropicEvents._block_delta,
    "content_block_stop": AnthropicEvents._block_stop,
    "message_delta": AnthropicEvents._message_delta,
    "message_stop": AnthropicEvents._stop,
}


def _said(delta: Text | Reasoning) -> Sequence[Delta]:
    return (delta,) if delta.text else ()


def of_block(block: Mapping[str, Any]) -> Sequence[Delta]:
    """Return what a block other than a tool call says."""
    kind = block.get("type")
    if kind == "text":
        sources = [delta for citation in block.get("citations") or () for delta in _citation(citation)]
        return (*_said(Text(str(block.get("text") or ""))), *sources)
    if kind == "thinking":
        signature = block.get("signature")
        signed = (Opaque("signature", str(signature)),) if signature else ()
        return (*_said(Reasoning(str(block.get("thinking") or ""))), *signed)
    if kind == "redacted_thinking":
        return (Opaque("redacted", str(block.get("data") or "")),)
    return ()


def _citation(citation: object) -> Sequence[Delta]:
    if not isinstance(citation, dict) or not citation.get("url"):
        return ()
    source = {"url": citation["url"], "title": citation.get("title") or "", "start_index": 0, "end_index": 0}
    return (Citation({"type": "url_citation", "url_citation": source}),)


def of_message(payload: object, body: bytes, names: ToolNames) -> Sequence[Delta]:
    """Return what a complete message says, ending in Done or Broken."""
    if not isinstance(payload, dict) or payload.get("type") == "error" or not isinstance(payload.get("content"), list):
        complaint = failures.find(payload)
        return (Broken(failures.of_complaint(complaint) if complaint else refusal(body)),)
    found: list[Delta] = [Started(str(payload.get("id") or ""))]
    tools = 0
    for block in payload["content"]:
        if not isinstance(block, dict):
            continue
        if block.get("type") == "tool_use":
            found.append(ToolStart(tools, str(block.get("id") or ""), names.read(str(block.get("name") or ""))))
            found.append(ToolArguments(tools, json_text(block.get("input") or {})))
            tools += 1
        else:
            found += of_block(block)
    found.append(Finish(reason_of(payload.get("stop_reason")), sequence=payload.get("stop_sequence")))
    raw = payload.get("usage")
    usage = usages.read(raw) if isinstance(raw, dict) else None
    return [*found, *((Consumed(usage),) if usage is not None else ()), Done()]
