"""Count what a chat call put in and what its answer says, where the vendor is silent: texts, tools, pictures and sounds. Blocking. Pure.

Works on the client's own fields and frames, whatever protocol they are in: what is text in a request and in an answer goes by
the same few names everywhere. Sources of the tokens of pictures: https://platform.openai.com/docs/guides/images-vision,
https://docs.anthropic.com/en/docs/build-with-claude/vision, https://ai.google.dev/gemini-api/docs/tokens.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from channels_app import pictures, sound, tokenizer
from channels_app.contract import Call, Usage

# A message's frame (its role and its borders), and the beginning of the answer, in OpenAI's models.
_MESSAGE, _ANSWER = 3, 3
_ASKED = ("messages", "system", "contents", "systemInstruction", "system_instruction", "input", "instructions", "prompt")
_TOOLS = ("tools", "functions", "response_format", "output_config", "text")
_LISTS_OF_MESSAGES = ("messages", "contents", "input")
_NO_TEXT = frozenset(
    {
        "role", "type", "id", "call_id", "tool_call_id", "tool_use_id", "media_type", "mimeType", "mime_type", "detail", "format",
        "signature", "thoughtSignature", "encrypted_content", "cache_control", "status", "url", "fileUri",
    }
)  # fmt: skip
_SAID = frozenset(
    {
        "content", "text", "reasoning_content", "reasoning", "refusal", "arguments", "name", "thinking", "partial_json", "delta",
        "transcript", "args",
    }
)  # fmt: skip
# A picture nobody can measure (a URL) is taken for one of a megapixel; documents for so many bytes a token.
_MEGAPIXEL = (1024, 1024)
_BYTES_PER_DOCUMENT_TOKEN = 40
# OpenAI hears ten tokens a second, Gemini thirty-two.
_HEARD, _HEARD_BY_GEMINI = 10, 32


@dataclass(slots=True)
class _Found:
    """What lies in a request."""

    texts: list[str] = field(default_factory=list)
    pictures: list[tuple[tuple[int, int], bool]] = field(default_factory=list)  # size, whether a glance is enough
    sound_seconds: int = 0
    document_bytes: int = 0


def of_input(call: Call) -> Usage:
    """Return the tokens of a call's input: text and pictures in `input`, sound in `audio_input`."""
    fields, found, frames = call.fields, _Found(), _ANSWER
    for name in _ASKED:
        if name in fields:
            _walk(fields[name], found)
            value = fields[name]
            frames += _MESSAGE * (len(value) if name in _LISTS_OF_MESSAGES and isinstance(value, list) else 1)
    for name in _TOOLS:
        if fields.get(name):
            found.texts.append(orjson.dumps(fields[name]).decode())
    text = sum(tokenizer.count(one, model=call.model) for one in found.texts)
    seen = sum(picture_tokens(size, model=call.model, is_glance=is_glance) for size, is_glance in found.pictures)
    heard = found.sound_seconds * (_HEARD_BY_GEMINI if "gemini" in call.model else _HEARD)
    documents = found.document_bytes // _BYTES_PER_DOCUMENT_TOKEN
    return Usage(input=text + seen + documents + frames, audio_input=heard, source="counted")


def of_output(said: bytes, *, model: str, delivered: int) -> int:
    """Return the tokens of an answer: `said` is its body, or the beginning of its stream, `delivered` the bytes of all its text.

    What lies beyond the beginning counts by the tokens a byte of it has.
    """
    text = "".join(_said(said))
    counted = tokenizer.count(text, model=model)
    size = len(text.encode("utf-8", "surrogatepass"))
    return math.ceil(counted * delivered / size) if 0 < size < delivered else counted


def picture_tokens(size: tuple[int, int], *, model: str, is_glance: bool = False) -> int:
    """Return what a picture of so many pixels costs: by area at Anthropic, by tiles at Google, by tiles of 512 at OpenAI."""
    width, height = size
    if "claude" in model:
        scale = min(1.0, 1568 / max(width, height))
        return min(1600, math.ceil(width * scale * height * scale / 750))
    if "gemini" in model:
        if max(width, height) <= 384:
            return 258
        return 258 * math.ceil(width / 768) * math.ceil(height / 768)
    if is_glance:
        return 85
    scale = min(1.0, 2048 / max(width, height))
    scale = min(scale, 768 / min(width, height)) if min(width, height) * scale > 768 else scale
    return 85 + 170 * math.ceil(width * scale / 512) * math.ceil(height * scale / 512)


def _walk(value: Any, found: _Found) -> None:
    """Collect texts, pictures, sounds and documents of a part of a request."""
    if isinstance(value, str):
        found.texts.append(value)
    elif isinstance(value, list):
        for one in value:
            _walk(one, found)
    elif isinstance(value, Mapping) and not _is_medium(value, found):
        for name, one in value.items():
            if name not in _NO_TEXT:
                _walk(one, found)


def _is_medium(value: Mapping[str, Any], found: _Found) -> bool:
    """Note a picture, a sound or a document in any protocol; tell whether it was one."""
    heard = value.get("input_audio")
    if isinstance(heard, Mapping):
        _note(_bytes(heard.get("data")), "audio/", found)
        return True
    linked = value.get("image_url")
    if linked is not None:
        url = linked.get("url") if isinstance(linked, Mapping) else linked
        detail = linked.get("detail") if isinstance(linked, Mapping) else value.get("detail")
        _note_url(url, found, is_glance=detail == "low")
        return True
    file = value.get("file")
    if isinstance(file, Mapping):
        _note_url(file.get("file_data"), found, is_glance=False)
        return True
    inline = value.get("inlineData") or value.get("inline_data") or value.get("source")
    if isinstance(inline, Mapping) and "data" in inline:
        mime = inline.get("mimeType") or inline.get("mime_type") or inline.get("media_type") or ""
        _note(_bytes(inline["data"]), str(mime), found)
        return True
    return False


def _note_url(url: object, found: _Found, *, is_glance: bool) -> None:
    if not isinstance(url, str) or not url.startswith("data:"):
        found.pictures.append((_MEGAPIXEL, is_glance))
        return
    head, _, text = url.partition(",")
    _note(_bytes(text), head.removeprefix("data:"), found, is_glance=is_glance)


def _note(data: bytes, mime: str, found: _Found, *, is_glance: bool = False) -> None:
    if mime.startswith("audio/"):
        found.sound_seconds += sound.seconds(io.BytesIO(data), size=len(data)) or sound.usual_seconds(len(data))
    elif (pictures.kind_of(data) or "").startswith("image/"):
        found.pictures.append((pictures.size_of(data) or _MEGAPIXEL, is_glance))
    else:
        found.document_bytes += len(data)


def _bytes(text: object) -> bytes:
    try:
        return base64.b64decode(text) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _said(data: bytes) -> Iterator[str]:
    """Yield the texts of an answer's body or of the complete events at the beginning of a stream."""
    lines = [line[5:] for line in data.split(b"\n") if line.startswith(b"data:")] if data[:1] not in b"{[" else [data]
    for line in lines:
        try:
            payload = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        # The Responses protocol says everything again when it is complete.
        if isinstance(payload, dict) and str(payload.get("type", "")).startswith("response.") and not payload["type"].endswith(".delta"):
            continue
        yield from _texts(payload)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name == "args" or (name == "input" and isinstance(one, dict)):
                yield orjson.dumps(one).decode()
            elif isinstance(one, str):
                if name in _SAID:
                    yield one
            else:
                yield from _texts(one)
