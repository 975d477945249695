"""The second version of Cohere's protocol, as upstream: chat with its own events, embeddings, reranking.

Source: https://docs.cohere.com/reference/chat. Money is asked for `billed_units`, which leave Cohere's own additions out; they are
what is counted here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from channels_app import failures, sse
from channels_app.chat_usage import count
from channels_app.contract import Answer, Call, ChannelFacts, Encoded, Failure, FailureKind, UpstreamHead, Usage
from channels_app.deltas import Broken, Consumed, Delta, Done, Finish, Reasoning, Started, Text, ToolArguments, ToolStart
from channels_app.faces import CHAT, EventReader, Unexpressible, Vendor
from channels_app.operations.base import loaded, nothing
from channels_app.operations.embeddings import converted, texts, vectors
from channels_app.operations.rerank import Rerank, documents

_FINISH = {"MAX_TOKENS": "length", "TOOL_CALL": "tool_calls", "ERROR_TOXIC": "content_filter"}
_FAILED = {"ERROR", "TIMEOUT", "ERROR_LIMIT"}
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 2048, "high": 4096, "xhigh": 8192, "max": 16384}
# As OpenAI names them, as Cohere does.
_SAME = (("seed", "seed"), ("frequency_penalty", "frequency_penalty"), ("presence_penalty", "presence_penalty"), ("top_k", "k"))
_OWN = ("documents", "safety_mode", "citation_options", "strict_tools")


class Cohere(Vendor):
    name = "cohere"
    operations = frozenset({CHAT, "embeddings", "rerank"})

    def encode(self, call: Call, channel: ChannelFacts) -> Encoded:
        model = channel.upstream(call.model)
        if call.operation == "rerank":
            return Encoded("/rerank", orjson.dumps(_reranking(call, model)))
        if call.operation == "embeddings":
            return Encoded("/embed", orjson.dumps(_embedding(call, model)))
        return Encoded("/chat", orjson.dumps(_request(call, model)))

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        try:
            payload = orjson.loads(body)
            message = payload["message"]
            content = message.get("content") or ()
        except (ValueError, KeyError, TypeError, AttributeError):
            return [Broken(failures.classify(502, body))]
        if payload.get("finish_reason") in _FAILED:
            return [Broken(_failed(payload["finish_reason"]))]
        found: list[Delta] = [Started(payload.get("id", ""))]
        found += [Reasoning(message["tool_plan"])] if message.get("tool_plan") else []
        for part in content:
            found += _said(part)
        for index, tool in enumerate(message.get("tool_calls") or ()):
            function = tool.get("function") or {}
            found += [
                ToolStart(index, tool.get("id", ""), function.get("name", "")),
                ToolArguments(index, function.get("arguments") or "{}"),
            ]
        return [*found, _finish(payload.get("finish_reason")), *_consumed(payload.get("usage")), Done()]

    def events(self, call: Call) -> EventReader:
        return CohereEvents()

    def answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        if call.operation == "rerank":  # this form is its own, and ours
            return Rerank().read(call, head, body)
        payload = loaded(body)
        if isinstance(payload, Failure):
            return Answer(failure=payload)
        rows = (payload.get("embeddings") or {}).get("float")
        if not rows:
            return nothing(payload)
        as_base64 = call.fields.get("encoding_format") == "base64"
        data = [{"object": "embedding", "index": place, "embedding": converted(row, as_base64=as_base64)} for place, row in enumerate(rows)]
        units = (payload.get("meta") or {}).get("billed_units") or {}
        tokens = count(units.get("input_tokens"))
        return vectors(call, data, Usage(input=tokens) if tokens else None)

    def classify(self, status: int, body: bytes) -> Failure:
        return failures.classify(status, body)


class CohereEvents:
    """The events of one stream; the usage comes with the end."""

    def __init__(self) -> None:
        self._parser = sse.Parser()
        self._tools: dict[int, int] = {}
        self._silent: set[int] = set()
        self._is_over = False

    def feed(self, chunk: bytes) -> list[Delta]:
        """Take bytes as they arrive; return what they say."""
        return self._take(self._parser.feed(chunk))

    def end(self) -> list[Delta]:
        """Say that upstream closed the connection; return what is left."""
        found = self._take(self._parser.end())
        if not self._is_over:
            self._is_over = True
            found.append(Broken(Failure(FailureKind.UPSTREAM, "upstream cut the stream before its end")))
        return found

    def _take(self, events: Sequence[sse.Event]) -> list[Delta]:
        found: list[Delta] = []
        for event in events:
            if not self._is_over and not event.is_comment:
                found += self._event(event)
        return found

    def _event(self, event: sse.Event) -> Sequence[Delta]:
        try:
            payload = orjson.loads(event.data)
        except orjson.JSONDecodeError:
            return ()
        kind, delta = payload.get("type"), payload.get("delta") or {}
        if kind is None and (complaint := failures.find(payload)) is not None:
            return self._broken(failures.of_complaint(complaint))
        if kind == "message-start":
            return [Started(payload.get("id", ""))]
        if kind == "message-end":
            return self._ended(delta)
        message = delta.get("message") if isinstance(delta, dict) else None
        return self._said(kind, payload.get("index", 0), message or {})

    def _said(self, kind: str | None, index: int, message: Mapping[str, Any]) -> Sequence[Delta]:
        if kind in {"content-start", "content-delta"}:
            return _said(message.get("content") or {})
        if kind == "tool-plan-delta":
            return [Reasoning(message["tool_plan"])] if message.get("tool_plan") else ()
        tool = message.get("tool_calls") or {}  # an object, though the name is plural
        function = tool.get("function") or {}
        if kind == "tool-call-start":
            self._tools[index] = len(self._tools)
            self._silent.add(index)
            return [ToolStart(self._tools[index], tool.get("id", ""), function.get("name", "")), *self._arguments(index, function)]
        if kind == "tool-call-delta" and index in self._tools:
            return self._arguments(index, function)
        if kind == "tool-call-end" and index in self._silent:
            return [ToolArguments(self._tools[index], "{}")]
        return ()

    def _arguments(self, index: int, function: Mapping[str, Any]) -> list[Delta]:
        if not function.get("arguments"):
            return []
        self._silent.discard(index)
        return [ToolArguments(self._tools[index], function["arguments"])]

    def _ended(self, delta: Mapping[str, Any]) -> Sequence[Delta]:
        reason = delta.get("finish_reason")
        consumed = _consumed(delta.get("usage"))
        if delta.get("error") or reason in _FAILED:
            return [*consumed, *self._broken(_failed(str(delta.get("error") or reason)))]
        self._is_over = True
        return [_finish(reason), *consumed, Done()]

    def _broken(self, failure: Failure) -> list[Delta]:
        self._is_over = True
        return [Broken(failure)]


def _said(part: Mapping[str, Any]) -> list[Delta]:
    found: list[Delta] = [Reasoning(part["thinking"])] if part.get("thinking") else []
    return [*found, Text(part["text"])] if part.get("text") else found


def _finish(reason: object) -> Finish:
    return Finish(_FINISH.get(str(reason), "stop"))


def _failed(reason: str) -> Failure:
    return Failure(FailureKind.UPSTREAM, f"the vendor ended with {reason}"[:2000])


def _consumed(usage: object) -> list[Delta]:
    if not isinstance(usage, dict):
        return []
    counted = usage.get("billed_units") or usage.get("tokens") or {}
    total = count(counted.get("input_tokens"))
    cached = min(total, count(usage.get("cached_tokens")))
    return [Consumed(Usage(input=total - cached, cache_read=cached, output=count(counted.get("output_tokens"))))]


def _request(call: Call, model: str) -> dict[str, Any]:
    chat = call.chat
    if (chat.get("n") or 1) != 1:
        raise Unexpressible("Cohere gives one answer per call.", field="n")
    stop = chat.get("stop")
    body = {
        "model": model,
        "messages": [_message(message) for message in chat.get("messages") or ()],
        "stream": call.is_stream or None,
        "max_tokens": chat.get("max_completion_tokens") or chat.get("max_tokens"),
        "temperature": None if chat.get("temperature") is None else min(1.0, chat["temperature"]),
        "p": None if chat.get("top_p") is None else min(0.99, max(0.01, chat["top_p"])),
        "stop_sequences": [stop] if isinstance(stop, str) else stop,
        "logprobs": chat.get("logprobs") or None,
        "response_format": _format(chat.get("response_format")),
        "thinking": _thinking(chat.get("reasoning_effort")),
        **_tools(chat),
        **{own: chat.get(name) for name, own in _SAME},
        **{name: chat.get(name) for name in _OWN},
    }
    return {name: value for name, value in body.items() if value is not None}


def _embedding(call: Call, model: str) -> dict[str, Any]:
    """Return a request for vectors; what they are for (`input_type`) must be said, OpenAI's clients do not know it."""
    purpose = call.fields.get("input_type", "search_document")
    body = {"model": model, "texts": texts(call), "input_type": purpose, "embedding_types": ["float"]}
    size = call.fields.get("dimensions")
    return body if size is None else {**body, "output_dimension": size}


