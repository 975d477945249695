"""Read an OpenAI-type answer as deltas, for clients that speak another protocol: what ChatReader repairs, said in small values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from channels_app import lenient
from channels_app.chat_answer import read_answer
from channels_app.chat_parts import ToolNames
from channels_app.chat_render import Renderer
from channels_app.chat_stream import ChatReader
from channels_app.contract import Call, Frame, FrameKind
from channels_app.deltas import (
    Broken,
    Citation,
    Comment,
    Consumed,
    Delta,
    Done,
    Finish,
    Logprobs,
    Media,
    Opaque,
    Reasoning,
    Refusal,
    Started,
    Text,
    ToolArguments,
    ToolStart,
)


class ChatEvents:
    """The events of one OpenAI-type stream."""

    def __init__(self, call: Call) -> None:
        self._tap = _Tap(call)
        self._reader = ChatReader(
            model=call.model,
            wants_usage=True,
            request_id="",
            created=0,
            in_runs=False,
            render=self._tap,
            goes_on=self._tap.names.may_go_on,
        )

    def feed(self, chunk: bytes) -> list[Delta]:
        """Take bytes as they arrive; return what they say."""
        return self._deltas(self._reader.feed(chunk))

    def end(self) -> list[Delta]:
        """Say that upstream closed the connection; return what is left."""
        return self._deltas(self._reader.end())

    def _deltas(self, frames: Sequence[Frame]) -> list[Delta]:
        said = iter(self._tap.take())
        return [delta for frame in frames for delta in _of_frame(frame, said)]


def _of_frame(frame: Frame, said: Iterator[list[Delta]]) -> Sequence[Delta]:
    if frame.kind in {FrameKind.CONTENT, FrameKind.ROLE, FrameKind.FINISH}:
        return next(said)
    found: list[Delta] = [Consumed(frame.usage)] if frame.usage is not None else []
    if frame.kind is FrameKind.COMMENT:
        found.append(Comment(frame.data))
    elif frame.kind is FrameKind.ERROR and frame.failure is not None:
        found.append(Broken(frame.failure))
    elif frame.kind is FrameKind.DONE:
        found.append(Done())
    return found


class _Tap(Renderer):
    """Stands where chunks are written, and keeps what they say: one list for each chunk."""

    def __init__(self, call: Call) -> None:
        super().__init__(model=call.model, wants_usage=True, request_id="", created=0)
        self.names = ToolNames(call.chat)
        self._kept: list[list[Delta]] = []
        self._has_started = False

    def take(self) -> list[list[Delta]]:
        """Return what was said since the last time."""
        kept, self._kept = self._kept, []
        return kept

    def chunk(self, chunk: dict[str, Any], choice: dict[str, Any], data: bytes | None) -> bytes:
        found = [*of_delta(choice.get("delta") or {}, choice["index"], self.names), *of_choice(choice)]
        if not self._has_started:
            self._has_started = True
            identity = chunk.get("id")
            found.insert(0, Started(identity if isinstance(identity, str) else ""))
        self._kept.append(found)
        return b""

    def usage(self, chunk: dict[str, Any], usage: dict[str, Any]) -> bytes:
        return b""


def of_answer(call: Call, body: bytes) -> list[Delta]:
    """Return the deltas of a complete answer."""
    answer = read_answer(body, model=call.model)
    if answer.failure is not None:
        return [Broken(answer.failure)]
    payload: Any = lenient.loads(answer.body)
    names = ToolNames(call.chat)
    identity = payload.get("id")
    found: list[Delta] = [Started(identity if isinstance(identity, str) else "")]
    for choice in payload["choices"]:
        if isinstance(choice, dict):
            index = choice.get("index")
            choice = {**choice, "index": index if type(index) is int and index >= 0 else 0}
            found += [*of_delta(_indexed(choice.get("message")), choice["index"], names), *of_choice(choice)]
    if answer.usage is not None:
        found.append(Consumed(answer.usage))
    return [*found, Done()]


def _indexed(message: object) -> Mapping[str, Any]:
    if not isinstance(message, dict):
        return {}
    calls = [call for call in message.get("tool_calls") or () if isinstance(call, dict)]
    return {**message, "tool_calls": [{**call, "index": index} for index, call in enumerate(calls)]}


def of_choice(choice: Mapping[str, Any]) -> list[Delta]:
    """Return what a choice says beside its delta: probabilities, and why it ended."""
    found: list[Delta] = []
    if isinstance(choice.get("logprobs"), dict):
        found.append(Logprobs(choice["logprobs"], choice["index"]))
    if choice.get("finish_reason"):
        found.append(Finish(choice["finish_reason"], choice["index"]))
    return found


def of_delta(delta: Mapping[str, Any], choice: int, names: ToolNames) -> list[Delta]:
    """Return what a repaired delta or a message says."""
    found: list[Delta] = []
    blocks = [block for block in delta.get("thinking_blocks") or () if isinstance(block, dict)]
    reasoning = _text(delta.get("reasoning_content")) or _text(delta.get("reasoning"))
    if reasoning:
        found.append(Reasoning(reasoning, choice))
    found += [opaque for block in blocks for opaque in _opaque(block, choice)]
    found += _details(delta.get("reasoning_details"), choice)
    if text := _text(delta.get("content")):
        found.append(Text(text, choice))
    if refusal := _text(delta.get("refusal")):
        found.append(Refusal(refusal, choice))
    found += [Citation(note, choice) for note in delta.get("annotations") or () if isinstance(note, dict)]
    found += _media(delta, choice)
    for call in delta.get("tool_calls") or ():
        found += _tool(call, choice, names)
    return found


def _opaque(block: Mapping[str, Any], choice: int) -> list[Delta]:
    if block.get("type") == "redacted_thinking":
        return [Opaque("redacted", _text(block.get("data")), choice=choice)]
    signature = _text(block.get("signature"))
    return [Opaque("signature", signature, choice=choice)] if signature else []


def _details(details: object, choice: int) -> list[Delta]:
    found: list[Delta] = []
    for item in details if isinstance(details, list) else ():
        if isinstance(item, dict) and item.get("type") == "reasoning.encrypted" and _text(item.get("data")):
            found.append(Opaque("reasoning_item", _text(item.get("data")), _text(item.get("id")), choice))
    return found


def _media(delta: Mapping[str, Any], choice: int) -> list[Delta]:
    found: list[Delta] = []
    for image in delta.get("images") or ():
        url = image.get("image_url") if isinstance(image, dict) else None
        url = _text(url.get("url")) if isinstance(url, dict) else _text(url)
        if url.startswith("data:"):
            mime, _, data = url[5:].partition(";base64,")
            found.append(Media(mime, data, choice=choice))
        elif url:
            found.append(Media("image/*", url=url, choice=choice))
    audio = delta.get("audio")
    if isinstance(audio, dict):
        rest = {name: value for name, value in audio.items() if name != "data"}
        found.append(Media("audio/*", _text(audio.get("data")), choice=choice, extra=rest))
    return found


def _tool(call: Mapping[str, Any], choice: int, names: ToolNames) -> list[Delta]:
    index = call["index"]
    body = call.get("function") or call.get("custom") or {}
    found: list[Delta] = []
    if call.get("id"):
        extra = call.get("extra_content")
        google = extra.get("google") if isinstance(extra, dict) else None
        signature = _text(google.get("thought_signature")) if isinstance(google, dict) else ""
        kind = "custom" if "custom" in call else "function"
        found.append(ToolStart(index, call["id"], names.read(_text(body.get("name"))), choice, signature, kind))
    if arguments := _text(body.get("arguments")) or _text(body.get("input")):
        found.append(ToolArguments(index, arguments, choice))
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
