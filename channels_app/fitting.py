"""Fit an OpenAI-type body to a vendor that differs a little: fields it refuses, fields it names otherwise, roles it does not know.

Pure. The body stays the very bytes it was where nothing of that is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import orjson

from channels_app.contract import JSON, Encoded

Message = Mapping[str, Any]
_SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs")
_MEMBER = "messages."
_NO_NAMES: Mapping[str, str] = {}


def fit(encoded: Encoded, *, drops: Collection[str] = (), renames: Mapping[str, str] = _NO_NAMES, knows_developer: bool = True) -> Encoded:
    """Return the request without the fields in `drops`, with others under their new names, the developer's role told as system.

    `messages.name` among the drops is the member `name` of every message.
    """
    if encoded.content_type != JSON or not isinstance(encoded.body, bytes):
        return encoded
    has_developer = not knows_developer and b'"developer"' in encoded.body
    if not (has_developer or _mentions(encoded.body, drops) or _mentions(encoded.body, renames)):
        return encoded
    fields: dict[str, Any] = orjson.loads(encoded.body)
    changed = {renames.get(name, name): value for name, value in fields.items() if name not in drops}
    if isinstance(changed.get("messages"), list):
        members = {name.removeprefix(_MEMBER) for name in drops if name.startswith(_MEMBER)}
        changed["messages"] = [_fitted(message, members, knows_developer=knows_developer) for message in changed["messages"]]
    return encoded if changed == fields else encoded._replace(body=orjson.dumps(changed))


def thoughtful(encoded: Encoded, *, effort: object) -> Encoded:
    """Return the request as models that reason take it: the newer name of the limit, and no sampling unless they do not reason."""
    renames = {} if b'"max_completion_tokens"' in encoded.body else {"max_tokens": "max_completion_tokens"}
    return fit(encoded, drops=() if effort == "none" else _SAMPLING, renames=renames)


def classic(encoded: Encoded) -> Encoded:
    """Return the request in the words that chat completions had before reasoning models: `system` and `max_tokens`."""
    return fit(encoded, renames={"max_completion_tokens": "max_tokens"}, knows_developer=False)


def rewritten(encoded: Encoded, changes: Mapping[str, Any], *, without: Collection[str] = ()) -> Encoded:
    """Return the request with these fields changed and those left out."""
    if not changes and not without:
        return encoded
    fields = orjson.loads(encoded.body)
    if not changes and not any(name in fields for name in without):
        return encoded
    kept = {name: value for name, value in fields.items() if name not in without}
    return encoded._replace(body=orjson.dumps({**kept, **changes}))


def messages_changed(messages: Sequence[Message], change: Callable[[Message], Message]) -> dict[str, Any]:
    """Return the field `messages` with each one changed, or nothing where that makes no difference."""
    made = [change(message) for message in messages]
    return {} if all(new is old for new, old in zip(made, messages, strict=True)) else {"messages": made}


def _mentions(body: bytes, names: Collection[str]) -> bool:
    return any(f'"{name.removeprefix(_MEMBER)}"'.encode() in body for name in names)


def _fitted(message: Any, members: Collection[str], *, knows_developer: bool) -> Any:
    if not isinstance(message, dict):
        return message
    if not knows_developer and message.get("role") == "developer":
        message = {**message, "role": "system"}
    return {name: value for name, value in message.items() if name not in members} if members else message
