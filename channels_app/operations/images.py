"""POST /images/generations, /images/edits, /images/variations: billed by the image (size and quality), or by tokens.

Source: https://platform.openai.com/docs/api-reference/images. What is billed is what came: as many images as the answer holds, of
the size and quality it tells, else of the size their first bytes tell. `image:<size>:<quality>` is the name of the unit.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

from channels_app import pictures
from channels_app.chat_usage import read_usage
from channels_app.contract import Answer, Call, Failure, UpstreamHead, Usage
from channels_app.operations.base import BadCall, Bound, Operation, held_tokens, loaded, nothing, whole_number
from channels_app.operations.passage import EventPassage

_MOST_IMAGES = 10
_NAME = re.compile(r"[\w.-]{1,40}", re.ASCII)
_UNTOLD = "auto"
_SIZES = ("1024x1024", "1536x1024", "1024x1536", "1792x1024", "1024x1792", "512x512", "256x256")
_QUALITIES = ("standard", "hd", "low", "medium", "high")
# The dearest image of gpt-image-1 (1536x1024, high) has 6,240 tokens, a partial one 100; a picture put in at most some 6,300.
_TOKENS_OUT, _TOKENS_PARTIAL, _TOKENS_IN = 6_240, 100, 6_300
# So much base64 holds the head of any picture that tells its size.
_HEAD_LETTERS = 64 * 1024


class Images(Operation):
    name = "images"
    path = "/images/generations"
    event = "image_generation"
    default_model = "dall-e-2"
    needs_prompt = True
    streams = True
    is_either = True

    def understand(self, call: Call) -> Call:
        fields = call.fields
        if self.needs_prompt and not isinstance(fields.get("prompt"), str):
            raise BadCall("prompt must be a text.", field="prompt")
        for name in ("size", "quality"):
            if fields.get(name) is not None and not (isinstance(fields[name], str) and _NAME.fullmatch(fields[name])):
                raise BadCall(f"{name} must be a name, such as 1024x1024 or high.", field=name)
        whole_number(fields, "n", default=1, most=_MOST_IMAGES)
        return call

    def fixed(self, call: Call, upstream_model: str) -> dict[str, str]:
        names = ("n", "size", "quality", "stream", "partial_images")
        return {"model": upstream_model, **{name: str(call.fields[name]) for name in names if name in call.fields}}

    def bound(self, call: Call) -> Bound:
        number = whole_number(call.fields, "n", default=1, most=_MOST_IMAGES)
        partial = whole_number(call.fields, "partial_images", default=1, most=_MOST_IMAGES)
        put_in = len(_put_in(call)) * _TOKENS_IN
        tokens = {
            "input": held_tokens(str(call.fields.get("prompt", ""))),
            "image_input": put_in,
            "image_output": number * (_TOKENS_OUT + partial * _TOKENS_PARTIAL),
        }
        size, quality = _asked(call, "size"), _asked(call, "quality")
        sizes = [size] if size != _UNTOLD else [*_SIZES, _UNTOLD]
        qualities = [quality] if quality != _UNTOLD else [*_QUALITIES, _UNTOLD]
        names = tuple(f"image:{one}:{other}" for one in sizes for other in qualities)
        return Bound({name: tokens for name, tokens in tokens.items() if tokens}, ((names, number),))

    def silent(self, call: Call) -> Usage:
        number = whole_number(call.fields, "n", default=1, most=_MOST_IMAGES)
        return Usage(units=((_unit(_asked(call, "size"), _asked(call, "quality")), number),), source="counted")

    def read(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        payload = loaded(body)
        if isinstance(payload, Failure):
            return Answer(failure=payload)
        data = payload.get("data")
        if not isinstance(data, list) or not any(_is_image(one) for one in data):
            return nothing(payload)
        return Answer(body=body, usage=_usage(call, payload, data), delivered=len(data))

    def reader(self, call: Call, head: UpstreamHead) -> EventPassage:
        return EventPassage(last=(f"{self.event}.completed",), usage=lambda events: _of_events(call, events))


class ImageEdits(Images):
    name = "image_edits"
    path = "/images/edits"
    event = "image_edit"

    def understand(self, call: Call) -> Call:
        call = super().understand(call)
        if not _put_in(call):
            raise BadCall("image must be a picture.", field="image")
        return call


class ImageVariations(ImageEdits):
    name = "image_variations"
    path = "/images/variations"
    needs_prompt = False


def _put_in(call: Call) -> Sequence[Any]:
    """Return the pictures a call brings along."""
    if call.upload is not None:
        return call.upload.files("image", "image[]", "mask")
    given = call.fields.get("image", call.fields.get("images"))
    return given if isinstance(given, list) else [given] if given else []


def _asked(call: Call, name: str) -> str:
    return str(call.fields.get(name) or _UNTOLD)


def _usage(call: Call, payload: Mapping[str, Any], data: Sequence[Any]) -> Usage:
    """Return the images that came, by size and quality, and the tokens where the vendor tells them."""
    units: dict[str, int] = {}
    for image in data:
        if _is_image(image):
            name = _unit(_size(call, payload, image), _told(call, payload, "quality"))
            units[name] = units.get(name, 0) + 1
    return _with_tokens(payload.get("usage"), tuple(units.items()))


def _of_events(call: Call, events: Sequence[Mapping[str, Any]]) -> Usage | None:
    """Return the usage of the images that were completed in a stream: the last event that tells tokens counts for all."""
    units: dict[str, int] = {}
    for event in events:
        name = _unit(_size(call, event, event), _told(call, event, "quality"))
        units[name] = units.get(name, 0) + 1
    raw = next((event["usage"] for event in reversed(events) if event.get("usage")), None)
    return _with_tokens(raw, tuple(units.items())) if units else None


def _with_tokens(raw: object, units: tuple[tuple[str, int], ...]) -> Usage:
    """Return the usage with the tokens of a gpt-image model: what it writes are images, unless it says that some of it is text."""
    told = read_usage(raw)
    if told is None:
        return Usage(units=units)
    details = raw.get("output_tokens_details") if isinstance(raw, dict) else None
    if isinstance(details, dict) and "image_tokens" in details:
        return Usage(
            told.input, told.cache_read, image_input=told.image_input, output=told.output, image_output=told.image_output, units=units
        )
    return Usage(told.input, told.cache_read, image_input=told.image_input, image_output=told.total_output, units=units)


def _told(call: Call, payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if isinstance(value, str) and value != _UNTOLD and _NAME.fullmatch(value):
        return value
    return _asked(call, name)


def _size(call: Call, payload: Mapping[str, Any], image: Mapping[str, Any]) -> str:
    """Return an image's size: the vendor's word, else the client's, else what its first bytes tell."""
    told = _told(call, payload, "size")
    text = image.get("b64_json")
    if told != _UNTOLD or not isinstance(text, str):
        return told
    try:
        found = pictures.size_of(base64.b64decode(text[:_HEAD_LETTERS]))
    except binascii.Error:
        found = None
    return f"{found[0]}x{found[1]}" if found else told


def _unit(size: str, quality: str) -> str:
    return f"image:{size}:{quality}"


def _is_image(one: object) -> bool:
    return isinstance(one, dict) and bool(one.get("url") or one.get("b64_json"))
