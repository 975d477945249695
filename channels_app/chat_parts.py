"""Read the parts of a canonical message: texts, pictures, documents, sounds, tool calls. For all who write another protocol."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from channels_app.faces import Unexpressible

_MAGIC = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF", "application/pdf"),
)


@dataclass(frozen=True, slots=True)
class Blob:
    """A picture, a document or a sound: base64 `data` of type `mime`, or a `url`; `name` where the client gave one."""

    kind: str
    mime: str = ""
    data: str = ""
    url: str = ""
    name: str = ""


def parts_of(content: object) -> list[Mapping[str, Any]]:
    """Return a message's content as parts; a text becomes one text part."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    found = content if isinstance(content, list) else []
    return [{"type": "text", "text": part} if isinstance(part, str) else part for part in found if isinstance(part, str | dict)]


def text_of(content: object) -> str:
    """Return all text of a message's content."""
    return "".join(str(part.get("text") or part.get("refusal") or "") for part in parts_of(content))


def blob_of(part: Mapping[str, Any]) -> Blob:
    """Return the medium in a part; raise Unexpressible for a part nobody knows, or a file that lies with another vendor."""
    kind = part.get("type")
    if kind == "image_url":
        shown = part.get("image_url")
        url = shown.get("url") if isinstance(shown, dict) else shown
        return _of_url("image", str(url or ""))
    if kind == "input_audio":
        sound = _object(part, "input_audio")
        return Blob("audio", f"audio/{sound.get('format') or 'wav'}", str(sound.get("data") or ""))
    if kind == "file":
        file = _object(part, "file")
        name = str(file.get("filename") or "")
        address = str(file.get("file_data") or file.get("file_url") or "")
        if not address:
            raise Unexpressible(
                "A file must come with its data (file_data); ids of files belong to one vendor.", field="messages.content.file_id"
            )
        if not address.startswith(("data:", "http:", "https:")):
            address = f"data:application/pdf;base64,{address}"
        found = _of_url("document", address)
        return Blob("document", found.mime, found.data, found.url, name)
    raise Unexpressible(f"A content part of the type {str(kind)[:50]} cannot be passed on.", field="messages.content.type")


