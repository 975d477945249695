"""Read Responses answers as deltas: a stream of named events, or one response object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels_app import failures
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
    Opaque,
    Reasoning,
    Refusal,
    Started,
    Text,
    ToolArguments,
    ToolStart,
)
from channels_app.dialects.responses import usage as usages
from channels_app.event_reader import CUT, EventStreamReader, decoded, refusal

_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_WORDS: dict[str, type[Text] | type[Reasoning] | type[Refusal]] = {
    "response.output_text.delta": Text,
    "response.refusal.delta": Refusal,
    "response.reasoning_summary_text.delta": Reasoning,
    "response.reasoning_text.delta": Reasoning,
}


class ResponsesEvents(EventStreamReader[Delta]):
    """The events of one stream; there is no end mark but the terminal event."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self._tools: dict[str, ToolStart] = {}
        self._said: set[str] = set()  # ids of the items that were told in deltas

    def on_event(self, name: str, payload: Any, data: bytes) -> Sequence[Delta]:
        kind = str(payload.get("type") or name) if isinstance(payload, dict) else ""
        if kind == "error" or (isinstance(payload, dict) and payload.get("error") and not kind.startswith("response.")):
            return self.complain(payload if payload.get("error") else {"error": payload})
        if kind in _ENDS:
            return self._end(kind, payload.get("response"))
        if kind == "response.created":
            response = payload.get("response")
            return (Started(str(response.get("id") or "") if isinstance(response, dict) else ""),)
        if kind in _WORDS:
            self._said.add(str(payload.get("item_id")))
            text = str(payload.get("delta") or "")
            return (_WORDS[kind](text),) if text else ()
        return self._item(kind, payload) if kind else ()

    def on_comment(self, text: bytes) -> Sequence[Delta]:
        return (Comment(text),)

    def on_body(self, body: bytes) -> Sequence[Delta]:
        self.is_over = True
        return of_response(decoded(body), body)

    def on_end(self) -> Sequence[Delta]:
        return self.fail(Failure(FailureKind.UPSTREAM, CUT))

    def on_failure(self, failure: Failure) -> Sequence[Delta]:
        return (Broken(failure),)

    def _item(self, kind: str, payload: Mapping[str, Any]) -> Sequence[Delta]:
        identity = str(payload.get("item_id"))
        if kind in {"response.function_call_arguments.delta", "response.custom_tool_call_input.delta"} and identity in self._tools:
            self._said.add(identity)
            return (ToolArguments(self._tools[identity].index, str(payload.get("delta") or "")),)
        if kind == "response.output_text.annotation.added":
            return _citation(payload.get("annotation"))
        item = payload.get("item")
        if not isinstance(item, dict):
            return ()
        if kind == "response.output_item.added" and item.get("type") in _CALLS:
            start = ToolStart(len(self._tools), str(item.get("call_id") or ""), str(item.get("name") or ""))
            self._tools[str(item.get("id"))] = start
            return (start,)
        return self._done(item) if kind == "response.output_item.done" else ()

    def _done(self, item: Mapping[str, Any]) -> Sequence[Delta]:
        """Return what an item says that no delta has said: arguments that came whole, sealed thoughts, pictures."""
        identity = str(item.get("id"))
        if item.get("type") in _CALLS:
            start = self._tools.get(identity)
            return () if start is None or identity in self._said else (ToolArguments(start.index, _arguments(item)),)
        if item.get("type") == "reasoning" and identity in self._said:
            return _sealed(item)
        return () if identity in self._said else of_item(item, 0)

    def _end(self, kind: str, response: object) -> Sequence[Delta]:
        found = response if isinstance(response, dict) else {}
        usage = usages.read(found)
        told: list[Delta] = [Consumed(usage)] if usage is not None else []
        self.is_over = True
        if kind in {"response.failed", "response.cancelled"}:
            return [*told, Broken(_failure(found))]
        return [Finish(reason_of(found, has_tools=bool(self._tools))), *told, Done()]


_CALLS = frozenset({"function_call", "custom_tool_call"})


def _failure(response: Mapping[str, Any]) -> Failure:
    complaint = failures.find(response) if response.get("error") else None
    return failures.of_complaint(complaint) if complaint else Failure(FailureKind.UPSTREAM, "the response has failed")


def reason_of(response: Mapping[str, Any], *, has_tools: bool) -> str:
    """Return the finish reason of a response."""
    details = response.get("incomplete_details")
    if response.get("status") == "incomplete":
        cause = details.get("reason") if isinstance(details, dict) else ""
        return "content_filter" if cause == "content_filter" else "length"
    return "tool_calls" if has_tools else "stop"


def _arguments(item: Mapping[str, Any]) -> str:
    return str(item.get("arguments") or item.get("input") or "{}")


def _sealed(item: Mapping[str, Any]) -> list[Delta]:
    content = item.get("encrypted_content")
    return [Opaque("reasoning_item", str(content), str(item.get("id") or ""))] if content else []


def _citation(annotation: object) -> Sequence[Delta]:
    if not isinstance(annotation, dict) or annotation.get("type") != "url_citation":
        return ()
    source = {name: value for name, value in annotation.items() if name != "type"}
    return (Citation({"type": "url_citation", "url_citation": source}),)


def of_item(item: Mapping[str, Any], tool: int) -> list[Delta]:
    """Return what a complete item says; `tool` is the index of a call among the calls."""
    kind = item.get("type")
    if kind == "message":
        return [delta for part in item.get("content") or () if isinstance(part, dict) for delta in _of_part(part)]
    if kind in _CALLS:
        start = ToolStart(tool, str(item.get("call_id") or ""), str(item.get("name") or ""))
        return [start, ToolArguments(tool, _arguments(item))]
    if kind == "reasoning":
        rows = [row for name in ("summary", "content") for row in item.get(name) or () if isinstance(row, dict)]
        return [*(Reasoning(str(row["text"])) for row in rows if row.get("text")), *_sealed(item)]
    if kind == "image_generation_call" and item.get("result"):
        return [Media(f"image/{item.get('output_format') or 'png'}", str(item["result"]))]
    return []


def _of_part(part: Mapping[str, Any]) -> list[Delta]:
    if part.get("type") == "refusal":
        return [Refusal(str(part.get("refusal") or ""))]
    sources = [delta for note in part.get("annotations") or () for delta in _citation(note)]
    return [Text(str(part["text"])), *sources] if part.get("text") else []


def of_response(payload: object, body: bytes) -> list[Delta]:
    """Return what a complete response says, ending in Done or Broken."""
    if not isinstance(payload, dict) or not isinstance(payload.get("output"), list):
        complaint = failures.find(payload)
        return [Broken(failures.of_complaint(complaint) if complaint else refusal(body))]
    usage = usages.read(payload)
    told: list[Delta] = [Consumed(usage)] if usage is not None else []
    if payload.get("status") in {"failed", "cancelled"}:
        return [*told, Broken(_failure(payload))]
    found: list[Delta] = [Started(str(payload.get("id") or ""))]
    tools = 0
    for item in payload["output"]:
        if isinstance(item, dict):
            found += of_item(item, tools)
            tools += item.get("type") in _CALLS
    return [*found, Finish(reason_of(payload, has_tools=tools > 0)), *told, Done()]
