"""Tencent's own interface to Hunyuan: names in PascalCase, errors with status 200, everything wrapped in `Response`.

Source: cloud.tencent.com/document/api/1729 and the official tencentcloud-sdk-python. Stream events are not wrapped; there is
no limit of output tokens; `Parameters` of a function is JSON as text; reasoning must not be sent back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from channels_app import bounds, codes, failures, hunyuan_images, turns
from channels_app.chat_usage import count
from channels_app.contract import Answer, Call, ChannelFacts, Encoded, Failure, FailureKind, UpstreamHead, Usage
from channels_app.deltas import Broken, Consumed, Delta, Done, Finish, Reasoning, Text, ToolArguments, ToolStart
from channels_app.faces import CHAT, Vendor
from channels_app.operations import embeddings
from channels_app.payloads import PayloadReader

MOST_MESSAGES = 40
MOST_TEXTS = 50
_REASONS = {"sensitive": "content_filter", "tool_calls": "tool_calls", "length": "length"}


class Hunyuan(Vendor):
    """Chat with tools and pictures; embeddings; making pictures."""

    name = "hunyuan"
    operations = frozenset({CHAT, "embeddings", hunyuan_images.OPERATION})

    def encode(self, call: Call, channel: ChannelFacts) -> Encoded:
        """Write a chat, an embedding or a picture; the action travels as a header, the path is always the root."""
        if call.operation == hunyuan_images.OPERATION:
            return hunyuan_images.encode(call)
        if call.operation != CHAT:
            embeddings.check_number(call, MOST_TEXTS)
            return _asked("GetEmbedding", {"InputList": embeddings.texts(call)})
        return _asked("ChatCompletions", _chat(call, channel.upstream(call.model)))

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        """Read a complete answer."""
        response = hunyuan_images.response(body)
        if "Choices" not in response:
            return [Broken(_refusal(response))]
        reader = _Reader()
        said = list(reader.payload({**response, "Choices": [_as_delta(choice) for choice in response["Choices"]]}, ""))
        return said if said and isinstance(said[-1], Done | Broken) else [*said, Finish("stop"), Done()]

    def events(self, call: Call) -> _Reader:
        """Return a reader of its events."""
        return _Reader()

    def answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        """Read embeddings or pictures."""
        response = hunyuan_images.response(body)
        if call.operation == hunyuan_images.OPERATION and "Error" not in response:
            return hunyuan_images.answer(call, head, body)
        if not isinstance(response.get("Data"), list):
            return Answer(failure=_refusal(response))
        usage = _usage(response)
        told = None if usage is None else {"prompt_tokens": usage.input, "total_tokens": usage.input}
        data = [{"index": one["Index"], "embedding": one["Embedding"]} for one in response["Data"]]
        return embeddings.Embeddings().read(call, head, orjson.dumps({"data": data, "usage": told}))

    def classify(self, status: int, body: bytes) -> Failure:
        """Say what an error answer means."""
        return _refusal(hunyuan_images.response(body)) if b'"Response"' in body else failures.classify(status, body, codes.HUNYUAN)


VENDOR = Hunyuan()


def _asked(action: str, body: Mapping[str, Any]) -> Encoded:
    return Encoded("/", orjson.dumps(body), headers=((hunyuan_images.ACTION, action),))


def _chat(call: Call, model: str) -> dict[str, Any]:
    fields = call.chat
    turns.require(fields, tools=True, media=True)
    stop, limits = fields.get("stop"), bounds.clamped(fields, temperature=(0, 2), top_p=(0, 1), seed=(1, 10000))
    body: dict[str, Any] = {"Model": model, "Messages": _messages(fields.get("messages") or ()), "Stream": call.is_stream}
    body |= {ours: limits[name] for name, ours in (("temperature", "Temperature"), ("top_p", "TopP"), ("seed", "Seed")) if name in limits}
    if stop:
        body["Stop"] = [stop] if isinstance(stop, str) else stop
    if turns.functions(fields):
        body["Tools"] = [{"Type": "function", "Function": _function(one)} for one in turns.functions(fields)]
        choice = fields.get("tool_choice")
        body["ToolChoice"] = choice if choice in ("none", "auto") else "custom" if isinstance(choice, Mapping) else "auto"
        if isinstance(choice, Mapping):
            body["CustomTool"] = {"Type": "function", "Function": {"Name": (choice.get("function") or {}).get("name", "")}}
    for name, ours in (("enable_enhancement", "EnableEnhancement"), ("enable_thinking", "EnableThinking")):
        if isinstance(fields.get(name), bool):
            body[ours] = fields[name]
    return body


def _function(declared: Mapping[str, Any]) -> dict[str, str]:
    parameters = orjson.dumps(declared.get("parameters") or {}).decode()
    return {"Name": declared.get("name", ""), "Parameters": parameters, "Description": declared.get("description") or ""}


def _messages(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Write messages: the system's first and once, the others in turn, none empty; the oldest go where there are too many."""
    made: list[dict[str, Any]] = []
    for message in messages:
        if message.get("role") not in turns.SYSTEM and (one := _message(message)):
            _join(made, one)
    if not made or made[0]["Role"] != "user":
        made.insert(0, {"Role": "user", "Content": turns.GO_ON})
    if made[-1]["Role"] == "assistant":
        made.append({"Role": "user", "Content": turns.GO_ON})
    system = turns.system_text(messages)
    kept = made[-(MOST_MESSAGES - bool(system)) :]
    while kept[0]["Role"] != "user" and len(kept) > 1:
        kept.pop(0)
    return [{"Role": "system", "Content": system}, *kept] if system else kept


