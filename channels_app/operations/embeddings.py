"""POST /embeddings: texts or tokens in, vectors out, billed by the tokens of the input.

Source: https://platform.openai.com/docs/api-reference/embeddings. The official SDKs ask for base64 (little-endian float32)
where their caller names no format, and decode it themselves; vendors that answer in the other form are translated.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

from channels_app import tokenizer
from channels_app.chat_usage import count, read_usage
from channels_app.contract import Answer, Call, Failure, UpstreamHead, Usage
from channels_app.faces import Unexpressible
from channels_app.operations.base import BadCall, Bound, Operation, held_tokens, loaded, nothing

_MOST_INPUTS = 2048


class Embeddings(Operation):
    name = "embeddings"
    path = "/embeddings"

    def understand(self, call: Call) -> Call:
        if call.fields.get("encoding_format") not in {None, "float", "base64"}:
            raise BadCall("encoding_format must be float or base64.", field="encoding_format")
        inputs(call)
        return call

    def bound(self, call: Call) -> Bound:
        return Bound({"input": sum(held_tokens(one) if isinstance(one, str) else len(one) for one in inputs(call))})

    def silent(self, call: Call) -> Usage:
        counted = sum(tokenizer.count(one, model=call.model) if isinstance(one, str) else len(one) for one in inputs(call))
        return Usage(input=counted, source="counted")

    def read(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        payload = loaded(body)
        if isinstance(payload, Failure):
            return Answer(failure=payload)
        rows = payload.get("data")
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) and row.get("embedding") for row in rows):
            return nothing(payload)
        as_base64 = call.fields.get("encoding_format") == "base64"
        # The place is the index: some vendors write 0 everywhere.
        data = [
            {**row, "object": "embedding", "index": place, "embedding": converted(row["embedding"], as_base64=as_base64)}
            for place, row in enumerate(sorted(rows, key=_index))
        ]
        return vectors(call, data, read_usage(payload.get("usage")), others=payload)


def vectors(call: Call, data: list[dict[str, Any]], usage: Usage | None, *, others: Mapping[str, Any] = MappingProxyType({})) -> Answer:
    """Return an answer of OpenAI's form with the vendor's other members; a usage it does not tell is counted."""
    shown = usage if usage is not None else Embeddings().silent(call)
    told = {"prompt_tokens": shown.total_input, "total_tokens": shown.total_input}
    raw = others.get("usage")
    if isinstance(raw, dict):
        told = {**raw, "prompt_tokens": shown.total_input, "total_tokens": count(raw.get("total_tokens")) or shown.total_input}
    whole = {**others, "object": "list", "data": data, "model": call.model, "usage": told}
    return Answer(body=orjson.dumps(whole), usage=shown, delivered=len(data))


def inputs(call: Call) -> list[str | list[int]]:
    """Return what is to be embedded, each a text or tokens; raise BadCall."""
    given = call.fields.get("input")
    if isinstance(given, str):
        found: list[Any] = [given]
    elif isinstance(given, list) and given and all(type(one) is int for one in given):
        found = [given]
    elif isinstance(given, list):
        found = given
    else:
        raise BadCall("input must be a text, a list of texts, or tokens.", field="input")
    if not 1 <= len(found) <= _MOST_INPUTS:
        raise BadCall(f"input must hold 1 to {_MOST_INPUTS} entries.", field="input")
    if not all(isinstance(one, str) or _is_tokens(one) for one in found):
        raise BadCall("input must hold texts, or lists of tokens.", field="input")
    return found


def check_number(call: Call, most: int) -> None:
    """Raise Unexpressible for a call of more inputs than the vendor takes at once, which it would refuse in words of its own."""
    found = len(inputs(call))
    if found > most:
        raise Unexpressible(f"This channel embeds at most {most} {'text' if most == 1 else 'texts'} a call, not {found}.", field="input")


def texts(call: Call) -> list[str]:
    """Return the inputs as texts, for vendors that do not know OpenAI's tokens; raise BadCall for numbers that are none."""
    try:
        return [one if isinstance(one, str) else tokenizer.decode(one, model=call.model) for one in inputs(call)]
    except tokenizer.UnknownTokens as error:
        raise BadCall(str(error), field="input") from None


def converted(vector: Any, *, as_base64: bool) -> Any:
    """Return a vector in the form that was asked for: base64 of little-endian float32, or a list of numbers."""
    if as_base64 and isinstance(vector, list):
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    if not as_base64 and isinstance(vector, str):
        try:
            packed = base64.b64decode(vector, validate=True)
            return list(struct.unpack(f"<{len(packed) // 4}f", packed))
        except (binascii.Error, struct.error):
            return vector
    return vector


def _is_tokens(one: Any) -> bool:
    return isinstance(one, list) and bool(one) and all(type(number) is int for number in one)


def _index(row: dict[str, Any]) -> int:
    return count(row.get("index"))
