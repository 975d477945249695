"""The older protocol of text completions: when it travels on as it is, and how its answers are read as those of a chat. Pure.

Source: https://platform.openai.com/docs/api-reference/completions. Most models today only chat; what only a completion can say
(`echo`, `suffix`, several prompts, tokens) goes to `/completions`, as do models whose name says so. The channel's option
`completions` decides otherwise: `native` or `chat`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from channels_app import lenient, sse
from channels_app.chat_events import ChatEvents
from channels_app.contract import Call, ChannelFacts
from channels_app.deltas import Delta

NAME = "completions"
PATH = "/completions"
_NATIVE_MODEL = re.compile(r"instruct|davinci|babbage|curie|(^|[-/])(ada|base|fim|coder?)([-.]|$)", re.I)


def only_native(fields: Mapping[str, Any]) -> str:
    """Return the name of a field that only a completion can say; empty when there is none."""
    for name in ("echo", "suffix", "logprobs"):
        if fields.get(name) not in {None, False, ""}:
            return name
    if fields.get("best_of") not in {None, 1}:
        return "best_of"
    prompt = fields.get("prompt")
    is_plain = isinstance(prompt, str) or (isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str))
    return "" if is_plain else "prompt"


def is_native(call: Call, channel: ChannelFacts) -> bool:
    """Tell whether a completion goes to a vendor of OpenAI's kind as it is."""
    wanted = channel.options.get("completions")
    if wanted in {"native", "chat"}:
        return bool(wanted == "native")
    return bool(only_native(call.fields)) or _NATIVE_MODEL.search(channel.upstream(call.model)) is not None


def as_chat(body: bytes) -> bytes:
    """Return a completion (or any other body) with its texts where a chat completion has them."""
    try:
        payload: Any = lenient.loads(body)
    except ValueError:
        return body
    return lenient.dumps(_moved(payload, "message")) if isinstance(payload, dict) else body


class TextEvents(ChatEvents):
    """The events of a completion's stream."""

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self._parser = sse.Parser()
        self._head = b""
        self._is_events = False

    def feed(self, chunk: bytes) -> list[Delta]:
        if not self._is_events:
            self._head += chunk
            if self._head.lstrip()[:1] in {b"", b"{", b"<", b"["}:
                return []
            self._is_events, chunk = True, self._head
        return self._told(self._parser.feed(chunk))

    def end(self) -> list[Delta]:
        if not self._is_events:
            return [*super().feed(as_chat(self._head)), *super().end()]
        return [*self._told(self._parser.end()), *super().end()]

    def _told(self, events: Sequence[sse.Event]) -> list[Delta]:
        found: list[Delta] = []
        for event in events:
            data = b": " + event.data if event.is_comment else b"data: " + _event(event.data)
            found += super().feed(data + b"\n\n")
        return found


def _event(data: bytes) -> bytes:
    try:
        payload = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data
    return orjson.dumps(_moved(payload, "delta")) if isinstance(payload, dict) else data


def _moved(payload: dict[str, Any], place: str) -> dict[str, Any]:
    choices = payload.get("choices")
    if not isinstance(choices, list):
        return payload
    return {**payload, "choices": [_choice(choice, place) for choice in choices]}


def _choice(choice: Any, place: str) -> Any:
    if not isinstance(choice, dict) or "text" not in choice:
        return choice
    rest = {name: value for name, value in choice.items() if name != "text"}
    return {**rest, place: {"role": "assistant", "content": choice["text"]} if place == "message" else {"content": choice["text"]}}
