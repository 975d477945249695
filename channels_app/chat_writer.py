"""Write an answer in OpenAI's chat protocol from deltas: chunks of a stream, or one completion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from channels_app import lenient
from channels_app.chat_render import CHUNK, DONE
from channels_app.contract import Call, Usage
from channels_app.deltas import (
    Citation,
    Comment,
    Consumed,
    Delta,
    Finish,
    Logprobs,
    Media,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolArguments,
    ToolStart,
)
from channels_app.faces import Problem


def envelope(problem: Problem) -> bytes:
    """Return the body that tells a problem in OpenAI's protocols; all four members are always there."""
    error = {"message": problem.message, "type": problem.type, "param": problem.param, "code": problem.code, **problem.details}
    return lenient.dumps({"error": error})


def usage_of(usage: Usage) -> dict[str, Any]:
    """Return usage as OpenAI counts it: prompt and completion with everything in them, the parts as details."""
    inward = {
        "cached_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "audio_tokens": usage.audio_input,
        "image_tokens": usage.image_input,
    }
    outward = {"reasoning_tokens": usage.reasoning, "audio_tokens": usage.audio_output, "image_tokens": usage.image_output}
    return {
        "prompt_tokens": usage.total_input,
        "completion_tokens": usage.total_output,
        "total_tokens": usage.total_input + usage.total_output,
        "prompt_tokens_details": _filled(inward, always="cached_tokens"),
        "completion_tokens_details": _filled(outward, always="reasoning_tokens"),
    }


def _filled(counts: Mapping[str, int], *, always: str) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count or name == always}


class ChatWriter:
    """Writes one stream of chunks."""

    def __init__(self, call: Call, *, request_id: str, created: int) -> None:
        self._head = {"id": f"chatcmpl-{request_id}", "object": CHUNK, "created": created, "model": call.model}
        self._wants_usage = call.wants_usage
        self._usage: Usage | None = None
        self._finishes: dict[int, Finish] = {}
        self._opened: set[int] = set()

    def write(self, delta: Delta) -> bytes:
        """Return the chunk for a delta."""
        if isinstance(delta, Consumed):
            self._usage = delta.usage
        elif isinstance(delta, Finish):
            self._finishes[delta.choice] = delta
        elif isinstance(delta, Comment):
            return b": upstream is at work\n\n"
        elif isinstance(delta, Logprobs):
            return self._opening(delta.choice) + self._chunk(delta.choice, {}, logprobs=delta.value)
        elif fields := fields_of(delta):
            return self._opening(delta.choice) + self._chunk(delta.choice, fields)  # type: ignore[union-attr]  # only these have fields
        return b""

    def close(self) -> tuple[bytes, bytes]:
        """Return the finish reasons and the usage; then the end mark."""
        last = [self._opening(finish.choice) for _, finish in sorted(self._finishes.items())]
        last += [self._chunk(choice, {}, finish_reason=finish.reason) for choice, finish in sorted(self._finishes.items())]
        if self._usage is not None and self._wants_usage:
            last.append(_event({**self._head, "choices": [], "usage": usage_of(self._usage)}))
        return b"".join(last), DONE

    def _opening(self, choice: int) -> bytes:
        missing = [index for index in range(choice + 1) if index not in self._opened]
        self._opened.update(missing)
        return b"".join(self._chunk(index, {"role": "assistant", "content": ""}) for index in missing)

    def _chunk(self, choice: int, delta: Mapping[str, Any], **rest: Any) -> bytes:
        usage = {"usage": None} if self._wants_usage else {}
        shown = {"index": choice, "delta": delta, "finish_reason": None, **rest}
        return _event({**self._head, "choices": [shown], **usage})


_TEXTS: dict[type[Delta], str] = {Text: "content", Reasoning: "reasoning_content", Refusal: "refusal"}


def fields_of(delta: Delta) -> dict[str, Any]:
    """Return the members of a chunk's delta; empty for what has none."""
    match delta:
        case Text(text) | Reasoning(text) | Refusal(text):
            return {_TEXTS[type(delta)]: text}
        case Opaque():
            return _opaque(delta)
        case ToolStart():
            return {"tool_calls": [{"index": delta.index, **tool(delta, "")}]}
        case ToolArguments(index, text):
            return {"tool_calls": [{"index": index, "function": {"arguments": text}}]}
        case Citation(annotation):
            return {"annotations": [annotation]}
        case Media():
            return _media(delta)
        case _:
            return {}


