"""Fit an OpenAI-type body to a vendor that differs a little: fields it refuses, fields it names otherwise, roles it does not know.

Pure. The body stays the very bytes it was where nothing of that is in it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from channels_app.contract import JSON, Encoded

_NO_NAMES: Mapping[str, str] = {}


def fit(encoded: Encoded, *, drops: Collection[str] = (), renames: Mapping[str, str] = _NO_NAMES, knows_developer: bool = True) -> Encoded:
    """Return the request without the fields in `drops`, with others under their new names, the developer's role told as system."""
    if encoded.content_type != JSON or not isinstance(encoded.body, bytes):
        return encoded
    has_developer = not knows_developer and b'"developer"' in encoded.body
    if not (has_developer or _mentions(encoded.body, drops) or _mentions(encoded.body, renames)):
        return encoded
    fields: dict[str, Any] = orjson.loads(encoded.body)
    changed = {renames.get(name, name): value for name, value in fields.items() if name not in drops}
    if has_developer and isinstance(changed.get("messages"), list):
        changed["messages"] = [_as_system(message) for message in changed["messages"]]
    return encoded if changed == fields else encoded._replace(body=orjson.dumps(changed))


def _mentions(body: bytes, names: Collection[str]) -> bool:
    return any(f'"{name}"'.encode() in body for name in names)


def _as_system(message: Any) -> Any:
    return {**message, "role": "system"} if isinstance(message, dict) and message.get("role") == "developer" else message
