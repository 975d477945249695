"""What an operation other than chat is: how it is asked for, what it can cost at most, how its answer is read. Pure.

Requests and answers are in OpenAI's form, at the client and at vendors that speak it; other protocols translate from and to it.

BadCall    the client's request cannot be one; `field` names what is wrong
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

import orjson

from channels_app import end_users, failures
from channels_app.chat_request import ROUTING_FIELDS, write_body
from channels_app.contract import Answer, Call, ChannelFacts, Encoded, Failure, FailureKind, StreamReader, UpstreamHead, Usage
from channels_app.faces import Unexpressible

# Text is rarely denser than three bytes a token: bounds count that way, so that they are rather too large.
_BYTES_PER_TOKEN = 3
_LONGEST_MODEL = 200


class BadCall(Unexpressible):
    """The client's request cannot be one."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The most a call can use: tokens by bucket, and units as (names it may come to, the dearest counts; how many)."""

    tokens: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    units: tuple[tuple[tuple[str, ...], int], ...] = ()


class Operation:
    """Base of every operation's file. Stateless."""

    name: ClassVar[str]
    path: ClassVar[str]
    default_model: ClassVar[str] = ""
    is_free: ClassVar[bool] = False  # costs nothing where nobody has set a price
    streams: ClassVar[bool] = False
    is_either: ClassVar[bool] = False  # charged by units where they have a price, else by tokens: never by both

    def understand(self, call: Call) -> Call:
        """Check what the price hangs on and return the call with what is known of it; raise BadCall."""
        return call

    def encode(self, call: Call, channel: ChannelFacts, *, strip: frozenset[str]) -> Encoded:
        """Return the request to a vendor that speaks OpenAI's protocol: the client's own with upstream's model name."""
        upstream = channel.upstream(call.model)
        if call.upload is not None:
            values = {**self.fixed(call, upstream), **end_users.in_form(call)}
            return Encoded(self.path, upload=call.upload.body(values=values, drop=strip | ROUTING_FIELDS))
        return Encoded(self.path, write_body(call, upstream_model=upstream, strip=strip | {"stream_options"}))

    def fixed(self, call: Call, upstream_model: str) -> dict[str, str]:
        """Return the fields of a form that the vendor must read as we did."""
        return {"model": upstream_model}

    def read(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        """Read a complete answer with a 2xx status; an error inside it becomes `Answer.failure`."""
        raise NotImplementedError

    def reader(self, call: Call, head: UpstreamHead) -> StreamReader:
        """Return a reader of a streamed answer, where the operation streams."""
        raise NotImplementedError

    def bound(self, call: Call) -> Bound:
        """Return the most the call can use."""
        return Bound()

    def silent(self, call: Call) -> Usage:
        """Return the usage of a complete answer whose vendor said nothing about it. May count text: blocking."""
        return Usage(source="counted")


def held_tokens(text: str) -> int:
    """Return more tokens than a text is likely to have."""
    return len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN + 16


def model_of(fields: Mapping[str, Any], default: str = "") -> str:
    """Return the model a call names; raise BadCall."""
    model = fields.get("model", default) or default
    if not isinstance(model, str) or not model.strip() or len(model) > _LONGEST_MODEL:
        raise BadCall("model must be the name of a model.", field="model")
    return model.strip()


def loaded(body: bytes) -> dict[str, Any] | Failure:
    """Return the JSON object of an answer, or the failure it turns out to be."""
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        message = "upstream returned HTML" if body.lstrip()[:1] == b"<" else "upstream's answer is no JSON"
        return Failure(FailureKind.UPSTREAM, message)
    if not isinstance(payload, dict):
        complaint = failures.find(payload)
        return failures.of_complaint(complaint) if complaint else Failure(FailureKind.UPSTREAM, "upstream's answer is no JSON object")
    if payload.get("error"):
        complaint = failures.find(payload)
        return failures.of_complaint(complaint) if complaint else Failure(FailureKind.UPSTREAM, "upstream answered with an error")
    return payload


def nothing(payload: Mapping[str, Any]) -> Answer:
    """Return the failure of an answer that holds no result."""
    complaint = failures.find(payload)
    return Answer(failure=failures.of_complaint(complaint) if complaint else Failure(FailureKind.UPSTREAM, "upstream sent no result"))


def whole_number(fields: Mapping[str, Any], name: str, *, default: int, most: int) -> int:
    """Return a field that is a positive whole number (forms send text); raise BadCall."""
    value = fields.get(name)
    if value is None or value == "":
        return default
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise BadCall(f"{name} must be a whole number from 1 to {most}.", field=name)
    return value


def flag(fields: Mapping[str, Any], name: str) -> bool:
    """Return a field that is true or false (forms send text); raise BadCall."""
    value = fields.get(name)
    if isinstance(value, str) and value.lower() in {"true", "false", ""}:
        value = value.lower() == "true"
    if value is not None and not isinstance(value, bool):
        raise BadCall(f"{name} must be true or false.", field=name)
    return bool(value)
