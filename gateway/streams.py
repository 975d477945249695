"""The response of a streamed call, and the headers that keep proxies from holding it back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, Protocol

from django.http import StreamingHttpResponse
from django.http.response import ResponseHeaders
from django.utils.functional import cached_property

from channels_app.faces import EVENT_STREAM
from gateway.answers import named

if TYPE_CHECKING:
    from gateway.requests import LeanRequest


class Rest(Protocol):
    """What follows the first bytes of a stream, where it `is_over` not yet."""

    @property
    def is_over(self) -> bool:
        """Tell whether the last bytes have been given out."""

    async def next(self) -> bytes:
        """Return the next bytes."""

    async def leave(self) -> None:
        """Say that nobody takes what follows."""


class EventStream(StreamingHttpResponse):
    """Server-sent events. The relay's door sends `first` and `rest` as they are; Django's own handlers iterate the response."""

    def __init__(self, first: bytes, rest: Rest, *, fields: dict[str, str]) -> None:
        # HttpResponse.__init__ is deliberately not called: see Answer.
        self.fields = fields
        self.first = first
        self.rest = rest
        self.status_code = 200
        self._charset = "utf-8"
        self._reason_phrase = None
        self._handler_class: Any = None
        self._resource_closers: list[Any] = []
        self.closed = False

    @cached_property
    def is_async(self) -> bool:  # type: ignore[override]  # set by Django together with the iterator
        return True

    @cached_property
    def _iterator(self) -> AsyncIterator[bytes]:
        return _chain(self.first, self.rest)

    @cached_property
    def headers(self) -> ResponseHeaders:  # type: ignore[override]  # django-stubs know an instance attribute
        return ResponseHeaders(self.fields)

    @cached_property
    def cookies(self) -> SimpleCookie:  # type: ignore[override]
        return SimpleCookie()


def headers(request: LeanRequest, content_type: str = EVENT_STREAM) -> dict[str, str]:
    """Return a stream's headers: complete, because a heartbeat may have to send them first."""
    return {
        "content-type": content_type,
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
        **named(request.name),
        **(dict(request.seat.headers()) if request.seat is not None else {}),
    }


async def _chain(first: bytes, rest: Rest) -> AsyncIterator[bytes]:
    try:
        yield first
        while not rest.is_over:
            yield await rest.next()
    finally:
        await rest.leave()
