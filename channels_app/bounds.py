"""Bring a request's numbers inside what a vendor allows; what the client did not say stays unsaid. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LEAST = 0.01  # where a vendor refuses 0


def clamped(fields: Mapping[str, Any], **limits: tuple[float, float]) -> dict[str, Any]:
    """Return the named numbers that are there, each inside its limits: `clamped(fields, temperature=(0.01, 1))`."""
    found = {name: fields.get(name) for name in limits}
    return {
        name: min(max(value, limits[name][0]), limits[name][1])
        for name, value in found.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def changed(fields: Mapping[str, Any], **limits: tuple[float, float]) -> dict[str, Any]:
    """Return only those of `clamped` that are not what the client said."""
    return {name: value for name, value in clamped(fields, **limits).items() if value != fields[name]}


def output_limit(fields: Mapping[str, Any]) -> int | None:
    """Return the client's limit of output tokens under either of its names."""
    for name in ("max_completion_tokens", "max_tokens"):
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None
