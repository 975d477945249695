"""The response of a streamed call, and the headers that keep proxies from holding it back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse

if TYPE_CHECKING:
    from gateway.requests import LeanRequest


class EventStream(StreamingHttpResponse):
    """Server-sent events. The relay's door sends `first` and `rest` as they are; Django's own handlers iterate the response."""

    def __init__(self, first: bytes, rest: AsyncIterator[bytes], *, fields: dict[str, str]) -> None:
        self.fields = fields
        self.first = first
        self.rest = rest
        super().__init__(_chain(first, rest), headers=fields)


def headers(request: LeanRequest) -> dict[str, str]:
    """Return a stream's headers: complete, because a heartbeat may have to send them first."""
    identifier = str(request.id)
    return {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
        "x-request-id": identifier,
        "x-oneapi-request-id": identifier,
        **(dict(request.seat.headers()) if request.seat is not None else {}),
    }


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for part in rest:
        yield part
