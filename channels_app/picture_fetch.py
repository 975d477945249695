"""Fetch the pictures behind URLs where a vendor needs their bytes: through the address guard, bounded, once per call.

Raises PictureRefused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from channels_app.pictures import Picture, PictureRefused, kind_of, of_data_url
from foundation import outbound

MOST_BYTES = 20 * 1024 * 1024
_SECONDS = 15.0
_AT_ONCE = 4
_MOST_REDIRECTS = 3


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
