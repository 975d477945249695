"""Carry what other vendors want back through Anthropic's words, and ids of tools into its alphabet.

A client of this protocol keeps `redacted_thinking` blocks as they are: thought signatures of Gemini and reasoning items of the
Responses protocol travel inside one, marked as ours. So are sources of what was said: Claude itself must see neither.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson

_OURS = "keyosk."
_ID = re.compile(r"^[a-zA-Z0-9_-]{1,128}$")


def wrap(kind: str, value: Any) -> dict[str, Any]:
    """Return a redacted_thinking block that holds a value of ours."""
    packed = base64.urlsafe_b64encode(orjson.dumps(value)).decode()
    return {"type": "redacted_thinking", "data": f"{_OURS}{kind}.{packed}"}


def unwrap(block: Any) -> tuple[str, Any] | None:
    """Return the kind and the value of a block made by `wrap`; None for any other."""
    data = block.get("data") if isinstance(block, dict) else None
    if not isinstance(data, str) or not data.startswith(_OURS):
        return None
    kind, _, packed = data[len(_OURS) :].partition(".")
    try:
        return kind, orjson.loads(base64.urlsafe_b64decode(packed))
    except (binascii.Error, ValueError):
        return None


def cited(annotation: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a source (`deltas.Citation`) as a search result of this protocol, marked as ours; None for one without an address."""
    source = annotation.get("url_citation")
    if not isinstance(source, dict) or not source.get("url"):
        return None
    found = {"url": source["url"], "title": source.get("title") or None, "cited_text": source.get("content") or ""}
    return {"type": "web_search_result_location", "encrypted_index": _OURS, **found}


def has_ours(body: bytes) -> bool:
    """Tell whether something in a request may be marked as ours."""
    return f'"{_OURS}'.encode() in body


def without_ours(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request without the blocks and sources that are marked as ours."""
    messages = fields.get("messages")
    return {**fields, "messages": [_cleared(one) for one in messages]} if isinstance(messages, list) else {**fields}


def _cleared(message: Any) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return message
    kept = [_sourceless(block) for block in content if unwrap(block) is None]
    return {**message, "content": kept or [{"type": "text", "text": "."}]}


def _sourceless(block: Any) -> Any:
    sources = block.get("citations") if isinstance(block, dict) else None
    if not isinstance(sources, list):
        return block
    kept = [one for one in sources if not (isinstance(one, dict) and str(one.get("encrypted_index")).startswith(_OURS))]
    return {**block, "citations": kept} if kept else {name: value for name, value in block.items() if name != "citations"}


def tool_id(name: str) -> str:
    """Return a tool call's id in Anthropic's alphabet, always the same for the same id."""
    return name if _ID.match(name) else f"toolu_{hashlib.sha256(name.encode()).hexdigest()[:24]}"


def plain(data: str) -> str:
    """Return the text in base64 data."""
    try:
        return base64.b64decode(data).decode(errors="replace")
    except (binascii.Error, ValueError):
        return data
