"""Carry what other vendors want back through Anthropic's words, and ids of tools into its alphabet.

A client of this protocol keeps `redacted_thinking` blocks as they are: thought signatures of Gemini and reasoning items of the
Responses protocol travel inside one, marked as ours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

import orjson

_OURS = "keyosk."
_ID = re.compile(r"^[a-zA-Z0-9_-]{1,128}$")


def wrap(kind: str, value: Any) -> dict[str, Any]:
    """Return a redacted_thinking block that holds a value of ours."""
    packed = base64.urlsafe_b64encode(orjson.dumps(value)).decode()
    return {"type": "redacted_thinking", "data": f"{_OURS}{kind}.{packed}"}


def unwrap(block: Any) -> tuple[str, Any] | None:
    """Return the kind and the value of a block made by `wrap`; None for any other."""
    data = block.get("data") if isinstance(block, dict) else None
    if not isinstance(data, str) or not data.startswith(_OURS):
        return None
    kind, _, packed = data[len(_OURS) :].partition(".")
    try:
        return kind, orjson.loads(base64.urlsafe_b64decode(packed))
    except (binascii.Error, ValueError):
        return None


def tool_id(name: str) -> str:
    """Return a tool call's id in Anthropic's alphabet, always the same for the same id."""
    return name if _ID.match(name) else f"toolu_{hashlib.sha256(name.encode()).hexdigest()[:24]}"


def plain(data: str) -> str:
    """Return the text in base64 data."""
    try:
        return base64.b64decode(data).decode(errors="replace")
    except (binascii.Error, ValueError):
        return data
