"""Write the chunks of a chat stream: the vendor's own bytes where they are right, rewritten where they are not."""

from __future__ import annotations

from typing import Any

import orjson

from channels_app import lenient
from channels_app.contract import Failure
from channels_app.redaction import scrub

CHUNK = "chat.completion.chunk"
DONE = b"data: [DONE]\n\n"
# Characters at which some clients split lines although the standard does not; inside JSON they can be escaped.
_SEPARATORS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"), (b"\xc2\x85", b"\\u0085"))


class Renderer:
    """Holds what must stay constant in a stream: id, created, model; takes id and created from the first chunk."""

    __slots__ = ("_created", "_id", "_is_settled", "_model", "_model_member", "_spelled", "_upstream_model", "_wants_usage")

    def __init__(self, *, model: str, wants_usage: bool, request_id: str, created: int) -> None:
        self._id = f"chatcmpl-{request_id}"
        self._created = created
        self._model = model
        self._model_member = b'"model":' + orjson.dumps(model)
        self._upstream_model: object = None  # the name seen last, and how it was spelled as a member
        self._spelled = b""
        self._wants_usage = wants_usage
        self._is_settled = False

    def settle(self, chunk: dict[str, Any]) -> None:
        """Take the vendor's id and time, once, from the first chunk that is shown."""
        if self._is_settled:
            return
        self._is_settled = True
        identity, created = chunk.get("id"), chunk.get("created")
        if isinstance(identity, str) and identity:
            self._id = identity
        if type(created) is int and created > 0:
            self._created = created

    def chunk(self, chunk: dict[str, Any], choice: dict[str, Any], data: bytes | None) -> bytes:
        """Return the event for one choice; `data` are the original bytes, None where the choice was changed."""
        if (
            data is not None
            and chunk.get("id") == self._id
            and chunk.get("created") == self._created
            and chunk.get("object") == CHUNK
            and b"\n" not in data
        ):
            patched = self._patch(chunk, data)
            if patched is not None:
                return _event(patched)
        return self._dump(chunk, [choice], {"usage": None} if self._wants_usage else {})

    def usage(self, chunk: dict[str, Any], usage: dict[str, Any]) -> bytes:
        """Return the usage event: the last chunk, without choices."""
        return self._dump(chunk, [], {"usage": usage})

    def _dump(self, chunk: dict[str, Any], choices: list[dict[str, Any]], rest: dict[str, Any]) -> bytes:
        constant = {"id": self._id, "object": CHUNK, "created": self._created, "model": self._model}
        others = {name: value for name, value in chunk.items() if name != "usage" and name not in constant}
        return _event(lenient.dumps({**constant, **others, "choices": choices, **rest}))

    def _patch(self, chunk: dict[str, Any], data: bytes) -> bytes | None:
        """Replace the model's name and a null usage in the bytes; return None if that cannot be done for certain.

        An unescaped `"` never stands inside a JSON string, so a match of `"model":"…"` is a member; where it is the
        only one, it is the one.
        """
        model = chunk.get("model")
        if model != self._model:
            found = self._spelling(model, data)
            if found is None:
                return None
            data = data.replace(found, self._model_member)
        if "usage" in chunk and not (chunk["usage"] is None and self._wants_usage):
            found = _member(data, b',"usage"', b"null") or _member(data, b', "usage"', b"null")
            if found is None or chunk["usage"] is not None:
                return None
            data = data.replace(found, b"")
        return data

    def _spelling(self, model: object, data: bytes) -> bytes | None:
        if model is not None and model == self._upstream_model and data.count(b'"model"') == 1 and self._spelled in data:
            return self._spelled
        found = None if model is None else _member(data, b'"model"', orjson.dumps(model))
        if found is not None:
            self._upstream_model, self._spelled = model, found
        return found


def _event(data: bytes) -> bytes:
    if b"\xe2\x80" in data or b"\xc2\x85" in data:
        for raw, escaped in _SEPARATORS:
            data = data.replace(raw, escaped)
    return b"data: " + data + b"\n\n"


def _member(data: bytes, name: bytes, value: bytes) -> bytes | None:
    """Return the member as it stands in the bytes, compact or with one space, if it stands there exactly once."""
    if data.count(name) != 1:
        return None
    for spelled in (name + b":" + value, name + b": " + value):
        if spelled in data:
            return spelled
    return None


def error_bytes(failure: Failure) -> bytes:
    """Return the error event for a client: the vendor's words only where the request is to blame."""
    is_theirs = failure.kind.is_users_fault
    error = {
        "message": scrub(failure.message) if is_theirs else "The upstream failed while answering.",
        "type": "invalid_request_error" if is_theirs else "upstream_error",
        "param": None,
        "code": (failure.code or failure.kind.value) if is_theirs else "upstream_unavailable",
    }
    return b"data: " + orjson.dumps({"error": error}) + b"\n\n"
