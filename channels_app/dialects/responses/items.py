"""The items of a response while it is written: each knows its events, from `added` to `done`."""

from __future__ import annotations

from typing import Any

from channels_app.chat_parts import json_text
from channels_app.dialects.responses import opaque

Events = list[tuple[str, dict[str, Any]]]


class Item:
    """One item of the output. Events are (name, members); the writer adds indexes and sequence numbers."""

    kind = ""

    def __init__(self, identity: str) -> None:
        self.id = identity

    def shown(self, status: str) -> dict[str, Any]:
        """Return the item as it stands."""
        raise NotImplementedError

    def opening(self) -> Events:
        """Return the events that begin it."""
        return [("response.output_item.added", {"item": self.shown("in_progress")})]

    def closing(self) -> Events:
        """Return the events that complete it."""
        return [("response.output_item.done", {"item": self.shown("completed")})]


class Message(Item):
    """What the assistant says: one part of text, or of refusal."""

    kind = "message"

    def __init__(self, identity: str, *, is_refusal: bool = False) -> None:
        super().__init__(identity)
        self.text = ""
        self.annotations: list[dict[str, Any]] = []
        self.is_refusal = is_refusal
        self._word = "refusal" if is_refusal else "text"
        self._event = "response.refusal" if is_refusal else "response.output_text"

    def _part(self) -> dict[str, Any]:
        if self._word == "refusal":
            return {"type": "refusal", "refusal": self.text}
        return {"type": "output_text", "text": self.text, "annotations": self.annotations, "logprobs": []}

    def shown(self, status: str) -> dict[str, Any]:
        content = [self._part()] if status == "completed" else []
        return {"type": "message", "id": self.id, "status": status, "role": "assistant", "content": content}

    def opening(self) -> Events:
        return [*super().opening(), ("response.content_part.added", {"item_id": self.id, "content_index": 0, "part": self._part()})]

    def say(self, text: str) -> Events:
        """Return the event for more text."""
        self.text += text
        return [(f"{self._event}.delta", {"item_id": self.id, "content_index": 0, "delta": text, **self._probabilities()})]

    def cite(self, annotation: dict[str, Any]) -> Events:
        """Return the event for a source."""
        self.annotations.append(annotation)
        index = len(self.annotations) - 1
        told = {"item_id": self.id, "content_index": 0, "annotation_index": index, "annotation": annotation}
        return [("response.output_text.annotation.added", told)]

    def _probabilities(self) -> dict[str, Any]:
        return {"logprobs": []} if self._word == "text" else {}

    def closing(self) -> Events:
        whole = {"item_id": self.id, "content_index": 0, self._word: self.text, **self._probabilities()}
        part = {"item_id": self.id, "content_index": 0, "part": self._part()}
        return [(f"{self._event}.done", whole), ("response.content_part.done", part), *super().closing()]


class Thought(Item):
    """What was thought, in words and sealed."""

    kind = "reasoning"

    def __init__(self, identity: str) -> None:
        super().__init__(identity)
        self.text = ""
        self.sealed = ""

    def shown(self, status: str) -> dict[str, Any]:
        summary = [{"type": "summary_text", "text": self.text}] if self.text and status == "completed" else []
        made: dict[str, Any] = {"type": "reasoning", "id": self.id, "summary": summary}
        return {**made, "encrypted_content": self.sealed} if self.sealed and status == "completed" else made

    def say(self, text: str) -> Events:
        """Return the events for more words."""
        place = {"item_id": self.id, "summary_index": 0}
        first: Events = []
        if not self.text:
            first = [("response.reasoning_summary_part.added", {**place, "part": {"type": "summary_text", "text": ""}})]
        self.text += text
        return [*first, ("response.reasoning_summary_text.delta", {**place, "delta": text})]

    def seal_block(self, signature: str) -> None:
        """Keep the signature of another vendor's thoughts together with its words."""
        self.sealed = opaque.wrap({"block": {"type": "thinking", "thinking": self.text, "signature": signature}})

    def closing(self) -> Events:
        place = {"item_id": self.id, "summary_index": 0}
        told: Events = []
        if self.text:
            part = {"type": "summary_text", "text": self.text}
            told = [
                ("response.reasoning_summary_text.done", {**place, "text": self.text}),
                ("response.reasoning_summary_part.done", {**place, "part": part}),
            ]
        return [*told, *super().closing()]


class ToolCall(Item):
    """A call of one of the client's functions."""

    kind = "function_call"

    def __init__(self, identity: str, *, call_id: str, name: str) -> None:
        super().__init__(identity)
        self.call_id = call_id
        self.name = name
        self.arguments = ""

    def shown(self, status: str) -> dict[str, Any]:
        arguments = (self.arguments or "{}") if status == "completed" else ""
        return {
            "type": "function_call",
            "id": self.id,
            "call_id": self.call_id,
            "name": self.name,
            "arguments": arguments,
            "status": status,
        }

    def say(self, text: str) -> Events:
        """Return the event for more of the arguments."""
        self.arguments += text
        return [("response.function_call_arguments.delta", {"item_id": self.id, "delta": text})]

    def closing(self) -> Events:
        done = {"item_id": self.id, "name": self.name, "arguments": self.arguments or "{}"}
        return [("response.function_call_arguments.done", done), *super().closing()]


class CustomCall(ToolCall):
    """A call of a tool that takes free text: it was asked for as a function with one text, and is told whole at its end."""

    kind = "custom_tool_call"

    def _input(self) -> str:
        found = opaque.loads(self.arguments)
        text = found.get("input") if isinstance(found, dict) else found
        return text if isinstance(text, str) else self.arguments if text is None else json_text(text)

    def shown(self, status: str) -> dict[str, Any]:
        text = self._input() if status == "completed" else ""
        return {"type": "custom_tool_call", "id": self.id, "call_id": self.call_id, "name": self.name, "input": text, "status": status}

    def say(self, text: str) -> Events:
        self.arguments += text
        return []

    def closing(self) -> Events:
        text = self._input()
        said: Events = [
            ("response.custom_tool_call_input.delta", {"item_id": self.id, "delta": text}),
            ("response.custom_tool_call_input.done", {"item_id": self.id, "input": text}),
        ]
        return [*said, *Item.closing(self)]


class Picture(Item):
    """A picture that the model has made."""

    kind = "image_generation_call"

    def __init__(self, identity: str, *, mime: str, data: str) -> None:
        super().__init__(identity)
        self._format = mime.rpartition("/")[2]
        self._data = data

    def shown(self, status: str) -> dict[str, Any]:
        made = {"type": "image_generation_call", "id": self.id, "status": status, "output_format": self._format}
        return {**made, "result": self._data} if status == "completed" else {**made, "result": None}
