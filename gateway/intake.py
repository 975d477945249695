"""Read what the client asks for: one parse, the few fields the relay itself needs, everything else untouched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from channels_app import faces, registry
from channels_app.contract import Call
from channels_app.faces import CHAT, Heard, Unexpressible
from channels_app.forms import Form
from channels_app.operations.base import BadCall, flag, model_of
from channels_app.operations.table import OPERATIONS
from gateway.errors import RelayError, of_unexpressible

# Text is rarely denser than three bytes a token; holds count that way, so that they are rather too large.
BYTES_PER_HELD_TOKEN = 3
# A picture costs tokens by its size in pixels, not by the length of its base64.
_TOKENS_PER_PICTURE = 1600
# By these members of an object its base64 `data` is known as a medium: OpenAI's, Anthropic's, Google's.
MEDIA = ("format", "media_type", "mimeType", "mime_type")
_OUTPUT_LIMITS = ("max_completion_tokens", "max_tokens")


def hear(
    dialect: str,
    body: bytes,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    model: str = "",
    action: str = "",
    form: str = "",
    operation: str = CHAT,
) -> Call:
    """Return the call that a request in a client's protocol makes; `model`, `action` and `form` are those of the address.

    Raise RelayError.
    """
    heard = Heard(fields=loaded(body), body=body, headers=headers, model=model, action=action, form=form, operation=operation)
    try:
        return registry.client(dialect).hear(heard)
    except Unexpressible as error:
        raise of_unexpressible(error) from None


def chat(body: bytes, *, model: str = "") -> Call:
    """Return the call; `model` is named by the address. Raise RelayError when the body cannot be one."""
    fields = loaded(body)
    model = model or fields.get("model", "")
    if not isinstance(model, str) or not model.strip() or len(model) > 200:
        raise RelayError("unsupported_field", "model must be the name of a model.", param="model")
    if not isinstance(fields.get("messages"), list):
        raise RelayError("unsupported_field", "messages must be a list.", param="messages")
    is_stream = _flag(fields, "stream")
    for name in (*_OUTPUT_LIMITS, "n"):
        if name in fields:
            _count(fields, name)
    return Call("chat", "openai", model.strip(), body, fields, is_stream, _wants_usage(fields, is_stream=is_stream))


def output_limit(call: Call) -> int | None:
    """Return the client's own limit of output tokens for one choice, if it set one."""
    return registry.client(call.dialect).output_limit(call)


def choices(call: Call) -> int:
    """Return how many answers are asked for at once."""
    return registry.client(call.dialect).choices(call)


def with_output_limit(call: Call, tokens: int) -> Call:
    """Return the call with a smaller limit of output tokens, said in the client's way."""
    return faces.with_limit(registry.client(call.dialect), call, tokens)


def input_bytes(call: Call) -> int:
    """Return the size of what the model reads, with pictures and sound counted as the text they cost."""
    messages = call.fields.get("messages")
    # Looking at the messages costs a fraction of searching through a large body.
    if _is_text(messages) or (b'"data:' not in call.body and b'"data"' not in call.body):
        return len(call.body)
    return len(call.body) - _embedded(call.fields)


def _is_text(messages: Any) -> bool:
    """Tell whether no message has parts: then there are no pictures and no sound."""
    if not isinstance(messages, list):
        return False
    for message in messages:  # noqa: SIM110  # all() would cost twice as much
        if not isinstance(message, dict) or not isinstance(message.get("content", ""), str):
            return False
    return True


def held_input_tokens(call: Call) -> int:
    """Return an upper estimate of the input's tokens."""
    return input_bytes(call) // BYTES_PER_HELD_TOKEN + 16


def _embedded(value: Any) -> int:
    """Sum what embedded media have too many bytes for the tokens they cost."""
    if isinstance(value, str):
        is_media = value.startswith("data:") and len(value) > _TOKENS_PER_PICTURE * BYTES_PER_HELD_TOKEN
        return len(value) - _TOKENS_PER_PICTURE * BYTES_PER_HELD_TOKEN if is_media else 0
    if isinstance(value, list):
        return sum(map(_embedded, value))
    if not isinstance(value, dict):
        return 0
    if isinstance(value.get("data"), str) and (kind := next((value[name] for name in MEDIA if name in value), None)) is not None:
        return _too_long(str(kind), len(value["data"]))
    return sum(map(_embedded, value.values()))


def _too_long(kind: str, size: int) -> int:
    """Return by how much base64 of a kind (`image/png`, `wav`, …) is longer than the text it costs."""
    if kind.startswith("image/"):
        return max(0, size - _TOKENS_PER_PICTURE * BYTES_PER_HELD_TOKEN)
    # Speech costs about ten tokens a second; even well packed sound has more than 100 bytes of base64 a token. Documents too.
    return size * 9 // 10


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise RelayError("unsupported_field", f"{name} must be true or false.", param=name)


def _count(fields: Mapping[str, Any], name: str) -> None:
    value = fields.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10_000_000):
        raise RelayError("unsupported_field", f"{name} must be a positive whole number.", param=name)


def _wants_usage(fields: Mapping[str, Any], *, is_stream: bool) -> bool:
    options = fields.get("stream_options")
    if options is None:
        return False
    if not is_stream or not isinstance(options, dict):
        raise RelayError("unsupported_field", "stream_options is only allowed with stream.", param="stream_options")
    return options.get("include_usage") is True


def operation(name: str, body: bytes, *, upload: Form | None = None, model: str = "") -> Call:
    """Return the call of an operation other than chat; `model` is named by the address. Raise RelayError. May block on an upload."""
    asked = OPERATIONS[name]
    fields = upload.fields() if upload is not None else loaded(body)
    try:
        named = model or model_of(fields, asked.default_model)
        call = Call(operation=name, dialect="openai", model=named, body=body, fields=fields, upload=upload)
        return asked.understand(replace(call, is_stream=asked.streams and flag(fields, "stream")))
    except BadCall as error:
        raise RelayError("unsupported_field", str(error), param=error.field) from None


def loaded(body: bytes) -> dict[str, Any]:
    """Return a body's JSON object; raise RelayError."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RelayError("invalid_json") from None
    if not isinstance(fields, dict):
        raise RelayError("invalid_json")
    return fields


def counted(body: bytes, *, dialect: str, model: str = "", inner: str = "") -> Call:
    """Return a call of which only the tokens are to be counted; `inner` names a member that may hold the whole request instead."""
    fields = loaded(body)
    fields = fields[inner] if inner and isinstance(fields.get(inner), dict) else fields
    try:
        named = model or model_of(fields)
    except BadCall as error:
        raise of_unexpressible(error) from None
    return Call(operation="count_tokens", dialect=dialect, model=named, body=body, fields=fields)
