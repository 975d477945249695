"""The Responses protocol as clients speak it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from channels_app import lenient
from channels_app.contract import Call
from channels_app.deltas import Delta
from channels_app.dialects.responses import understand, writer
from channels_app.faces import Client, Heard, Problem, Unexpressible

# The numbers of events must grow; nobody counts so many before an error.
_LATE = 1_000_000_000


class ResponsesClient(Client):
    """Clients speak Responses."""

    name = "responses"

    def hear(self, heard: Heard) -> Call:
        if not isinstance(heard.fields.get("input"), str | list):
            raise Unexpressible("input must be a text or a list of items.", field="input")
        heard.check(heard.fields, counts=("max_output_tokens",))
        return heard.call(self.name, self.understand, model=heard.named("model"), is_stream=heard.flag("stream"))

    def understand(self, call: Call) -> Mapping[str, Any]:
        return understand.understand(call.fields)

    def output_limit(self, call: Call) -> int | None:
        limit = call.fields.get("max_output_tokens")
        return limit if isinstance(limit, int) else None

    def limited(self, call: Call, tokens: int) -> Mapping[str, Any]:
        return {**call.fields, "max_output_tokens": tokens}

    def writer(self, call: Call, *, request_id: str, created: int) -> writer.ResponsesWriter:
        return writer.ResponsesWriter(call, request_id=request_id, created=created)

    def whole(self, call: Call, deltas: Sequence[Delta], *, request_id: str, created: int) -> bytes:
        return writer.whole(call, deltas, request_id=request_id, created=created)

    def problem(self, problem: Problem) -> bytes:
        error = {"message": problem.message, "type": problem.type, "param": problem.param, "code": problem.code, **problem.details}
        return orjson.dumps({"error": error})

    def problem_frames(self, problem: Problem, *, form: str, has_begun: bool) -> bytes:
        """Return an error event, at which SDKs raise, and a failed response, by which Codex knows that it is over."""
        code = problem.code or problem.type
        first = {"type": "error", "sequence_number": _LATE, "code": code, "message": problem.message, "param": problem.param}
        response = {
            "id": f"resp_{problem.request_id.replace('-', '')}",
            "object": "response",
            "status": "failed",
            "error": {"code": code, "message": problem.message},
            "output": [],
        }
        last = {"type": "response.failed", "sequence_number": _LATE + 1, "response": response}
        return b"".join(b"event: %s\ndata: %s\n\n" % (str(one["type"]).encode(), lenient.dumps(one)) for one in (first, last))
