"""Pass Anthropic's answers on to a client that speaks the same protocol: its own bytes, under the public model name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels_app import failures, lenient
from channels_app.chat_parts import ToolNames
from channels_app.contract import Answer, Call, Failure, FailureKind, Frame, FrameKind
from channels_app.dialects.anthropic import mending
from channels_app.dialects.anthropic import usage as usages
from channels_app.dialects.anthropic.events import of_message
from channels_app.dialects.anthropic.writer import AnthropicWriter
from channels_app.event_reader import CUT, EventStreamReader, decoded, refusal
from channels_app.faces import tell

_WORDS = ("text", "thinking", "partial_json")
_EMPTY = {"text", "thinking", "tool_use"}


class NativeReader(EventStreamReader[Frame]):
    """Read one stream: events that are right keep their bytes; frame, framing and end are told apart, usage is read on the way."""

    def __init__(self, call: Call, writer: AnthropicWriter) -> None:
        super().__init__()
        self._model = call.model
        self._writer = writer
        self._usage: Mapping[str, Any] = {}
        self._has_reason = False
        self._has_content = False
        self._is_started = False
        self._opened: set[Any] = set()

    def on_event(self, name: str, payload: Any, data: bytes) -> Sequence[Frame]:
        if not isinstance(payload, dict):
            return ()
        kind = str(payload.get("type") or name)
        if kind == "error":
            return self.complain(payload)
        if kind == "ping":
            return (Frame(FrameKind.COMMENT, _event(kind, data)),)
        if kind == "message_start":
            return (Frame(FrameKind.ROLE, self._start(payload)),)
        return (*self._missed(payload), *self._rest(kind, payload, data))

    def _rest(self, kind: str, payload: Mapping[str, Any], data: bytes) -> Sequence[Frame]:
        if kind == "message_delta":
            return self._message_delta(payload, data)
        if kind == "message_stop":
            self.is_over = True
            return (Frame(FrameKind.DONE, _event(kind, data)),)
        return (self._content(kind, payload, data),)

    def _missed(self, payload: Mapping[str, Any]) -> Sequence[Frame]:
        """Return what must stand before an event and did not come: the start of the message, or of its block."""
        start = () if self._is_started else (Frame(FrameKind.ROLE, self._writer.begin()),)
        self._is_started = True
        opening = mending.opening(payload, self._opened)
        return (*start, *(() if opening is None else (self._content("content_block_start", opening, lenient.dumps(opening)),)))

    def on_comment(self, text: bytes) -> Sequence[Frame]:
        return (Frame(FrameKind.COMMENT, b": " + text + b"\n\n"),)

    def on_body(self, body: bytes) -> Sequence[Frame]:
        """Tell a whole answer as a stream, or its error."""
        return tell(of_message(decoded(body), body, ToolNames({})), self._writer)

    def on_end(self) -> Sequence[Frame]:
        if not self._has_reason:
            return self.fail(Failure(FailureKind.UPSTREAM, CUT))
        self.is_over = True
        return (Frame(FrameKind.DONE, _event("message_stop", b'{"type":"message_stop"}')),)

    def on_failure(self, failure: Failure) -> Sequence[Frame]:
        return (Frame(FrameKind.ERROR, usage=usages.read(self._usage, is_final=self._has_reason), failure=failure),)

    def _start(self, payload: Mapping[str, Any]) -> bytes:
        self._is_started = True
        message = payload.get("message")
        self._usage = usages.merged(self._usage, message.get("usage") if isinstance(message, dict) else None)
        return _event("message_start", lenient.dumps(mending.started(payload, model=self._model)))

    def _message_delta(self, payload: Mapping[str, Any], data: bytes) -> Sequence[Frame]:
        self._usage = usages.merged(self._usage, payload.get("usage"))
        delta = payload.get("delta")
        self._has_reason = self._has_reason or (isinstance(delta, dict) and bool(delta.get("stop_reason")))
        mended = mending.ended(payload, self._usage)
        told = data if mended is None else lenient.dumps(mended)
        return (Frame(FrameKind.USAGE, _event("message_delta", told), usage=usages.read(self._usage, is_final=mended is None)),)

    def _content(self, kind: str, payload: Mapping[str, Any], data: bytes) -> Frame:
        """Return a block's event; what only frames is held back until there is content, and flows after it."""
        delta, block = payload.get("delta"), payload.get("content_block")
        said = 0
        if isinstance(delta, dict):
            said = sum(_size(delta.get(word)) for word in _WORDS)
        elif isinstance(block, dict):
            said = sum(_size(block.get(word)) for word in (*_WORDS, "name"))
        is_content = kind == "content_block_delta" or said > 0 or (isinstance(block, dict) and block.get("type") not in _EMPTY)
        self._has_content = self._has_content or is_content
        return Frame(FrameKind.CONTENT if self._has_content else FrameKind.ROLE, _event(kind, data), said)


def _size(value: object) -> int:
    return len(value.encode("utf-8", "surrogatepass")) if isinstance(value, str) else 0


def _event(name: str, data: bytes) -> bytes:
    if b"\n" in data:
        data = lenient.dumps(lenient.loads(data))
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


def answer(body: bytes, *, model: str) -> Answer:
    """Return a complete message with its model shown as `model`."""
    payload = decoded(body)
    if not isinstance(payload, dict) or payload.get("type") == "error" or not isinstance(payload.get("content"), list):
        complaint = failures.find(payload)
        return Answer(failure=failures.of_complaint(complaint) if complaint else refusal(body))
    blocks = [block for block in payload["content"] if isinstance(block, dict)]
    raw = payload.get("usage")
    said = sum(_size(block.get(word)) for block in blocks for word in (*_WORDS, "name"))
    said += sum(len(lenient.dumps(block["input"])) for block in blocks if block.get("type") == "tool_use" and block.get("input"))
    return Answer(
        body=lenient.dumps({**payload, "model": model}),
        usage=usages.read(raw) if isinstance(raw, dict) else None,
        delivered=said,
        is_empty=not blocks and not payload.get("stop_reason"),
    )
