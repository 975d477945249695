"""iFlytek Spark over a WebSocket: one question a connection, JSON messages until status 2.

Source: xfyun.cn/doc/spark/Web.html. Every message has a code of its own, which is looked at in each. The relay gets one
message a chunk; a whole answer is these messages one after the other.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from channels_app import bounds, codes, failures, lenient, turns
from channels_app.chat_usage import read_usage
from channels_app.contract import Answer, Call, ChannelFacts, Encoded, Failure, FailureKind, UpstreamHead
from channels_app.deltas import Broken, Consumed, Delta, Done, Finish, Reasoning, Text, ToolArguments, ToolStart
from channels_app.faces import CHAT, Unexpressible, Vendor
from channels_app.operations import embeddings

EMBEDDINGS_PATH = "/"


class _Version(NamedTuple):
    path: str
    domain: str
    has_system: bool = False
    has_functions: bool = False


_LITE = _Version("/v1.1/chat", "lite")
_PRO = _Version("/v3.1/chat", "generalv3", has_functions=True)
_MAX = _Version("/v3.5/chat", "generalv3.5", has_system=True, has_functions=True)
_ULTRA = _Version("/v4.0/chat", "4.0Ultra", has_system=True, has_functions=True)
_PRO_128K = _Version("/chat/pro-128k", "pro-128k")
_MAX_32K = _Version("/chat/max-32k", "max-32k", has_system=True)
_V2 = _Version("/v2.1/chat", "generalv2")
_VERSIONS = {
    "lite": _LITE, "spark-lite": _LITE, "general": _LITE, "v1.1": _LITE,
    "generalv2": _V2, "v2.1": _V2,
    "generalv3": _PRO, "spark-pro": _PRO, "v3.1": _PRO,
    "pro-128k": _PRO_128K, "spark-pro-128k": _PRO_128K, "v3.1-128k": _PRO_128K,
    "generalv3.5": _MAX, "spark-max": _MAX, "v3.5": _MAX,
    "max-32k": _MAX_32K, "spark-max-32k": _MAX_32K, "v3.5-32k": _MAX_32K,
    "4.0ultra": _ULTRA, "spark-4.0-ultra": _ULTRA, "v4.0": _ULTRA,
}  # fmt: skip


def version(model: str) -> _Version:
    """Return address and domain of a model under its own name or one-api's (`SparkDesk-v3.5`); raise Unexpressible."""
    name = model.lower().removeprefix("sparkdesk-")
    found = _VERSIONS.get(name)
    if found is None:
        raise Unexpressible(f"Spark has no model {model[:80]}.", field="model")
    return found


class Spark(Vendor):
    """Chat, with functions where the version has them; embeddings, one text a call, over HTTP."""

    name = "spark"
    operations = frozenset({CHAT, "embeddings"})

    def encode(self, call: Call, channel: ChannelFacts) -> Encoded:
        """Write the one message that asks, or an embedding."""
        if call.operation != CHAT:
            return Encoded(EMBEDDINGS_PATH, orjson.dumps(_embedding(call)))
        fields, asked = call.chat, version(channel.upstream(call.model))
        turns.require(fields, tools=asked.has_functions)
        messages = fields.get("messages") or ()
        system = turns.system_text(messages)
        said = turns.in_turn(messages, opening="" if asked.has_system else system)
        text = [{"role": turn.role, "content": turn.text} for turn in said]
        if system and asked.has_system:
            text.insert(0, {"role": "system", "content": system})
        payload: dict[str, Any] = {"message": {"text": text}}
        if turns.functions(fields):
            payload["functions"] = {"text": [_function(one) for one in turns.functions(fields)]}
        body = {"header": _header(fields), "parameter": {"chat": {"domain": asked.domain, **_parameters(fields)}}, "payload": payload}
        return Encoded(asked.path, orjson.dumps(body))

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        """Read messages that stand one after the other."""
        reader = _Reader()
        return [*reader.feed(body), *reader.end()]

    def events(self, call: Call) -> _Reader:
        """Return a reader of messages."""
        return _Reader()

    def answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        """Read an embedding: base64 of little-endian numbers, without a usage."""
        try:
            payload: Any = lenient.loads(body)
            code, told = payload["header"]["code"], payload["header"].get("message")
            if code:
                return Answer(failure=failures.of_complaint(failures.Complaint(str(told or ""), code=str(code)), codes.SPARK))
            vector = payload["payload"]["feature"]["text"]
        except (ValueError, KeyError, TypeError):
            return Answer(failure=failures.classify(head.status, body, codes.SPARK))
        return embeddings.Embeddings().read(call, head, orjson.dumps({"data": [{"index": 0, "embedding": vector}]}))

    def classify(self, status: int, body: bytes) -> Failure:
        """Say what a refused handshake means: 401 a wrong signature, 403 a clock that is wrong."""
        return failures.classify(status, body, codes.SPARK)


