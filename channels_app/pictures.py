"""Pictures in a call: what kind they really are, and how large. Pure.

PictureRefused    it cannot be had: the message says why, without what the other side answered
"""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import dataclass

import imagesize

# By their first bytes: clients and servers mislabel them, and vendors refuse a wrong label.
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)


class PictureRefused(Exception):
    """This picture cannot be had."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's bytes and what kind they really are."""

    mime: str
    data: bytes

    @property
    def base64(self) -> str:
        return base64.b64encode(self.data).decode()

    @property
    def data_url(self) -> str:
        return f"data:{self.mime};base64,{self.base64}"


def of_data_url(url: str) -> Picture:
    """Return the picture in a data URL; raise PictureRefused."""
    head, _, text = url.partition(",")
    try:
        data = base64.b64decode(text, validate=False) if head.endswith(";base64") else b""
    except binascii.Error:
        data = b""
    mime = kind_of(data)
    if mime is None:
        raise PictureRefused("the data URL holds no picture of a known kind")
    return Picture(mime, data)


def kind_of(data: bytes) -> str | None:
    """Return the media type told by the first bytes; None for what vendors do not read (SVG, HTML)."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((mime for magic, mime in _MAGIC if data.startswith(magic)), None)


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels, or None when the head does not tell."""
    try:
        width, height = imagesize.get(io.BytesIO(data))
    except (ValueError, OSError, IndexError, OverflowError):
        return None
    return (int(width), int(height)) if width > 0 and height > 0 else None
