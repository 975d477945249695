"""Write an answer in Gemini's protocol from deltas: chunks of a stream, or one response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from channels_app import lenient
from channels_app.contract import Call, Usage
from channels_app.deltas import (
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
from channels_app.dialects.gemini import opaque
from channels_app.dialects.gemini import usage as usages
from channels_app.dialects.gemini.framing import BLANK, Framing

_REASONS = {"length": "MAX_TOKENS", "content_filter": "SAFETY"}


class Parts:
    """Makes parts of deltas: a tool call is one part, and waits until its arguments are complete."""

    def __init__(self) -> None:
        self._calls: dict[tuple[int, int], tuple[ToolStart, list[str]]] = {}
        self._words: list[str] = []

    def of(self, delta: Delta) -> Sequence[tuple[int, dict[str, Any]]]:
        """Return the parts that a delta completes, each with the index of its candidate."""
        match delta:
            case Text(text, choice) | Refusal(text, choice):
                return ((choice, {"text": text}),)
            case Reasoning(text, choice):
                self._words.append(text)
                return ((choice, {"text": text, "thought": True}),)
            case Opaque():
                return ((delta.choice, self._kept(delta)),)
            case Media():
                return ((delta.choice, _blob(delta)),)
            case ToolStart():
                self._calls[delta.choice, delta.index] = (delta, [])
            case ToolArguments(index, text, choice) if (choice, index) in self._calls:
                self._calls[choice, index][1].append(text)
            case _:
                pass
        return ()

    def rest(self, choice: int) -> list[dict[str, Any]]:
        """Return the tool calls of a candidate."""
        return [_call(start, "".join(texts)) for (of, _), (start, texts) in sorted(self._calls.items()) if of == choice]

    def choices(self) -> set[int]:
        """Return the candidates that call tools."""
        return {choice for choice, _ in self._calls}

    def _kept(self, delta: Opaque) -> dict[str, Any]:
        words, self._words = "".join(self._words), []
        if delta.kind == "signature":
            return opaque.wrap({"block": {"type": "thinking", "thinking": words, "signature": delta.data}})
        if delta.kind == "redacted":
            return opaque.wrap({"block": {"type": "redacted_thinking", "data": delta.data}})
        return opaque.wrap({"item": {"data": delta.data, "id": delta.id}})


def _call(start: ToolStart, text: str) -> dict[str, Any]:
    try:
        arguments = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        arguments = {"input": text}
    part: dict[str, Any] = {
        "functionCall": {"id": start.id, "name": start.name, "args": arguments if isinstance(arguments, dict) else {"input": arguments}}
    }
    return {**part, "thoughtSignature": start.signature} if start.signature else part


def _blob(media: Media) -> dict[str, Any]:
    if media.url:
        return {"fileData": {"mimeType": media.mime, "fileUri": media.url}}
    return {"inlineData": {"mimeType": media.mime, "data": media.data}}


class GeminiWriter:
    """Writes one stream."""

    def __init__(self, call: Call, *, request_id: str) -> None:
        self._rest = {"modelVersion": call.model, "responseId": request_id}
        self._framing = Framing(call.form)
        self._parts = Parts()
        self._usage: Usage | None = None
        self._finishes: dict[int, Finish] = {}

    def write(self, delta: Delta) -> bytes:
        """Return the chunk for a delta."""
        if isinstance(delta, Consumed):
            self._usage = delta.usage
        elif isinstance(delta, Finish):
            self._finishes[delta.choice] = delta
        elif isinstance(delta, Comment):
            return BLANK
        return b"".join(self._chunk([_candidate(choice, [part])]) for choice, part in self._parts.of(delta))

    def close(self) -> tuple[bytes, bytes]:
        """Return the tool calls and the finish of every candidate with the usage; then the end mark."""
        choices = sorted({*self._finishes, *self._parts.choices()}) or [0]
        ends = [_candidate(one, self._parts.rest(one) or [{"text": ""}], self._finishes.get(one, Finish("stop"))) for one in choices]
        last = self._chunk(ends, **({"usageMetadata": usages.written(self._usage)} if self._usage is not None else {}))
        return last, self._framing.end()

    def _chunk(self, candidates: list[dict[str, Any]], **rest: Any) -> bytes:
        return self._framing.chunk({"candidates": candidates, **rest, **self._rest})


def _candidate(choice: int, parts: list[dict[str, Any]], finish: Finish | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": choice}
    return {**made, "finishReason": _REASONS.get(finish.reason, "STOP")} if finish is not None else made


def response(call: Call, deltas: Sequence[Delta], *, request_id: str) -> bytes:
    """Return a complete response."""
    parts = Parts()
    said = [found for delta in deltas for found in parts.of(delta)]
    finishes = {delta.choice: delta for delta in deltas if isinstance(delta, Finish)}
    usage = next((delta.usage for delta in reversed(deltas) if isinstance(delta, Consumed)), None)
    choices = sorted({*finishes, *parts.choices(), *(choice for choice, _ in said)}) or [0]
    candidates = [
        _candidate(one, _joined([part for choice, part in said if choice == one]) + parts.rest(one), finishes.get(one, Finish("stop")))
        for one in choices
    ]
    told = {"usageMetadata": usages.written(usage)} if usage is not None else {}
    return lenient.dumps({"candidates": candidates, **told, "modelVersion": call.model, "responseId": request_id})


def _joined(parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return parts with neighbouring texts of a kind as one."""
    made: list[dict[str, Any]] = []
    for part in parts:
        last = made[-1] if made else {}
        is_text = part.keys() <= {"text", "thought"} and last.keys() == part.keys()
        if is_text:
            last["text"] += part["text"]
        else:
            made.append(dict(part))
    return made