def _join(made: list[dict[str, Any]], one: dict[str, Any]) -> None:
    """Add a message to those before; two of one side become one, where both are text."""
    before = made[-1] if made else {}
    is_text = before.keys() <= {"Role", "Content"} and one.keys() <= {"Role", "Content"}
    if before.get("Role") == one["Role"] != "tool" and is_text:
        before["Content"] += "\n" + one["Content"]
    else:
        made.append(one)


def _message(message: Mapping[str, Any]) -> dict[str, Any] | None:
    role, content = message.get("role"), message.get("content")
    made: dict[str, Any] = {"Role": role if role in {"assistant", "tool"} else "user"}
    if isinstance(content, list) and turns.has_media([message]):
        made["Contents"] = [_part(part) for part in content]
    else:
        made["Content"] = turns.text_of(content)
    if message.get("tool_calls"):
        made["ToolCalls"] = [_tool_call(call) for call in message["tool_calls"]]
    if role == "tool":
        made["ToolCallId"] = message.get("tool_call_id", "")
        made["Content"] = made.get("Content") or " "
    return made if made.get("Content") or made.get("Contents") or made.get("ToolCalls") else None


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") == "image_url":
        return {"Type": "image_url", "ImageUrl": {"Url": (part.get("image_url") or {}).get("url", "")}}
    return {"Type": "text", "Text": part.get("text", "")}


def _tool_call(call: Mapping[str, Any]) -> dict[str, Any]:
    function: Mapping[str, Any] = call.get("function") or {}
    named = {"Name": function.get("name", ""), "Arguments": function.get("arguments", "")}
    return {"Id": call.get("id", ""), "Type": "function", "Function": named}


def _refusal(response: Mapping[str, Any]) -> Failure:
    error = response.get("Error") or response.get("ErrorMsg")
    if not isinstance(error, Mapping):
        return Failure(FailureKind.UPSTREAM, "upstream sent nothing that is an answer")
    told = failures.Complaint(str(error.get("Message") or error.get("Msg") or ""), code=str(error.get("Code") or ""))
    return failures.of_complaint(told, codes.HUNYUAN)


def _as_delta(choice: Mapping[str, Any]) -> dict[str, Any]:
    return {**choice, "Delta": choice.get("Message") or {}}


def _usage(payload: Mapping[str, Any]) -> Usage | None:
    raw = payload.get("Usage")
    if not isinstance(raw, Mapping):
        return None
    return Usage(input=count(raw.get("PromptTokens")), output=count(raw.get("CompletionTokens")))


class _Reader(PayloadReader):
    """Events that hold more of the answer; the usage in each replaces the one before."""

    def __init__(self) -> None:
        super().__init__()
        self._tools: dict[str, int] = {}

    def payload(self, payload: Mapping[str, Any], name: str) -> Iterator[Delta]:
        if "Choices" not in payload or payload.get("ErrorMsg"):
            yield Broken(_refusal(payload.get("Response") or payload))
            return
        usage = _usage(payload)
        if usage is not None and (usage.total_input or usage.total_output):
            yield Consumed(usage)
        for choice in payload["Choices"] or ():
            yield from self._said(choice.get("Delta") or {})
            reason = choice.get("FinishReason")
            if reason:
                yield Finish("tool_calls" if self._tools else _REASONS.get(reason, "stop"))
                yield Done()

    def whole(self, body: bytes) -> Sequence[Delta]:
        return VENDOR.deltas(Call(CHAT, "", "", b"", {}), UpstreamHead(200, {}), body)

    def _said(self, delta: Mapping[str, Any]) -> Iterator[Delta]:
        if delta.get("ReasoningContent"):
            yield Reasoning(delta["ReasoningContent"])
        if delta.get("Content"):
            yield Text(delta["Content"])
        for called in delta.get("ToolCalls") or ():
            yield from self._called(called)

    def _called(self, called: Mapping[str, Any]) -> Iterator[Delta]:
        """Tell a piece of a tool call: pieces belong together by their id, and one without belongs to the last."""
        function: Mapping[str, Any] = called.get("Function") or {}
        identity = str(called.get("Id") or next(reversed(self._tools), "call_0"))
        if identity not in self._tools:
            self._tools[identity] = len(self._tools)
            yield ToolStart(self._tools[identity], identity, str(function.get("Name") or ""))
        if function.get("Arguments"):
            yield ToolArguments(self._tools[identity], str(function["Arguments"]))
