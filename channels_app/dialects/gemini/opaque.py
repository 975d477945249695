"""Carry what other vendors want back through Gemini's thought signatures: clients send parts back as they were.

A signature of ours is base64 of `keyosk.` and JSON: Anthropic's signed thoughts and reasoning items of the Responses protocol.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson

_OURS = b"keyosk."


def wrap(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part without words whose signature holds a value of ours."""
    return {"text": "", "thought": True, "thoughtSignature": base64.b64encode(_OURS + orjson.dumps(value)).decode()}


def unwrap(signature: object) -> dict[str, Any] | None:
    """Return the value in a signature made by `wrap`; None for any other."""
    try:
        plain = base64.b64decode(signature) if isinstance(signature, str) else b""
        found = orjson.loads(plain[len(_OURS) :]) if plain.startswith(_OURS) else None
    except (binascii.Error, ValueError):
        return None
    return found if isinstance(found, dict) else None


def kept(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parts for thoughts that Google has signed in words of text; those of others mean nothing upstream."""
    signatures = message.get("reasoning_details")
    rows = [row for row in signatures if isinstance(row, dict)] if isinstance(signatures, list) else []
    return [{"text": "", "thoughtSignature": row["data"]} for row in rows if row.get("type") == "google.text" and row.get("data")]
