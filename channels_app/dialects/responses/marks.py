"""Tell by a response's id which channel keeps it: only that one can go on from it. The mark says nothing to anybody else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from channels_app.faces import Unexpressible

_SEPARATOR = ".k"


def mark_of(channel_id: int) -> str:
    """Return the mark of a channel."""
    return hashlib.sha256(f"responses:{channel_id}".encode()).hexdigest()[:10]


def marked(response: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """Return a response object whose id bears the mark."""
    identity = response.get("id")
    return {**response, "id": f"{identity}{_SEPARATOR}{mark}"} if mark and isinstance(identity, str) and identity else dict(response)


def unmarked(fields: Mapping[str, Any], channel_id: int) -> Mapping[str, Any]:
    """Return a request with the id upstream knows; raise Unexpressible where another channel keeps it."""
    before = fields.get("previous_response_id")
    if not isinstance(before, str) or _SEPARATOR not in before:
        return fields
    identity, _, mark = before.rpartition(_SEPARATOR)
    if mark != mark_of(channel_id):
        raise Unexpressible("The channel that keeps previous_response_id is not available.", field="previous_response_id")
    return {**fields, "previous_response_id": identity}
