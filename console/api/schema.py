"""The API's own OpenAPI schema: every operation says which refusals it knows."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from console.api.errors import Error

IDEMPOTENCY_PATTERN = r"^[!-~]{1,100}$"
_REFUSALS = {
    "400": "The request is not valid: messages by field.",
    "401": "There is no valid access token.",
    "403": "The token lacks the scope.",
    "404": "There is no such thing here.",
    "405": "This address does not take this method.",
    "406": "The answer is JSON only.",
    "409": "The state does not allow it, or the idempotency key belongs to another request.",
    "415": "The body must be JSON.",
    "429": "Too many requests.",
}


class ApiSchema(AutoSchema):
    """Adds the refusals and the idempotency key to every operation."""

    def get_override_parameters(self) -> list[Any]:
        found = list(super().get_override_parameters())
        if self.method in ("POST", "PATCH", "DELETE", "PUT"):
            text = "Repeat a write safely: the same key gives the same answer for a day."
            kind = {"type": "string", "pattern": IDEMPOTENCY_PATTERN}
            found.append(OpenApiParameter("Idempotency-Key", kind, OpenApiParameter.HEADER, description=text))
        return found

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for code, text in _REFUSALS.items():
            if code not in bodies:
                shape = self.resolve_serializer(Error, "response").ref
                bodies[code] = {"description": text, "content": {"application/json": {"schema": shape}}}
        return bodies
