"""Read Gemini's answers as deltas: a stream of events, a JSON array of its chunks, or one response."""

from __future__ import annotations

import hashlib
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
    Media,
    Reasoning,
    Started,
    Text,
    ToolArguments,
    ToolStart,
    is_content,
)
from channels_app.dialects.gemini import usage as usages
from channels_app.event_reader import CUT, EventStreamReader, decoded, refusal

_LENGTH = frozenset({"MAX_TOKENS", "CONTINUATION"})
_FILTERED = frozenset(
    {
        "SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION", "IMAGE_OTHER", "NO_IMAGE", "ESCALATION", "MODEL_ARMOR",
    }
)  # fmt: skip
# The model's own fault: where nothing else came, another try may do better.
MALFORMED = frozenset(
    {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE"}
)


def reason_of(finish: str, *, has_tools: bool) -> str:
    """Return the finish reason: Gemini says STOP for tool calls too, perhaps in a later chunk."""
    if finish in _LENGTH:
        return "length"
    if finish in _FILTERED:
        return "content_filter"
    return "tool_calls" if has_tools else "stop"


class _Candidate:
    """What one candidate has said so far."""

    def __init__(self) -> None:
        self.tools = 0
        self.finish = ""
        self.sources: set[str] = set()


class GeminiEvents(EventStreamReader[Delta]):
    """The events of one stream. Usage is cumulative: the last one counts."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self._names = ToolNames(call.chat, allowed=r"[^a-zA-Z0-9_.:-]")
        self._candidates: dict[int, _Candidate] = {}
        self._usage: object = None
        self._response_id = ""
        self._has_started = False
        self._has_said = False

    def on_event(self, name: str, payload: Any, data: bytes) -> Sequence[Delta]:
        if isinstance(payload, dict) and not payload.get("error"):
            return self.chunk(payload)
        return self.complain(payload)

    def on_comment(self, text: bytes) -> Sequence[Delta]:
        return (Comment(text),)

    def on_body(self, body: bytes) -> Sequence[Delta]:
        payload = decoded(body)
        chunks = chunks_of(payload)
        if not chunks:
            complaint = failures.find(payload)
            return self.fail(failures.of_complaint(complaint) if complaint else refusal(body))
        return [*(delta for one in chunks for delta in self.chunk(one)), *self.on_end()]

    def on_end(self) -> Sequence[Delta]:
        finishes = {index: one.finish for index, one in self._candidates.items()}
        if not finishes or not all(finishes.values()):
            return self.fail(Failure(FailureKind.UPSTREAM, CUT))
        if not self._has_said and MALFORMED & set(finishes.values()):
            return self.fail(Failure(FailureKind.UPSTREAM, f"the model gave up: {', '.join(finishes.values())}"))
        self.is_over = True
        ends = [Finish(reason_of(one.finish, has_tools=one.tools > 0), index) for index, one in sorted(self._candidates.items())]
        return [*ends, *self._consumed(is_final=True), Done()]

    def on_failure(self, failure: Failure) -> Sequence[Delta]:
        return (*self._consumed(is_final=False), Broken(failure))

    def chunk(self, payload: Mapping[str, Any]) -> list[Delta]:
        """Return what one chunk says."""
        self._usage = payload.get("usageMetadata") or self._usage
        self._response_id = str(payload.get("responseId") or self._response_id)
        found: list[Delta] = [] if self._has_started else [Started(self._response_id)]
        self._has_started = True
        for candidate in payload.get("candidates") or ():
            if isinstance(candidate, dict):
                found += self._candidate(candidate)
        feedback = payload.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason") and not self._candidates:
            self._candidates.setdefault(0, _Candidate()).finish = "SAFETY"
        self._has_said = self._has_said or any(map(is_content, found))
        return found

    def _candidate(self, candidate: Mapping[str, Any]) -> list[Delta]:
        index = candidate.get("index")
        index = index if isinstance(index, int) and index >= 0 else 0
        state = self._candidates.setdefault(index, _Candidate())
        state.finish = str(candidate.get("finishReason") or state.finish)
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        found = [delta for part in parts or () if isinstance(part, dict) for delta in self._part(part, state, index)]
        return [*found, *_sources(candidate.get("groundingMetadata"), state, index)]

    def _part(self, part: Mapping[str, Any], state: _Candidate, index: int) -> Sequence[Delta]:
        called = part.get("functionCall")
        if isinstance(called, dict):
            return self._call(called, str(part.get("thoughtSignature") or ""), state, index)
        if part.get("text"):
            text = str(part["text"])
            return (Reasoning(text, index) if part.get("thought") else Text(text, index),)
        blob = part.get("inlineData")
        if isinstance(blob, dict) and not part.get("thought"):
            return (Media(str(blob.get("mimeType") or "image/png"), str(blob.get("data") or ""), choice=index),)
        return ()

    def _call(self, called: Mapping[str, Any], signature: str, state: _Candidate, index: int) -> Sequence[Delta]:
        name, arguments = str(called.get("name") or ""), json_text(called.get("args") or {})
        position, state.tools = state.tools, state.tools + 1
        identity = str(called.get("id") or "") or _made_id(self._response_id, position, name, arguments)
        start = ToolStart(position, identity, self._names.read(name), index, signature)
        return (start, ToolArguments(position, arguments, index))

    def _consumed(self, *, is_final: bool) -> Sequence[Delta]:
        found = usages.read(self._usage, is_final=is_final)
        return (Consumed(found),) if found is not None else ()


def chunks_of(payload: object) -> list[Mapping[str, Any]]:
    """Return the responses in a body that is one, or a list of them; none where anything else is in it."""
    listed = payload if isinstance(payload, list) else [payload]
    found: list[Mapping[str, Any]] = [one for one in listed if isinstance(one, dict) and not one.get("error") and is_chunk(one)]
    return found if len(found) == len(listed) else []


def is_chunk(payload: Mapping[str, Any]) -> bool:
    """Tell whether an object is a response or a part of one."""
    return not payload.keys().isdisjoint({"candidates", "promptFeedback", "usageMetadata"})


def _made_id(response_id: str, position: int, name: str, arguments: str) -> str:
    spelled = f"{response_id}\0{position}\0{name}\0{arguments}".encode()
    return f"call_{hashlib.sha256(spelled).hexdigest()[:24]}"


def _sources(metadata: object, state: _Candidate, index: int) -> list[Delta]:
    """Return the pages an answer rests on, each once."""
    chunks = metadata.get("groundingChunks") if isinstance(metadata, dict) else None
    found: list[Delta] = []
    for chunk in chunks or ():
        web = chunk.get("web") if isinstance(chunk, dict) else None
        uri = str(web.get("uri") or "") if isinstance(web, dict) else ""
        if isinstance(web, dict) and uri and uri not in state.sources:
            state.sources.add(uri)
            source = {"url": uri, "title": str(web.get("title") or ""), "start_index": 0, "end_index": 0}
            found.append(Citation({"type": "url_citation", "url_citation": source}, index))
    return found
