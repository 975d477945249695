"""Who asks, as a vendor is told where a channel wants that: a digest in the field the vendor documents, never a client's own word. Pure.

Sources: https://platform.openai.com/docs/guides/safety-best-practices (`safety_identifier`), https://docs.anthropic.com/en/api/messages
(`metadata.user_id`), https://open.bigmodel.cn/dev/api (`user_id`). Vendors whose field is not known (`Provider.end_user`) are told
nothing new; what the client itself said of its user is replaced where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from channels_app.contract import JSON, Call, ChannelFacts, Encoded

OPTION = "end_user"
HASHED = "hashed"
ANTHROPIC = "metadata.user_id"
_NAMES = ("safety_identifier", "user", "user_id")


def are_hashed(channel: ChannelFacts) -> bool:
    """Tell whether the channel's vendor is to know end users by digests."""
    return channel.options.get(OPTION) == HASHED


def named(call: Call) -> str:
    """Return the client's own word for its user; empty where it said none."""
    metadata = call.fields.get("metadata") if call.dialect == "anthropic" else None
    inner = metadata.get("user_id") if isinstance(metadata, dict) else None
    return next((value for value in (inner, *map(call.fields.get, _NAMES)) if isinstance(value, str) and value), "")


def told(encoded: Encoded, call: Call, field: str) -> Encoded:
    """Return a request whose only word about its user is `call.end_user`: in `field` for chats, else where one stood; as it is without."""
    if not call.end_user or encoded.content_type != JSON or not isinstance(encoded.body, bytes):
        return encoded
    fields: dict[str, Any] = orjson.loads(encoded.body)
    # Text completions and the other operations do not know the newer fields.
    field = field if call.operation == "chat" and encoded.path != "/completions" else ""
    if field:
        fields = {name: value for name, value in fields.items() if name not in _NAMES}
    changes: dict[str, Any] = {name: call.end_user for name in _NAMES if name in fields or name == field}
    metadata = fields.get("metadata")
    if field == ANTHROPIC or (isinstance(metadata, dict) and "user_id" in metadata):
        changes["metadata"] = {**(metadata if isinstance(metadata, dict) else {}), "user_id": call.end_user}
    return encoded._replace(body=orjson.dumps({**fields, **changes})) if changes or field else encoded


def in_form(call: Call) -> Mapping[str, str]:
    """Return the same for a form's fields."""
    return {name: call.end_user for name in _NAMES if name in call.fields} if call.end_user else {}