def _object(part: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = part.get(name)
    return found if isinstance(found, dict) else {}


def _of_url(kind: str, url: str) -> Blob:
    if not url.startswith("data:"):
        return Blob(kind, url=url)
    head, _, data = url[5:].partition(",")
    mime = head.partition(";")[0].strip().lower()
    return Blob(kind, real_mime(mime, data), data)


def real_mime(mime: str, data: str) -> str:
    """Return the type that the first bytes show: clients mislabel pictures, and vendors refuse them for it."""
    try:
        start = base64.b64decode(data[:24] + "=" * (-len(data[:24]) % 4))
    except (binascii.Error, ValueError):
        start = b""
    for magic, found in _MAGIC:
        if start.startswith(magic):
            return found
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    return {"image/jpg": "image/jpeg"}.get(mime, mime)


def data_url(mime: str, data: str) -> str:
    """Return base64 data as an address."""
    return f"data:{mime};base64,{data}"


def arguments_of(call: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool call's arguments as an object; what is empty or no object becomes {} or {"input": …}."""
    function = call.get("function") or call.get("custom") or {}
    text = function.get("arguments", function.get("input"))
    if isinstance(text, dict):
        return text
    try:
        found = orjson.loads(text) if isinstance(text, str) and text.strip() else {}
    except orjson.JSONDecodeError:
        found = text
    return found if isinstance(found, dict) else {"input": found}


def json_text(value: object) -> str:
    """Return a value as JSON text."""
    return orjson.dumps(value).decode()


def name_of(call: Mapping[str, Any]) -> str:
    """Return the name of the tool that a tool call, or a tool's declaration, speaks of."""
    function = call.get("function") or call.get("custom") or {}
    return str(function.get("name") or "")


def functions(fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give the tools that are functions, each with its `cache_control`; raise Unexpressible for tools of other types."""
    for position, tool in enumerate(fields.get("tools") or ()):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict):
            kind = tool.get("type") if isinstance(tool, dict) else tool
            raise Unexpressible(f"A tool of the type {str(kind)[:50]} cannot be passed on to this model.", field=f"tools[{position}].type")
        yield {**function, **({"cache_control": tool["cache_control"]} if tool.get("cache_control") else {})}
    for function in fields.get("functions") or ():
        if isinstance(function, dict):
            yield function


def schema_of(function: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function's parameters as a JSON schema of an object, which several vendors insist on."""
    parameters = function.get("parameters")
    schema = dict(parameters) if isinstance(parameters, dict) else {}
    schema.setdefault("type", "object")
    if schema["type"] == "object":
        schema.setdefault("properties", {})
    return schema


def _objects(listed: object) -> list[dict[str, Any]]:
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


class ToolNames:
    """Names of tools as a vendor allows them, and back: a name that does not fit is shortened and marked by a digest."""

    def __init__(self, fields: Mapping[str, Any], *, allowed: str = r"[^a-zA-Z0-9_-]", limit: int = 64) -> None:
        self._allowed = re.compile(allowed)
        self._limit = limit
        names = [name_of(tool) for tool in _objects(fields.get("tools"))]
        names += [str(one.get("name") or "") for one in _objects(fields.get("functions"))]
        self._back = {self.sent(name): name for name in names}

    def sent(self, name: str) -> str:
        """Return the name to send."""
        safe = self._allowed.sub("_", name)
        if safe == name and 0 < len(name) <= self._limit:
            return name
        mark = hashlib.sha256(name.encode()).hexdigest()[:8]
        return f"{safe[: self._limit - 9]}_{mark}"

    def read(self, name: str) -> str:
        """Return the client's name for a name that was sent."""
        return self._back.get(name, name)

    def may_go_on(self, name: str) -> bool:
        """Tell whether a name is none of those sent, but the beginning of one."""
        return name not in self._back and any(one.startswith(name) for one in self._back)


def choice_of(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return how tools may be chosen (`auto`, `none`, `required`, `named` or "") and the name of a named one."""
    choice = fields.get("tool_choice") or fields.get("function_call")
    if isinstance(choice, str):
        return choice, ""
    if not isinstance(choice, dict):
        return "", ""
    if choice.get("type") == "allowed_tools":
        return str(_object(choice, "allowed_tools").get("mode") or "auto"), ""
    return "named", name_of(choice) or str(choice.get("name") or "")


def stops_of(fields: Mapping[str, Any]) -> list[str]:
    """Return the stop sequences; blank ones, which vendors refuse, left out."""
    stop = fields.get("stop")
    listed: Sequence[object] = [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else []
    return [one for one in listed if isinstance(one, str) and one.strip()]


def limit_of(fields: Mapping[str, Any]) -> int | None:
    """Return the limit of output tokens."""
    found = fields.get("max_completion_tokens")
    found = fields.get("max_tokens") if found is None else found
    return found if isinstance(found, int) else None


def schema_asked(fields: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the kind of answer asked for (`text`, `json_object`, `json_schema`) and its schema object."""
    asked = fields.get("response_format")
    if not isinstance(asked, dict):
        return "text", {}
    kind = str(asked.get("type") or "text")
    return kind, _object(asked, "json_schema")


def refuse_many(fields: Mapping[str, Any]) -> None:
    """Raise Unexpressible where several answers are asked for at once."""
    if (fields.get("n") or 1) != 1:
        raise Unexpressible("This model gives one answer at a time: n must be 1.", field="n")


def short_user(fields: Mapping[str, Any]) -> str:
    """Return a digest that stands for the client's own user; empty where it named none."""
    user = fields.get("safety_identifier") or fields.get("user")
    return hashlib.sha256(user.encode()).hexdigest()[:32] if isinstance(user, str) and user else ""
