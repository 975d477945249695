"""Baidu's interface v1 (Wenxin workshop): one path a model, the system's words apart, errors with status 200.

Source: cloud.baidu.com/doc/WENXINWORKSHOP. The number of messages is odd, user and assistant in turn; a stream ends with
`is_end` and without an end mark; the usage in each event replaces the one before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from channels_app import bounds, codes, failures, lenient, turns
from channels_app.chat_usage import count, read_usage
from channels_app.contract import Answer, Call, ChannelFacts, Encoded, Failure, FailureKind, UpstreamHead, Usage
from channels_app.deltas import Broken, Consumed, Delta, Done, Finish, Text
from channels_app.faces import CHAT, Vendor
from channels_app.operations import embeddings
from channels_app.payloads import PayloadReader

_MOST_TEXTS = 16
_PATHS = {
    "ernie-4.0-8k": "completions_pro",
    "ernie-4.0": "completions_pro",
    "ernie-bot-4": "completions_pro",
    "ernie-3.5-8k": "completions",
    "ernie-bot": "completions",
    "ernie-speed-8k": "ernie_speed",
    "ernie-speed": "ernie_speed",
    "ernie-lite-8k-0922": "eb-instant",
    "ernie-bot-turbo": "eb-instant",
    "ernie-lite-8k-0308": "ernie-lite-8k",
    "ernie-bot-8k": "ernie_bot_8k",
    "ernie-4.0-8k-preview-0518": "completions_adv_pro",
    "ernie-character-8k": "ernie-char-8k",
    "ernie-function-8k": "ernie-func-8k",
    "bloomz-7b": "bloomz_7b1",
    "yi-34b-chat": "yi_34b_chat",
    "bge-large-zh": "bge_large_zh",
    "bge-large-en": "bge_large_en",
    "tao-8k": "tao_8k",
}
_REASONS = {"normal": "stop", "stop": "stop", "length": "length", "content_filter": "content_filter", "function_call": "tool_calls"}


class BaiduV1(Vendor):
    """Chat and embeddings, without tools and pictures."""

    name = "baidu"
    operations = frozenset({CHAT, "embeddings"})

    def encode(self, call: Call, channel: ChannelFacts) -> Encoded:
        """Write a chat or an embedding."""
        model = channel.upstream(call.model)
        place = _PATHS.get(model.lower(), model.lower())
        if call.operation != CHAT:
            embeddings.check_number(call, _MOST_TEXTS)
            return Encoded(f"/embeddings/{place}", orjson.dumps({"input": embeddings.texts(call)}))
        return Encoded(f"/chat/{place}", orjson.dumps(_chat(call)))

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        """Read a complete answer."""
        try:
            payload = lenient.loads(body)
        except ValueError:
            payload = None
        if not isinstance(payload, dict) or "result" not in payload:
            return [Broken(_refusal(payload))]
        return [*_said(payload), *_end(payload)]

    def events(self, call: Call) -> _Reader:
        """Return a reader of its events."""
        return _Reader()

    def answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        """Read embeddings, which come in OpenAI's form but for the model's name."""
        try:
            payload = lenient.loads(body)
        except ValueError:
            payload = None
        if not isinstance(payload, dict) or not isinstance(payload.get("data"), list):
            return Answer(failure=_refusal(payload))
        return embeddings.Embeddings().read(call, head, body)

    def classify(self, status: int, body: bytes) -> Failure:
        """Say what an error answer means."""
        return failures.classify(status, body, codes.BAIDU)


VENDOR = BaiduV1()


def _chat(call: Call) -> dict[str, Any]:
    fields = call.chat
    turns.require(fields)
    messages = fields.get("messages") or ()
    body: dict[str, Any] = {
        "messages": [{"role": turn.role, "content": turn.text} for turn in turns.in_turn(messages)],
        "stream": call.is_stream,
        # frequency_penalty stays out: penalty_score has another scale.
        **bounds.clamped(fields, temperature=(bounds.LEAST, 1), top_p=(0, 1)),
    }
    system, limit, stop = turns.system_text(messages), bounds.output_limit(fields), fields.get("stop")
    if system:
        body["system"] = system
    if limit is not None:
        body["max_output_tokens"] = max(2, limit)
    if stop:
        body["stop"] = [stop] if isinstance(stop, str) else stop
    for name, ours in (("user", "user_id"), ("disable_search", "disable_search"), ("enable_citation", "enable_citation")):
        if fields.get(name) is not None:
            body[ours] = fields[name]
    if isinstance(fields.get("response_format"), Mapping) and fields["response_format"].get("type") in {"json_object", "text"}:
        body["response_format"] = fields["response_format"]["type"]
    return body


def _said(payload: Mapping[str, Any]) -> Iterator[Delta]:
    if payload.get("result"):
        yield Text(str(payload["result"]))
    usage = _usage(payload)
    if usage is not None and (usage.total_input or usage.total_output):
        yield Consumed(usage)


def _end(payload: Mapping[str, Any]) -> Iterator[Delta]:
    if payload.get("need_clear_history"):
        reason = "content_filter"
    else:
        reason = "length" if payload.get("is_truncated") else _REASONS.get(str(payload.get("finish_reason") or "normal"), "stop")
    yield Finish(reason)
    yield Done()


def _usage(payload: Mapping[str, Any]) -> Usage | None:
    """Read the usage; the total is right where the completion is left out."""
    raw = payload.get("usage")
    if not isinstance(raw, dict):
        return None
    prompt, total = count(raw.get("prompt_tokens")), count(raw.get("total_tokens"))
    return read_usage({**raw, "completion_tokens": count(raw.get("completion_tokens")) or max(0, total - prompt)})


def _refusal(payload: object) -> Failure:
    return failures.in_body(payload, codes.BAIDU) or Failure(FailureKind.UPSTREAM, "upstream sent nothing that is an answer")


class _Reader(PayloadReader):
    """Events that hold more of the text; the last one says `is_end`."""

    def payload(self, payload: Mapping[str, Any], name: str) -> Iterator[Delta]:
        if "result" not in payload:
            yield Broken(_refusal(payload))
            return
        yield from _said(payload)
        if payload.get("is_end"):
            yield from _end(payload)

    def whole(self, body: bytes) -> Sequence[Delta]:
        return VENDOR.deltas(Call("chat", "", "", b"", {}), UpstreamHead(200, {}), body)
