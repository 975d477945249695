"""The response of a call answered in one piece: Django's HttpResponse without its per-header work (17 → 2 µs)."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

from django.http import HttpResponse
from django.http.response import ResponseHeaders
from django.utils.functional import cached_property

from channels_app import registry
from gateway.errors import RelayError

# The headers that name a call: ours, one-api's, and the one that Anthropic's clients read.
_NAMES = ("x-request-id", "x-oneapi-request-id", "request-id")


def named(identifier: str) -> dict[str, str]:
    """Return the headers that tell a client the id of its call."""
    return dict.fromkeys(_NAMES, identifier)


class Answer(HttpResponse):
    """A complete JSON body. `fields` are its headers: names in lower case, values of ours and so known to be ASCII.

    The relay's door reads `fields` and `body`; for Django's own handlers the usual `headers` are made from them on demand.
    """

    def __init__(self, body: bytes, *, status: int = 200, fields: dict[str, str] | None = None) -> None:
        # HttpResponse.__init__ is deliberately not called.
        self.fields = {"content-type": "application/json", "content-length": str(len(body)), **(fields or {})}
        self.body = body
        self.status_code = status
        self._container = [body]
        self._charset = "utf-8"
        self._reason_phrase = None
        self._handler_class: Any = None
        self._resource_closers: list[Any] = []
        self.closed = False

    @cached_property
    def headers(self) -> ResponseHeaders:  # type: ignore[override]  # django-stubs know an instance attribute
        return ResponseHeaders(self.fields)

    @cached_property
    def cookies(self) -> SimpleCookie:  # type: ignore[override]
        return SimpleCookie()


class Refusal(Answer):
    """An error as a response in the client's protocol; the door sends `frames` when a stream has already begun."""

    def __init__(self, error: RelayError, *, dialect: str, request_id: str = "", form: str = "") -> None:
        problem, client = error.problem(request_id), registry.client(dialect)
        super().__init__(client.problem(problem), status=client.status(problem), fields=error.headers())
        self.error = error
        self._dialect = dialect
        self._request_id = request_id
        self._form = form

    def frames(self) -> bytes:
        """Return the error as the end of a stream that only heartbeats have begun."""
        return self.error.frames(self._dialect, request_id=self._request_id, form=self._form, has_begun=False)