def tool(start: ToolStart, arguments: str) -> dict[str, Any]:
    """Return a tool call; a thought signature stands where Google's own OpenAI layer puts it."""
    made: dict[str, Any] = {"id": start.id, "type": "function", "function": {"name": start.name, "arguments": arguments}}
    if start.signature:
        made["extra_content"] = {"google": {"thought_signature": start.signature}}
    return made


def _opaque(delta: Opaque) -> dict[str, Any]:
    if delta.kind == "reasoning_item":
        return {"reasoning_details": [{"type": "reasoning.encrypted", "data": delta.data, "id": delta.id or None, "index": 0}]}
    if delta.kind == "redacted":
        return {"thinking_blocks": [{"type": "redacted_thinking", "data": delta.data}]}
    return {"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": delta.data}]}


def _media(delta: Media) -> dict[str, Any]:
    if delta.mime.startswith("audio/"):
        return {"audio": {**(delta.extra or {}), **({"data": delta.data} if delta.data else {})}}
    url = delta.url or f"data:{delta.mime};base64,{delta.data}"
    return {"images": [{"type": "image_url", "image_url": {"url": url}, "index": 0}]}


def write_completion(call: Call, deltas: Sequence[Delta], *, request_id: str, created: int) -> bytes:
    """Return a complete answer."""
    usage = next((delta.usage for delta in reversed(deltas) if isinstance(delta, Consumed)), None)
    indexes = sorted({delta.choice for delta in deltas if hasattr(delta, "choice")}) or [0]
    whole = {
        "id": f"chatcmpl-{request_id}",
        "object": "chat.completion",
        "created": created,
        "model": call.model,
        "choices": [_choice(index, [one for one in deltas if getattr(one, "choice", None) == index]) for index in indexes],
        **({"usage": usage_of(usage)} if usage is not None else {}),
    }
    return lenient.dumps(whole)


def _choice(index: int, deltas: Sequence[Delta]) -> dict[str, Any]:
    finish = next((delta.reason for delta in deltas if isinstance(delta, Finish)), "stop")
    shown: dict[str, Any] = {"index": index, "message": message_of(deltas), "finish_reason": finish}
    probabilities = [delta.value for delta in deltas if isinstance(delta, Logprobs)]
    if probabilities:
        shown["logprobs"] = {"content": [token for value in probabilities for token in value.get("content") or ()]}
    return shown


def message_of(deltas: Iterable[Delta]) -> dict[str, Any]:
    """Return the assistant's message that the deltas of one choice come to; text is null where there are only tool calls."""
    listed = list(deltas)
    text = "".join(delta.text for delta in listed if isinstance(delta, Text))
    calls = [
        tool(start, "".join(part.text for part in listed if isinstance(part, ToolArguments) and part.index == start.index) or "{}")
        for start in listed
        if isinstance(start, ToolStart)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": text if text or not calls else None}
    if reasoning := "".join(delta.text for delta in listed if isinstance(delta, Reasoning)):
        message["reasoning_content"] = reasoning
    if refusal := "".join(delta.text for delta in listed if isinstance(delta, Refusal)):
        message["refusal"] = refusal
    message |= _rest(listed)
    if blocks := thinking_blocks(listed):
        message["thinking_blocks"] = blocks
    if calls:
        message["tool_calls"] = calls
    return message


def _rest(deltas: Sequence[Delta]) -> dict[str, Any]:
    """Return the lists (sources, pictures, opaque items) and the sound of a message."""
    found: dict[str, Any] = {}
    for delta in deltas:
        if isinstance(delta, Citation | Media) or (isinstance(delta, Opaque) and delta.kind == "reasoning_item"):
            for name, value in fields_of(delta).items():
                if isinstance(value, list):
                    found.setdefault(name, []).extend(value)
                else:
                    found[name] = {**found.get(name, {}), **value}
    return found


def thinking_blocks(deltas: Sequence[Delta]) -> list[dict[str, Any]]:
    """Return reasoning with its signatures as Anthropic's blocks; none where nothing is signed."""
    blocks: list[dict[str, Any]] = []
    words: list[str] = []
    for delta in deltas:
        if isinstance(delta, Reasoning):
            words.append(delta.text)
        elif isinstance(delta, Opaque) and delta.kind == "signature":
            blocks.append({"type": "thinking", "thinking": "".join(words), "signature": delta.data})
            words = []
        elif isinstance(delta, Opaque) and delta.kind == "redacted":
            blocks.append({"type": "redacted_thinking", "data": delta.data})
    return blocks


def _event(value: Mapping[str, Any]) -> bytes:
    data = lenient.dumps(value)
    if b"\xe2\x80" in data:
        data = data.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return b"data: " + data + b"\n\n"
