"""Gemini's protocol as upstream speaks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson

from channels_app import failures
from channels_app.contract import Answer, Call, ChannelFacts, Encoded, Failure, FailureKind, UpstreamHead
from channels_app.deltas import Broken, Delta
from channels_app.dialects.gemini import native, request
from channels_app.dialects.gemini.events import GeminiEvents
from channels_app.event_reader import decoded, refusal
from channels_app.faces import CHAT, Vendor

NAME = "gemini"


class GeminiVendor(Vendor):
    """Upstream speaks generateContent; the model stands in the address."""

    name = NAME
    operations = frozenset({CHAT, "count_tokens"})
    wants_bytes = True

    def encode(self, call: Call, channel: ChannelFacts) -> Encoded:
        upstream = channel.upstream(call.model)
        if call.operation != CHAT:
            return Encoded(f"/models/{quote(upstream, safe='/@.:-')}:countTokens", orjson.dumps(_counted(call.fields, upstream)))
        action = "streamGenerateContent?alt=sse" if call.is_stream else "generateContent"
        return Encoded(f"/models/{quote(upstream, safe='/@.:-')}:{action}", self._body(call, channel, upstream))

    def _body(self, call: Call, channel: ChannelFacts, upstream: str) -> bytes:
        if call.dialect == NAME:
            return call.body if "model" not in call.fields else orjson.dumps(_without_model(call.fields))
        return orjson.dumps(request.write(call.chat, channel, upstream_model=upstream))

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        events = GeminiEvents(call)
        found = [*events.feed(body), *events.end()]
        return found or [Broken(refusal(body))]

    def events(self, call: Call) -> GeminiEvents:
        return GeminiEvents(call)

    def native_answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        return native.answer(body, model=call.model)

    def native_reader(self, call: Call, *, request_id: str, created: int) -> native.NativeReader:
        return native.NativeReader(call)

    def classify(self, status: int, body: bytes) -> Failure:
        """Read google.rpc: an invalid key is a 400 here; the delay asked for stands in the details."""
        failure = failures.classify(status, body)
        details = _details(decoded(body))
        reasons = {str(one.get("reason")) for one in details}
        if "API_KEY_INVALID" in reasons or "API key not valid" in failure.message:
            failure = replace(failure, kind=FailureKind.BAD_KEY)
        delays = [str(one["retryDelay"]) for one in details if one.get("retryDelay")]
        if delays and delays[0].removesuffix("s").replace(".", "", 1).isdigit():
            failure = replace(failure, retry_after_seconds=float(delays[0].removesuffix("s")))
        return failure


def _counted(fields: Mapping[str, Any], upstream: str) -> dict[str, Any]:
    """Return what is to be counted: contents as they are, anything beside them (instructions, tools) in a whole request."""
    said = _without_model(fields)
    return said if said.keys() <= {"contents"} else {"generateContentRequest": {"model": f"models/{upstream}", **said}}


def _without_model(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "model"}


def _details(payload: object) -> list[dict[str, Any]]:
    """Return the details of an error; errors to streamed requests may come as a list of one."""
    payload = payload[0] if isinstance(payload, list) and payload else payload
    error = payload.get("error") if isinstance(payload, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    return [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []
