"""POST /moderations: is a content harmful. Free at vendors, so free here unless somebody has set a price.

Source: https://platform.openai.com/docs/api-reference/moderations.
"""

from __future__ import annotations

import orjson

from channels_app.contract import Answer, Call, Failure, UpstreamHead, Usage
from channels_app.operations.base import BadCall, Operation, loaded, nothing


class Moderations(Operation):
    name = "moderations"
    path = "/moderations"
    default_model = "omni-moderation-latest"
    is_free = True

    def understand(self, call: Call) -> Call:
        if not isinstance(call.fields.get("input"), str | list) or not call.fields["input"]:
            raise BadCall("input must be a text or a list.", field="input")
        return call

    def read(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        payload = loaded(body)
        if isinstance(payload, Failure):
            return Answer(failure=payload)
        results = payload.get("results")
        if not isinstance(results, list) or not results:
            return nothing(payload)
        return Answer(body=orjson.dumps({**payload, "model": call.model}), usage=Usage(), delivered=len(results))
