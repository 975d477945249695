"""Read a non-streamed OpenAI-type answer: its usage, what it delivered, the model's public name, errors inside a 200."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

from channels_app import failures, lenient
from channels_app.chat_deltas import FAILED, Choice, delivers, known_reason, size
from channels_app.chat_stream import ChatReader
from channels_app.chat_usage import read_usage
from channels_app.contract import Answer, Failure, FailureKind, FrameKind

_BOM = b"\xef\xbb\xbf"
# What the one message of a plain answer may hold, and how it may end.
_PLAIN_MEMBERS = frozenset({"role", "content", "refusal", "annotations"})
_PLAIN_ENDS = frozenset({"stop", "length", "content_filter"})


def read_answer(body: bytes, *, model: str) -> Answer:
    """Return the answer with its `model` shown as `model`; what is no answer becomes `Answer.failure`."""
    text = _without_heartbeats(body)
    try:
        payload = lenient.loads(text)
    except ValueError:
        return _of_stream(text, model=model) if text.startswith((b"data:", b"event:")) else _garbage(text)
    if type(payload) is dict and (content := _plain_content(payload)) is not None:
        delivered = len(content) if content.isascii() else len(content.encode("utf-8", "surrogatepass"))
        return Answer(body=_named(payload, text, model), usage=read_usage(payload.get("usage")), delivered=delivered)
    if not isinstance(payload, dict) or failures.is_beside(payload) or not _is_completion(payload):
        complaint = failures.find(payload)
        return Answer(failure=failures.of_complaint(complaint) if complaint else _upstream("upstream sent nothing that is an answer"))
    return _of_completion(payload, text, model=model)


def _plain_content(payload: dict[str, Any]) -> str | None:
    """Return the text of an answer that is as nearly all are: one choice, text alone, nothing to repair. Saves half the time."""
    choices = payload.get("choices")
    if type(choices) is not list or len(choices) != 1 or payload.get("object") != "chat.completion" or failures.is_beside(payload):
        return None
    choice = choices[0]
    if type(choice) is not dict:
        return None
    reason, message = choice.get("finish_reason"), choice.get("message")
    if type(reason) is not str or reason not in _PLAIN_ENDS:
        return None
    if type(message) is not dict or not message.keys() <= _PLAIN_MEMBERS or message.get("refusal"):
        return None
    content = message.get("content")
    return content if type(content) is str and content else None


def _is_completion(payload: dict[str, Any]) -> bool:
    choices = payload.get("choices")
    return isinstance(choices, list) and any(isinstance(choice, dict) for choice in choices)


def _without_heartbeats(body: bytes) -> bytes:
    """Drop blank lines and comment lines before the answer (DeepSeek keeps its connection alive by them)."""
    body = body.removeprefix(_BOM).lstrip()
    while body.startswith(b":"):
        body = body.partition(b"\n")[2].lstrip()
    return body


def _of_completion(payload: dict[str, Any], text: bytes, *, model: str) -> Answer:
    choices = [choice for choice in payload["choices"] if isinstance(choice, dict)]
    reasons = [choice.get("finish_reason") for choice in choices]
    if not FAILED.isdisjoint(map(str, reasons)):
        return Answer(failure=_upstream("the vendor ended with an error"))
    repaired = _repaired(payload)
    messages = [choice["message"] for choice in repaired["choices"] if isinstance(choice, dict) and isinstance(choice.get("message"), dict)]
    has_output = any(map(delivers, messages))
    is_blank = not has_output and not any(reasons)
    return Answer(
        body=_named(payload, text, model) if repaired is payload else lenient.dumps({**repaired, "model": model}),
        usage=read_usage(payload.get("usage")),
        delivered=sum(map(size, messages)),
        is_empty=is_blank,
    )


def _named(payload: dict[str, Any], text: bytes, model: str) -> bytes:
    """Return the original bytes with the public name, or the answer written anew where that cannot be done for certain."""
    named = payload.get("model")
    if named == model:
        return text
    if type(named) is str and text.count(b'"model"') == 1:
        for old, new in _spellings(named, model):
            if old in text:
                return text.replace(old, new)
    return lenient.dumps({**payload, "model": model})


@functools.lru_cache(maxsize=1024)
def _spellings(named: str, model: str) -> tuple[tuple[bytes, bytes], ...]:
    old, new = lenient.dumps(named), lenient.dumps(model)
    return tuple((b'"model"' + colon + old, b'"model"' + colon + new) for colon in (b":", b": "))


def _repaired(payload: dict[str, Any]) -> dict[str, Any]:
    """Give the answer its `object`, messages and tool calls that clients can read, and a known finish reason; itself if it has them."""
    choices = [_repaired_choice(choice) if isinstance(choice, dict) else choice for choice in payload["choices"]]
    if payload.get("object") == "chat.completion" and choices == payload["choices"]:
        return payload
    return {**payload, "object": "chat.completion", "choices": choices}


def _repaired_choice(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice.get("message")
    has_tools = isinstance(message, dict) and bool(message.get("tool_calls"))
    reason = choice.get("finish_reason")
    known = known_reason(reason if isinstance(reason, str) else None, has_tools=has_tools)
    fixed = _repaired_message(message) if isinstance(message, dict) else message
    return choice if reason == known and fixed is message else {**choice, "message": fixed, "finish_reason": known}


def _repaired_message(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message with text for parts, and tool calls with id, type and arguments as text; itself where nothing is wrong."""
    calls = message.get("tool_calls") or ()
    if not isinstance(message.get("content"), list) and isinstance(calls, list | tuple) and all(map(_is_whole, calls)):
        return message
    listed = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    prefix = f"call_{hashlib.sha256(repr(listed).encode()).hexdigest()[:12]}_"
    numbered = [{**call, "index": index} for index, call in enumerate(listed)]
    fixed = Choice(0, prefix).repair({**message, **({"tool_calls": numbered} if numbered else {})})
    if fixed.get("tool_calls"):
        fixed["tool_calls"] = [{name: value for name, value in call.items() if name != "index"} for call in fixed["tool_calls"]]
    return fixed


