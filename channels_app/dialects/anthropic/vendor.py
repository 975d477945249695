"""Anthropic's protocol as upstream speaks it."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from channels_app import failures
from channels_app.chat_parts import ToolNames
from channels_app.chat_request import with_model
from channels_app.contract import Answer, Call, ChannelFacts, Encoded, Failure, FailureKind, UpstreamHead
from channels_app.deltas import Delta
from channels_app.dialects.anthropic import native, opaque, request
from channels_app.dialects.anthropic.events import AnthropicEvents, of_message
from channels_app.dialects.anthropic.writer import AnthropicWriter
from channels_app.event_reader import decoded
from channels_app.faces import CHAT, Vendor

NAME = "anthropic"
VERSION = "2023-06-01"
_PATH = "/messages"
_MONEY = {
    "enforced_spend_limit_reached", "contract_spend_limit_reached", "linked_organization_spend_limit_reached", "organization_on_hold",
    "ramp_limit_exceeded",
}  # fmt: skip


class AnthropicVendor(Vendor):
    """Upstream speaks Messages."""

    name = NAME
    operations = frozenset({CHAT, "count_tokens"})

    def encode(self, call: Call, channel: ChannelFacts) -> Encoded:
        path = _PATH if call.operation == CHAT else f"{_PATH}/count_tokens"
        return Encoded(path, self._body(call, channel), headers=_headers(call, channel))

    def _body(self, call: Call, channel: ChannelFacts) -> bytes:
        upstream = channel.upstream(call.model)
        if call.dialect != NAME:
            made = request.write(call.chat, channel, upstream_model=upstream, is_stream=call.is_stream)
            if call.operation != CHAT:
                made.pop("max_tokens")
            return orjson.dumps(made)
        if opaque.has_ours(call.body):
            return orjson.dumps({**opaque.without_ours(call.fields), "model": upstream})
        return with_model(call, upstream) or orjson.dumps({**call.fields, "model": upstream})

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        return of_message(decoded(body), body, ToolNames(call.chat, limit=128))

    def events(self, call: Call) -> AnthropicEvents:
        return AnthropicEvents(call)

    def native_answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        return native.answer(body, model=call.model)

    def native_reader(self, call: Call, *, request_id: str, created: int) -> native.NativeReader:
        return native.NativeReader(call, AnthropicWriter(call, request_id=request_id))

    def answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        """Read a count of tokens: `{"input_tokens": n}` in either protocol."""
        return Answer(body=body)

    def classify(self, status: int, body: bytes) -> Failure:
        """Tell money from haste on the same 429 by `error.details.error_code`; 529 is the vendor's own overload."""
        failure = failures.classify(status, body)
        payload = decoded(body)
        error = payload.get("error") if isinstance(payload, dict) else None
        details = error.get("details") if isinstance(error, dict) else None
        code = details.get("error_code") if isinstance(details, dict) else None
        if code in _MONEY:
            return Failure(FailureKind.NO_QUOTA, failure.message, status=status, code=str(code))
        return failure


def _headers(call: Call, channel: ChannelFacts) -> tuple[tuple[str, str], ...]:
    """Return the version and the betas: the client's own where it speaks this protocol."""
    own = dict(call.headers) if call.dialect == NAME else {}
    version = own.get("anthropic-version") or str(channel.options.get("anthropic_version") or VERSION)
    beta = own.get("anthropic-beta") or str(channel.options.get("anthropic_beta") or "")
    return (("anthropic-version", version), *((("anthropic-beta", beta),) if beta else ()))
