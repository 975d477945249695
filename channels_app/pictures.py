"""Pictures in a call: fetched where a vendor needs their bytes, measured where it charges by their size.

What a URL leads to is fetched through the address guard, with limits of size and time, once per call.

PictureRefused    it cannot be had: the message says why, without what the other side answered
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
from collections.abc import Iterable
from dataclasses import dataclass

import imagesize

from foundation import outbound

MOST_BYTES = 20 * 1024 * 1024
_SECONDS = 15.0
_AT_ONCE = 4
_MOST_REDIRECTS = 3
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


async def fetch(urls: Iterable[str], *, allow_private: bool = False) -> dict[str, Picture]:
    """Return the pictures behind these URLs (http, https or data), each fetched once; raise PictureRefused.

    `allow_private` lets addresses inside the own network through: for nobody's URLs but the operator's.
    """
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(url: str) -> Picture:
        async with gate:
            return await _fetch(url, allow_private=allow_private)

    wanted = list(dict.fromkeys(urls))
    return dict(zip(wanted, await asyncio.gather(*map(one, wanted)), strict=True))


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


async def _fetch(url: str, *, allow_private: bool) -> Picture:
    if url.startswith("data:"):
        return of_data_url(url)
    answer = await _answer(url, allow_private=allow_private)
    mime = kind_of(answer.body)
    if mime is None:
        raise PictureRefused("the URL leads to no picture of a known kind")
    return Picture(mime, answer.body)


async def _answer(url: str, *, allow_private: bool) -> outbound.Response:
    """Return what a URL answers; where it leads is checked as it is."""
    for _ in range(_MOST_REDIRECTS + 1):
        try:
            answer = await outbound.request_async(
                "GET", url, headers=[("accept", "image/*")], timeout_seconds=_SECONDS, body_limit=MOST_BYTES, allow_private=allow_private
            )
        except outbound.RefusedAddress:
            raise PictureRefused("the picture's URL leads to an address that may not be fetched") from None
        except outbound.Unreachable:
            raise PictureRefused("the picture cannot be fetched, or is too large") from None
        target = answer.header("location")
        if answer.status not in {301, 302, 303, 307, 308} or not target:
            if answer.status != 200:
                raise PictureRefused(f"the picture's URL answers with status {answer.status}")
            return answer
        url = outbound.joined(url, target)
    raise PictureRefused("the picture's URL redirects too often")
