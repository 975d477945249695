"""JSON as vendors write it: halves of characters (an emoji split over two chunks), NaN, Infinity, braces too many are forgiven."""

from __future__ import annotations

import json

import orjson


def loads(data: bytes) -> object:
    """Read JSON, strictly first; raise ValueError if it is none at all."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except json.JSONDecodeError as error:
        if error.pos == 0 or error.doc[error.pos :].strip("} \r\n\t"):
            raise
        return json.loads(error.doc[: error.pos])


def dumps(value: object) -> bytes:
    """Write JSON that every client can read: numbers that are none become null, halves of characters stay escaped."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()