VENDOR = Spark()


def _embedding(call: Call) -> dict[str, Any]:
    embeddings.check_number(call, 1)
    texts = embeddings.texts(call)
    said = base64.b64encode(orjson.dumps({"messages": [{"content": texts[0], "role": "user"}]})).decode()
    return {
        "header": {"status": 3},
        "parameter": {"emb": {"domain": "para", "feature": {"encoding": "utf8"}}},
        "payload": {"messages": {"text": said}},
    }


def _header(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the header without the app's id, which is a credential: the vendor file adds it."""
    user = fields.get("user")
    return {"uid": user[:32]} if isinstance(user, str) and user else {}


def _parameters(fields: Mapping[str, Any]) -> dict[str, Any]:
    limit = bounds.output_limit(fields)
    return {
        **bounds.clamped(fields, temperature=(bounds.LEAST, 1), top_k=(1, 6)),
        **({} if limit is None else {"max_tokens": min(limit, 8192)}),
    }


def _function(declared: Mapping[str, Any]) -> dict[str, Any]:
    return {name: declared[name] for name in ("name", "description", "parameters") if name in declared}


class _Reader:
    """Reads JSON messages, whole or cut anywhere."""

    def __init__(self) -> None:
        self._decoder = json.JSONDecoder()
        self._rest = b""
        self._has_tool = False
        self._is_over = False

    def feed(self, chunk: bytes) -> Sequence[Delta]:
        """Take bytes as they arrive; return what they say."""
        self._rest += chunk
        found: list[Delta] = []
        while not self._is_over and (payload := self._next()) is not None:
            found += self._message(payload)
        return found

    def end(self) -> Sequence[Delta]:
        """Say that upstream closed the connection; return what is left."""
        return [] if self._is_over else [Broken(Failure(FailureKind.UPSTREAM, "upstream cut the stream before its end"))]

    def _next(self) -> Any:
        try:
            text = self._rest.decode().lstrip()
            payload, end = self._decoder.raw_decode(text)
        except ValueError:
            return None
        self._rest = text[end:].encode()
        return payload

    def _message(self, payload: Mapping[str, Any]) -> Iterator[Delta]:
        header: Mapping[str, Any] = payload.get("header") or {}
        if header.get("code"):
            self._is_over = True
            told = failures.Complaint(str(header.get("message") or ""), code=str(header["code"]))
            yield Broken(failures.of_complaint(told, codes.SPARK))
            return
        said: Mapping[str, Any] = payload.get("payload") or {}
        choices: Mapping[str, Any] = said.get("choices") or {}
        for place, text in enumerate(choices.get("text") or ()):
            yield from self._text(place, text)
        usage = read_usage((said.get("usage") or {}).get("text"))
        if usage is not None:
            yield Consumed(usage)
        if header.get("status") == 2 or choices.get("status") == 2:
            self._is_over = True
            yield Finish("tool_calls" if self._has_tool else "stop")
            yield Done()

    def _text(self, place: int, text: Mapping[str, Any]) -> Iterator[Delta]:
        if text.get("reasoning_content"):
            yield Reasoning(str(text["reasoning_content"]))
        if text.get("content"):
            yield Text(str(text["content"]))
        called = text.get("function_call")
        if isinstance(called, Mapping):
            self._has_tool = True
            yield ToolStart(place, f"call_spark_{place}", str(called.get("name") or ""))
            yield ToolArguments(place, str(called.get("arguments") or "{}"))
