"""The Converse protocol of Amazon Bedrock, as upstream: one shape for all families of models.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html. Streams come in binary frames;
the provider undoes them, so that here each is a server-sent event named by the frame. Input tokens exclude the cache's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from channels_app import converse_request, failures, sse
from channels_app.chat_usage import count
from channels_app.contract import Call, ChannelFacts, Encoded, Failure, FailureKind, UpstreamHead, Usage
from channels_app.deltas import Broken, Consumed, Delta, Done, Finish, Opaque, Reasoning, Started, Text, ToolArguments, ToolStart
from channels_app.faces import EventReader, Vendor

_FINISH = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}


class Converse(Vendor):
    name = "converse"
    wants_bytes = True

    def encode(self, call: Call, channel: ChannelFacts) -> Encoded:
        model = channel.upstream(call.model)
        body = orjson.dumps(converse_request.write(call.chat, model=model))
        return Encoded(f"/model/{quote(model, safe='')}/converse{'-stream' if call.is_stream else ''}", body)

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        try:
            payload = orjson.loads(body)
            blocks = payload["output"]["message"]["content"]
        except (ValueError, KeyError, TypeError):
            return [Broken(failures.classify(502, body))]
        found: list[Delta] = [Started()]
        tools = 0
        for block in blocks:
            if "toolUse" in block:
                found += [
                    _started(block["toolUse"], tools),
                    ToolArguments(tools, orjson.dumps(block["toolUse"].get("input") or {}).decode()),
                ]
                tools += 1
            else:
                found += _said(block)
        return [*found, Finish(_reason(payload)), *_consumed(payload), Done()]

    def events(self, call: Call) -> EventReader:
        return ConverseEvents()

    def classify(self, status: int, body: bytes) -> Failure:
        return failures.classify(status, body)


class ConverseEvents:
    """The events of one stream. A block of text has no start; the usage comes after the stop."""

    def __init__(self) -> None:
        self._parser = sse.Parser()
        self._tools: dict[int, int] = {}  # index of the block → index of the call
        self._silent: set[int] = set()  # blocks of calls whose arguments have not begun
        self._has_stopped = False
        self._is_over = False

    def feed(self, chunk: bytes) -> list[Delta]:
        """Take bytes as they arrive; return what they say."""
        return self._take(self._parser.feed(chunk))

    def end(self) -> list[Delta]:
        """Say that upstream closed the connection; return what is left."""
        found = self._take(self._parser.end())
        if not self._is_over:
            self._is_over = True
            cut = Failure(FailureKind.UPSTREAM, "upstream cut the stream before its end")
            found.append(Done() if self._has_stopped else Broken(cut))
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
        if event.name == b"error" or "message" in payload:  # an error in JSON where a stream was asked for
            self._is_over = True
            complaint = failures.find(payload)
            return [Broken(failures.of_complaint(complaint or failures.Complaint("upstream sent an error")))]
        index = payload.get("contentBlockIndex", 0)
        if event.name == b"messageStart":
            return [Started()]
        if event.name == b"contentBlockStart" and "toolUse" in payload.get("start", {}):
            self._tools[index] = len(self._tools)
            self._silent.add(index)
            return [_started(payload["start"]["toolUse"], self._tools[index])]
        if event.name == b"contentBlockDelta":
            return self._delta(index, payload.get("delta") or {})
        if event.name == b"contentBlockStop" and index in self._silent:
            return [ToolArguments(self._tools[index], "{}")]
        return self._ending(event.name, payload)

    def _delta(self, index: int, delta: Mapping[str, Any]) -> Sequence[Delta]:
        if "toolUse" not in delta:
            return _said(delta)
        arguments = delta["toolUse"].get("input") or ""
        if not arguments or index not in self._tools:
            return ()
        self._silent.discard(index)
        return [ToolArguments(self._tools[index], arguments)]

    def _ending(self, name: bytes, payload: Mapping[str, Any]) -> Sequence[Delta]:
        if name == b"messageStop":
            self._has_stopped = True
            return [Finish(_reason(payload))]
        if name == b"metadata" and self._has_stopped:
            self._is_over = True
            return [*_consumed(payload), Done()]
        return ()


def _started(tool: Mapping[str, Any], index: int) -> ToolStart:
    return ToolStart(index, tool.get("toolUseId", ""), tool.get("name", ""))


def _said(block: Mapping[str, Any]) -> list[Delta]:
    """Return what a block of text or of reasoning says, whole or in part (whole reasoning lies one level deeper)."""
    found: list[Delta] = []
    reasoning = block.get("reasoningContent") or {}
    reasoning = reasoning.get("reasoningText") or reasoning
    if reasoning.get("text"):
        found.append(Reasoning(reasoning["text"]))
    if reasoning.get("signature"):
        found.append(Opaque("signature", reasoning["signature"]))
    if reasoning.get("redactedContent"):
        found.append(Opaque("redacted", reasoning["redactedContent"]))
    if block.get("text"):
        found.append(Text(block["text"]))
    return found


def _reason(payload: Mapping[str, Any]) -> str:
    return _FINISH.get(payload.get("stopReason", ""), "stop")


def _consumed(payload: Mapping[str, Any]) -> list[Delta]:
    usage = payload.get("usage")
    if not isinstance(usage, dict):
        return []
    long_lived = sum(count(item.get("inputTokens")) for item in usage.get("cacheDetails") or () if item.get("ttl") == "1h")
    written = count(usage.get("cacheWriteInputTokens"))
    return [
        Consumed(
            Usage(
                input=count(usage.get("inputTokens")),
                cache_read=count(usage.get("cacheReadInputTokens")),
                cache_write_5m=max(0, written - long_lived),
                cache_write_1h=min(written, long_lived),
                output=count(usage.get("outputTokens")),
            )
        )
    ]


VENDOR = Converse()