def _reranking(call: Call, model: str) -> dict[str, Any]:
    body = {"model": model, "query": call.fields["query"], "documents": documents(call)}
    return body | {name: call.fields[name] for name in ("top_n", "max_tokens_per_doc") if call.fields.get(name) is not None}


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    role = message.get("role")
    written: dict[str, Any] = {"role": "system" if role == "developer" else role}
    content = message.get("content")
    if isinstance(content, list):
        content = [_part(part) for part in content]
    if content:
        written["content"] = content
    if message.get("tool_calls"):
        written["tool_calls"] = [
            {"id": one.get("id"), "type": "function", "function": one.get("function")} for one in message["tool_calls"]
        ]
    elif role == "tool":
        written |= {"tool_call_id": message.get("tool_call_id"), "content": content or ""}
    elif "content" not in written:
        written["content"] = ""
    return written


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") == "text":
        return {"type": "text", "text": part.get("text", "")}
    if part.get("type") == "image_url":
        return {"type": "image_url", "image_url": part.get("image_url")}
    raise Unexpressible(f"Cohere takes no content of type {part.get('type')}.", field="messages")


def _tools(chat: Mapping[str, Any]) -> dict[str, Any]:
    tools, choice = [tool for tool in chat.get("tools") or () if tool.get("type") == "function"], chat.get("tool_choice")
    if not tools:
        return {}
    if isinstance(choice, dict):  # one by name: only this one is offered, and must be called
        named = (choice.get("function") or {}).get("name")
        return {"tools": [tool for tool in tools if tool["function"].get("name") == named], "tool_choice": "REQUIRED"}
    return {"tools": tools, "tool_choice": {"required": "REQUIRED", "none": "NONE"}.get(str(choice))}


def _format(asked: object) -> dict[str, Any] | None:
    if not isinstance(asked, dict) or asked.get("type") not in {"json_object", "json_schema"}:
        return None
    schema = (asked.get("json_schema") or {}).get("schema")
    return {"type": "json_object", **({"schema": schema} if schema else {})}


def _thinking(effort: object) -> dict[str, Any] | None:
    if not isinstance(effort, str):
        return None
    return {"type": "disabled"} if effort == "none" else {"type": "enabled", "token_budget": _BUDGETS.get(effort, 2048)}


VENDOR = Cohere()
