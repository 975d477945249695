"""Put pictures into a call in place of their URLs, for vendors that take bytes only. Pure: who fetches them is told which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def urls_of(chat: Mapping[str, Any]) -> list[str]:
    """Return the http addresses of pictures in canonical fields."""
    found = (_url(part) for message in chat.get("messages") or () if isinstance(message, dict) for part in _parts(message))
    return [url for url in found if url.startswith(("http://", "https://"))]


def inlined(chat: Mapping[str, Any], pictures: Mapping[str, str]) -> dict[str, Any]:
    """Return canonical fields with data URLs in place of the addresses in `pictures`."""
    messages = [_message(message, pictures) if isinstance(message, dict) else message for message in chat.get("messages") or ()]
    return {**chat, "messages": messages}


def _message(message: Mapping[str, Any], pictures: Mapping[str, str]) -> Mapping[str, Any]:
    if not any(_url(part) in pictures for part in _parts(message)):
        return message
    return {**message, "content": [_part(part, pictures) for part in message["content"]]}


def _parts(message: Mapping[str, Any]) -> list[Any]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def _part(part: Any, pictures: Mapping[str, str]) -> Any:
    url = _url(part)
    return {**part, "image_url": {"url": pictures[url]}} if url in pictures else part


def _url(part: Any) -> str:
    shown = part.get("image_url") if isinstance(part, dict) and part.get("type") == "image_url" else None
    url = shown.get("url") if isinstance(shown, dict) else shown
    return url if isinstance(url, str) else ""
