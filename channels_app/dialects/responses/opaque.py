"""Carry what other vendors want back through a reasoning item's `encrypted_content`: clients send the items back as they were."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson

_OURS = "keyosk."


def wrap(value: Mapping[str, Any]) -> str:
    """Return a value of ours as encrypted content."""
    return _OURS + base64.urlsafe_b64encode(orjson.dumps(value)).decode()


def unwrap(content: object) -> dict[str, Any] | None:
    """Return the value in content made by `wrap`; None for any other."""
    if not isinstance(content, str) or not content.startswith(_OURS):
        return None
    try:
        found = orjson.loads(base64.urlsafe_b64decode(content[len(_OURS) :]))
    except (binascii.Error, ValueError):
        return None
    return found if isinstance(found, dict) else None


def loads(text: str) -> object:
    """Return a JSON text's value, or None."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
