"""The relay's own OpenAPI schema: what a request must name, and the refusals that every operation knows."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema

_REFUSALS = {
    "400": "The request is not valid.",
    "401": "There is no valid sub-key.",
    "402": "The balance does not cover the call (Anthropic's protocol).",
    "403": "The sub-key is disabled, or may not use this model or address.",
    "404": "There is no such model or address.",
    "405": "This address does not take this method.",
    "413": "The body is too large.",
    "429": "The balance does not cover the call, or there were too many calls.",
    "501": "This part of the protocol is not offered here.",
    "502": "The model's provider could not answer.",
    "503": "No provider is available right now.",
    "504": "The model's provider did not answer in time.",
}
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}},
}


# One event of a stream, as readers of OpenAPI see it.
_EVENT: dict[str, Any] = {"type": "object", "properties": {"event": {"type": "string"}, "data": {"type": "string"}}}


def body(*required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    """Return what an operation's request is in the schema: a JSON object with at least these members, and any others."""
    whole = {"type": "object", "required": list(required), "properties": properties, "additionalProperties": {}}
    return {"application/json": whole}


EVENTS: tuple[str, ...] = ("text/event-stream",)
TEXT: dict[str, Any] = {"type": "string"}
NAME: dict[str, Any] = {"type": "string", "minLength": 1}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 1}
ALL: dict[str, Any] = {"model": NAME, "stream": {"type": "boolean"}}  # what every call of a model may say
TEXTS: dict[str, Any] = {"oneOf": [TEXT, {"type": "array", "minItems": 1, "items": TEXT}]}


def turns(*roles: str) -> dict[str, Any]:
    """Return a conversation of these roles in the schema."""
    parts = {"type": "array", "items": {"type": "object", "required": ["type"], "properties": {"type": TEXT, "text": TEXT}}}
    members = {"role": {"type": "string", "enum": list(roles)}, "content": {"oneOf": [TEXT, parts]}}
    return {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["role", "content"], "properties": members}}


class RelaySchema(AutoSchema):
    """Adds the refusals to every operation (an `error` with a `message` in every protocol) and what its view answers beside JSON."""

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for media in getattr(self.view, "media_types", ()) if "200" in bodies else ():
            bodies["200"].setdefault("content", {})[media] = {"schema": _EVENT if media in EVENTS else TEXT}
        shape = {"application/json": {"schema": _PROBLEM}}
        return bodies | {code: {"description": text, "content": shape} for code, text in _REFUSALS.items() if code not in bodies}