def _is_whole(call: object) -> bool:
    if not isinstance(call, dict) or not call.get("id") or not call.get("type"):
        return False
    function = call.get("function")
    return "custom" in call or (isinstance(function, dict) and isinstance(function.get("arguments"), str))


def _of_stream(text: bytes, *, model: str) -> Answer:
    """Put an event stream that answers a plain request together into one completion."""
    reader = ChatReader(model=model, wants_usage=True, request_id="stream", created=0, in_runs=False)
    frames = [*reader.feed(text), *reader.end()]
    if frames[-1].failure is not None:
        return Answer(failure=frames[-1].failure)
    whole: dict[str, Any] = {}
    messages: dict[int, dict[str, Any]] = {}
    reasons: dict[int, str] = {}
    for frame in frames:
        if frame.data and frame.kind not in {FrameKind.COMMENT, FrameKind.DONE}:
            chunk: Any = lenient.loads(frame.data.removeprefix(b"data: "))
            whole = {**whole, **{name: value for name, value in chunk.items() if name != "choices" and value is not None}}
            for choice in chunk["choices"]:
                _merge(messages.setdefault(choice["index"], {}), choice["delta"])
                reasons[choice["index"]] = choice.get("finish_reason") or ""
    whole["object"] = "chat.completion"
    whole["choices"] = [
        {"index": index, "message": message, "finish_reason": reasons[index]} for index, message in sorted(messages.items())
    ]
    return _of_completion(whole, lenient.dumps(whole), model=model)


def _merge(message: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add a normalised delta to a message: texts grow, tool calls grow by index, everything else is taken over."""
    for name, value in delta.items():
        if name == "tool_calls":
            _merge_tools(message.setdefault("tool_calls", []), value)
        elif isinstance(value, str) and isinstance(message.get(name), str) and name != "role":
            message[name] += value
        elif value is not None or name not in message:
            message[name] = value


def _merge_tools(calls: list[dict[str, Any]], fragments: list[dict[str, Any]]) -> None:
    for fragment in fragments or ():
        index = fragment["index"]
        rest = {name: value for name, value in fragment.items() if name != "index"}
        if index == len(calls):
            calls.append(rest)
        else:
            _merge(calls[index].setdefault("function", {}), rest.get("function") or {})


def _garbage(text: bytes) -> Answer:
    is_html = text[:200].lower().startswith((b"<!doctype", b"<html", b"<"))
    return Answer(failure=_upstream("upstream returned HTML" if is_html else "upstream's answer is no JSON"))


def _upstream(message: str) -> Failure:
    return Failure(FailureKind.UPSTREAM, message)
