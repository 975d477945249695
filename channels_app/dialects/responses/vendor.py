"""The Responses protocol as upstream speaks it."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from channels_app import failures
from channels_app.chat_request import with_model
from channels_app.contract import Answer, Call, ChannelFacts, Encoded, Failure, UpstreamHead
from channels_app.deltas import Delta
from channels_app.dialects.responses import marks, native, request
from channels_app.dialects.responses.events import ResponsesEvents, of_response
from channels_app.dialects.responses.writer import ResponsesWriter
from channels_app.event_reader import decoded
from channels_app.faces import CHAT, Vendor

NAME = "responses"
_PATH = "/responses"


class ResponsesVendor(Vendor):
    """Upstream speaks Responses."""

    name = NAME
    operations = frozenset({CHAT})

    def form_of(self, channel: ChannelFacts) -> str:
        """Return the mark that ids of this channel's responses bear."""
        return marks.mark_of(channel.id)

    def encode(self, call: Call, channel: ChannelFacts) -> Encoded:
        upstream = channel.upstream(call.model)
        if call.dialect == NAME:
            fields = marks.unmarked(call.fields, channel.id)
            kept = with_model(call, upstream) if fields is call.fields else None
            return Encoded(_PATH, kept or orjson.dumps({**fields, "model": upstream}))
        return Encoded(_PATH, orjson.dumps(request.write(call.chat, upstream_model=upstream, is_stream=call.is_stream)))

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        return of_response(decoded(body), body)

    def events(self, call: Call) -> ResponsesEvents:
        return ResponsesEvents(call)

    def native_answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        return native.answer(body, model=call.model, mark=call.form)

    def native_reader(self, call: Call, *, request_id: str, created: int) -> native.NativeReader:
        return native.NativeReader(call, ResponsesWriter(call, request_id=request_id, created=created))

    def classify(self, status: int, body: bytes) -> Failure:
        return failures.classify(status, body)
