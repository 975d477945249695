"""Mistral: nearly OpenAI's protocol; what differs is put right here. Source: https://docs.mistral.ai/api.

A tool call's id must be nine letters and digits when it comes back, a last message of the assistant's must be marked as a prefix.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import orjson

from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import fit
from channels_app.provider import Provider

_ID = re.compile(r"[a-zA-Z0-9]{9}")
_DROPS = ("user", "logit_bias", "logprobs", "top_logprobs", "store", "stream_options", "service_tier", "messages.name")
_RENAMES = {"seed": "random_seed", "max_completion_tokens": "max_tokens"}


class Mistral(Provider):
    slug = "mistral"
    label = "Mistral"
    base_url = "https://api.mistral.ai/v1"
    default_models = ("mistral-small-latest", "mistral-large-latest")
    operations = frozenset({"chat", "embeddings", "moderations", "transcriptions"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        fitted = fit(encoded, drops=_DROPS, renames=_RENAMES, knows_developer=False)
        if call.operation != "chat":
            return fitted
        fields = orjson.loads(fitted.body)
        changed = {**fields, "messages": [_message(message) for message in fields["messages"]]}
        if changed.get("tool_choice") == "required":
            changed["tool_choice"] = "any"
        if changed["messages"] and changed["messages"][-1].get("role") == "assistant":
            changed["messages"][-1] = {**changed["messages"][-1], "prefix": True}
        return fitted if changed == fields else fitted._replace(body=orjson.dumps(changed))


def _message(message: dict[str, Any]) -> dict[str, Any]:
    if message.get("tool_calls"):
        return {**message, "tool_calls": [{**call, "id": _id(call.get("id"))} for call in message["tool_calls"]]}
    return {**message, "tool_call_id": _id(message["tool_call_id"])} if message.get("tool_call_id") else message


def _id(foreign: object) -> str:
    """Return nine letters and digits: the same for the call and for its result."""
    text = str(foreign)
    return text if _ID.fullmatch(text) else hashlib.sha256(text.encode()).hexdigest()[:9]
