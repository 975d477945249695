"""Alibaba's own interface DashScope: text and pictures in, text in events of its own shape, embeddings.

Source: help.aliyun.com/zh/model-studio (DashScope API reference). Without `incremental_output` each event repeats the whole
text so far: it is asked for unless the client's own `incremental_output` is false, and then what was said already is taken
off each event. Usage counters grow and replace each other. Errors come inside streams as `event:error`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from channels_app import bounds, codes, dashscope_images, failures, lenient, turns
from channels_app.chat_usage import read_usage
from channels_app.contract import Answer, Call, ChannelFacts, Encoded, Failure, FailureKind, UpstreamHead, Usage
from channels_app.deltas import Broken, Consumed, Delta, Done, Finish, Reasoning, Text, ToolArguments, ToolStart
from channels_app.faces import CHAT, Vendor
from channels_app.operations import embeddings
from channels_app.payloads import PayloadReader

_TEXT = "/services/aigc/text-generation/generation"
_MEDIA = "/services/aigc/multimodal-generation/generation"
_EMBEDDINGS = "/services/embeddings/text-embedding/text-embedding"
_MEDIA_MODELS = ("-vl", "qvq", "-audio", "-omni", "qwen-image")
_LIMITS = {"temperature": (0, 1.99), "top_p": (0.001, 1.0)}
_SAME = (
    "seed", "top_k", "presence_penalty", "repetition_penalty", "enable_search", "enable_thinking", "thinking_budget",
    "parallel_tool_calls", "tool_choice", "tools", "response_format", "stop", "n",
)  # fmt: skip


class DashScope(Vendor):
    """Chat with tools, pictures and reasoning; embeddings; making pictures."""

    name = "dashscope"
    operations = frozenset({CHAT, "embeddings", dashscope_images.OPERATION})

    def encode(self, call: Call, channel: ChannelFacts) -> Encoded:
        """Write a chat, an embedding or a picture."""
        model = channel.upstream(call.model)
        if call.operation == dashscope_images.OPERATION:
            return dashscope_images.encode(call, model)
        if call.operation != CHAT:
            return Encoded(_EMBEDDINGS, orjson.dumps(_embedding(call, model)))
        fields = call.chat
        messages = fields.get("messages") or []
        with_media = turns.has_media(messages) or any(mark in model for mark in _MEDIA_MODELS)
        said = [_message(message, with_media=with_media) for message in messages]
        body = {"model": model, "input": {"messages": said}, "parameters": _parameters(fields, is_stream=call.is_stream)}
        headers = (("x-dashscope-sse", "enable"),) if call.is_stream else ()
        return Encoded(_MEDIA if with_media else _TEXT, orjson.dumps(body), headers=headers)

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        """Read a complete answer."""
        try:
            payload = lenient.loads(body)
        except ValueError:
            payload = None
        if not isinstance(payload, dict) or not isinstance(payload.get("output"), dict):
            return [Broken(_refusal(payload))]
        reader = _Reader()
        said = list(reader.payload(payload, ""))
        return said if said and isinstance(said[-1], Done) else [*said, Finish("stop"), Done()]

    def events(self, call: Call) -> _Reader:
        """Return a reader of its events."""
        return _Reader(is_cumulative=_is_cumulative(call.chat))

    def answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        """Read embeddings or pictures."""
        if call.operation == dashscope_images.OPERATION:
            return dashscope_images.answer(call, head, body)
        try:
            payload = lenient.loads(body)
        except ValueError:
            payload = None
        output = payload.get("output") if isinstance(payload, dict) else None
        if not isinstance(payload, dict) or not isinstance(output, dict) or not isinstance(output.get("embeddings"), list):
            return Answer(failure=_refusal(payload))
        told = payload.get("usage") or {}
        usage = {"prompt_tokens": told["total_tokens"], "total_tokens": told["total_tokens"]} if "total_tokens" in told else None
        data = [{"index": one["text_index"], "embedding": one["embedding"]} for one in output["embeddings"]]
        return embeddings.Embeddings().read(call, head, orjson.dumps({"data": data, "usage": usage}))

    def classify(self, status: int, body: bytes) -> Failure:
        """Say what an error answer means."""
        return failures.classify(status, body, codes.DASHSCOPE)


VENDOR = DashScope()


def _parameters(fields: Mapping[str, Any], *, is_stream: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"result_format": "message", **bounds.clamped(fields, **_LIMITS)}
    made |= {name: fields[name] for name in _SAME if fields.get(name) is not None}
    if is_stream:
        made["incremental_output"] = not _is_cumulative(fields)
    limit = bounds.output_limit(fields)
    if limit is not None:
        made["max_tokens"] = limit
    return made


def _is_cumulative(fields: Mapping[str, Any]) -> bool:
    return fields.get("incremental_output") is False


def _message(message: Mapping[str, Any], *, with_media: bool) -> dict[str, Any]:
    role = "system" if message.get("role") in turns.SYSTEM else message.get("role")
    content = message.get("content")
    made: dict[str, Any] = {"role": role, "content": _parts(content) if with_media else turns.text_of(content)}
    for name in ("tool_calls", "tool_call_id", "name"):
        if message.get(name):
            made[name] = message[name]
    return made


def _parts(content: object) -> list[dict[str, Any]]:
    if not isinstance(content, list):
        return [{"text": turns.text_of(content)}]
    return [found for part in content if isinstance(part, Mapping) and (found := _part(part))]


def _part(part: Mapping[str, Any]) -> dict[str, Any] | None:
    if part.get("type") == "text":
        return {"text": part.get("text", "")}
    if part.get("type") == "image_url":
        return {"image": (part.get("image_url") or {}).get("url", "")}
    if part.get("type") == "video_url":
        return {"video": (part.get("video_url") or {}).get("url", "")}
    if part.get("type") == "input_audio":
        sound = part.get("input_audio") or {}
        return {"audio": f"data:audio/{sound.get('format', 'wav')};base64,{sound.get('data', '')}"}
    return None


def _embedding(call: Call, model: str) -> dict[str, Any]:
    parameters = {"text_type": "document"} | ({"dimension": call.fields["dimensions"]} if call.fields.get("dimensions") else {})
    return {"model": model, "input": {"texts": embeddings.texts(call)}, "parameters": parameters}


def _refusal(payload: object) -> Failure:
    return failures.in_body(payload, codes.DASHSCOPE) or Failure(FailureKind.UPSTREAM, "upstream sent nothing that is an answer")


def _usage(raw: object) -> Usage | None:
    if not isinstance(raw, dict):
        return None
    named = {"prompt_tokens": raw.get("input_tokens"), "completion_tokens": raw.get("output_tokens")}
    details = {
        "prompt_tokens_details": raw.get("prompt_tokens_details") or raw.get("input_tokens_details"),
        "completion_tokens_details": raw.get("output_tokens_details"),
    }
    return read_usage({**named, **details, "total_tokens": raw.get("total_tokens")})


class _Said:
    """What one choice has said so far."""

    def __init__(self) -> None:
        self.text = ""
        self.reasoning = ""
        self.tools: dict[int, str] = {}
        self.reason: str | None = None

    def more(self, name: str, text: str) -> str:
        """Return what is new in a text that repeats the one before from its start."""
        before: str = getattr(self, name)
        if not text.startswith(before):
            return ""  # a shorter repetition, or none at all: nothing that could be told
        setattr(self, name, text)
        return text[len(before) :]


class _Reader(PayloadReader):
    """Events that hold more of the answer, or all of it so far."""

    def __init__(self, *, is_cumulative: bool = False) -> None:
        super().__init__()
        self._is_cumulative = is_cumulative
        self._choices: dict[int, _Said] = {}

    def payload(self, payload: Mapping[str, Any], name: str) -> Iterator[Delta]:
        output = payload.get("output")
        if name == "error" or not isinstance(output, dict):
            yield Broken(_refusal(payload))
            return
        usage = _usage(payload.get("usage"))
        if usage is not None:
            yield Consumed(usage)
        choices = output.get("choices") or [{"message": {"content": output.get("text")}, "finish_reason": output.get("finish_reason")}]
        for place, choice in enumerate(choices):
            yield from self._choice(int(choice.get("index") or place), choice)
        if self._choices and all(said.reason for said in self._choices.values()):
            for index, said in self._choices.items():
                yield Finish(said.reason or "stop", index)
            yield Done()

    def whole(self, body: bytes) -> Sequence[Delta]:
        return VENDOR.deltas(Call(CHAT, "", "", b"", {}), UpstreamHead(200, {}), body)

    def _choice(self, index: int, choice: Mapping[str, Any]) -> Iterator[Delta]:
        said = self._choices.setdefault(index, _Said())
        message: Mapping[str, Any] = choice.get("message") or {}
        reasoning, text = turns.text_of(message.get("reasoning_content")), turns.text_of(message.get("content"))
        if self._is_cumulative:
            reasoning, text = said.more("reasoning", reasoning), said.more("text", text)
        if reasoning:
            yield Reasoning(reasoning, index)
        if text:
            yield Text(text, index)
        for place, called in enumerate(message.get("tool_calls") or ()):
            yield from self._called(said, place, called, index)
        reason = choice.get("finish_reason")
        if reason and reason != "null":  # the text null, not the value
            said.reason = "tool_calls" if said.tools else {"length": "length", "content_filter": "content_filter"}.get(reason, "stop")

    def _called(self, said: _Said, place: int, called: Mapping[str, Any], choice: int) -> Iterator[Delta]:
        index = int(called.get("index") or place)
        function: Mapping[str, Any] = called.get("function") or {}
        if index not in said.tools:
            said.tools[index] = ""
            yield ToolStart(index, str(called.get("id") or f"call_{index}"), str(function.get("name") or ""), choice)
        arguments = str(function.get("arguments") or "")
        new = arguments.removeprefix(said.tools[index]) if self._is_cumulative else arguments
        said.tools[index] += new
        if new:
            yield ToolArguments(index, new, choice)
