"""Pass Gemini's answers on to a client that speaks the same protocol: every chunk as it was, under the public model name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels_app import failures, lenient
from channels_app.contract import Answer, Call, Failure, FailureKind, Frame, FrameKind
from channels_app.dialects.gemini import usage as usages
from channels_app.dialects.gemini.events import chunks_of, is_chunk
from channels_app.dialects.gemini.framing import BLANK, Framing
from channels_app.event_reader import CUT, EventStreamReader, decoded, refusal


class NativeReader(EventStreamReader[Frame]):
    """Read one stream. A chunk that finishes a candidate is held to the end, so that the call is settled before it goes out."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self._model = call.model
        self._framing = Framing(call.form)
        self._usage: object = None
        self._open: set[int] = set()
        self._has_finished = False

    def on_event(self, name: str, payload: Any, data: bytes) -> Sequence[Frame]:
        if not isinstance(payload, dict) or payload.get("error"):
            return self.complain(payload)
        return self._chunk(payload) if is_chunk(payload) else ()

    def on_comment(self, text: bytes) -> Sequence[Frame]:
        return (Frame(FrameKind.COMMENT, BLANK),)

    def on_body(self, body: bytes) -> Sequence[Frame]:
        payload = decoded(body)
        chunks = chunks_of(payload)
        if not chunks:
            complaint = failures.find(payload)
            return self.fail(failures.of_complaint(complaint) if complaint else refusal(body))
        return [*(frame for one in chunks for frame in self._chunk(one)), *self.on_end()]

    def on_end(self) -> Sequence[Frame]:
        if self._open or not self._has_finished:
            return self.fail(Failure(FailureKind.UPSTREAM, CUT))
        self.is_over = True
        usage = usages.read(self._usage)
        told = (Frame(FrameKind.USAGE, usage=usage),) if usage is not None else ()
        return (*told, Frame(FrameKind.DONE, self._framing.end()))

    def on_failure(self, failure: Failure) -> Sequence[Frame]:
        return (Frame(FrameKind.ERROR, usage=usages.read(self._usage, is_final=False), failure=failure),)

    def _chunk(self, payload: Mapping[str, Any]) -> Sequence[Frame]:
        self._usage = payload.get("usageMetadata") or self._usage
        shown = self._framing.chunk(_named(payload, self._model))
        candidates = [one for one in payload.get("candidates") or () if isinstance(one, dict)]
        said = sum(map(_size, candidates))
        ends = self._note(candidates, payload)
        has_parts = any(_parts(one) for one in candidates)
        if ends:
            # An empty frame says that there was content; its bytes wait with the finish.
            before = (Frame(FrameKind.CONTENT, b"", said),) if said or has_parts else ()
            return (*before, Frame(FrameKind.FINISH, shown))
        return (Frame(FrameKind.CONTENT if has_parts else FrameKind.ROLE, shown, said),)

    def _note(self, candidates: Sequence[Mapping[str, Any]], payload: Mapping[str, Any]) -> bool:
        """Note which candidates are open; tell whether this chunk finishes one."""
        ends = False
        for one in candidates:
            index = one.get("index") if isinstance(one.get("index"), int) else 0
            if one.get("finishReason"):
                ends = True
                self._open.discard(index or 0)
            elif not self._has_finished:
                self._open.add(index or 0)
        feedback = payload.get("promptFeedback")
        ends = ends or (isinstance(feedback, dict) and bool(feedback.get("blockReason")))
        self._has_finished = self._has_finished or ends
        return ends


def _named(payload: Mapping[str, Any], model: str) -> Mapping[str, Any]:
    return {**payload, "modelVersion": model} if "modelVersion" in payload else payload


def _parts(candidate: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    return [part for part in parts or () if isinstance(part, dict) and (set(part) - {"text", "thought"} or part.get("text"))]


def _size(candidate: Mapping[str, Any]) -> int:
    total = 0
    for part in _parts(candidate):
        text, called = part.get("text"), part.get("functionCall")
        total += len(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else 0
        total += len(lenient.dumps(called.get("args") or {})) + len(str(called.get("name"))) if isinstance(called, dict) else 0
    return total


def answer(body: bytes, *, model: str) -> Answer:
    """Return a complete response with its model shown as `model`."""
    payload = decoded(body)
    if not isinstance(payload, dict) or payload.get("error") or not is_chunk(payload):
        complaint = failures.find(payload)
        return Answer(failure=failures.of_complaint(complaint) if complaint else refusal(body))
    candidates = [one for one in payload.get("candidates") or () if isinstance(one, dict)]
    usage = usages.read(payload.get("usageMetadata"))
    has_end = any(one.get("finishReason") for one in candidates) or bool(payload.get("promptFeedback"))
    return Answer(
        body=lenient.dumps(_named(payload, model)),
        usage=usage,
        delivered=sum(map(_size, candidates)),
        is_empty=not any(map(_parts, candidates)) and not has_end,
    )
