"""The base of all relay views: DRF's own steps in DRF's own order, awaited, with everything stateless made once."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Sequence
from typing import Any, ClassVar

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from gateway import process
from gateway.answers import Answer, Refusal, named
from gateway.authentication import KeyAuthentication, KeyMayCall
from gateway.errors import RelayError
from gateway.requests import LeanRequest, dialect_of
from gateway.streams import EventStream
from gateway.throttling import RateThrottle
from gateway.views.schema import RelaySchema

log = logging.getLogger("keyosk.relay")


class IgnoreAccept(BaseContentNegotiation):
    """Answer in the one form there is, whatever Accept says: `Accept: text/event-stream` must not be a 406."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return None

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class RelayView(APIView):
    """A view of the relay. What it needs is stateless and made once per class."""

    authentication_classes = (KeyAuthentication,)
    permission_classes = (KeyMayCall,)
    throttle_classes = (RateThrottle,)
    renderer_classes = (JSONRenderer,)
    parser_classes: tuple[type[Any], ...] = ()
    content_negotiation_class = IgnoreAccept
    versioning_class = None
    schema = RelaySchema()
    media_types: ClassVar[tuple[str, ...]] = ()  # of its answers, beside JSON
    takes_forms: ClassVar[bool] = False  # multipart bodies come as `upload`, on disk where they are large
    http_method_names = ["get", "post", "head"]  # noqa: RUF012  # DRF's own attribute

    _answers: ClassVar[frozenset[str]] = frozenset()
    shared_authenticators: ClassVar[Sequence[Any]] = ()
    shared_permissions: ClassVar[Sequence[BasePermission]] = ()
    shared_throttles: ClassVar[list[BaseThrottle]] = []
    shared_parsers: ClassVar[Sequence[Any]] = ()
    shared_negotiator: ClassVar[Any] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        methods = {method.upper() for method in ("get", "post") if hasattr(cls, method)}
        cls._answers = frozenset(methods | {"HEAD"} if "GET" in methods else methods)
        cls.shared_authenticators = tuple(make() for make in cls.authentication_classes)
        cls.shared_permissions = tuple(make() for make in cls.permission_classes)
        cls.shared_throttles = [make() for make in cls.throttle_classes]
        cls.shared_parsers = tuple(make() for make in cls.parser_classes)
        cls.shared_negotiator = cls.content_negotiation_class()

    async def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Answer | EventStream:  # type: ignore[override]  # DRF's is sync
        self.request = lean = LeanRequest(request, self)
        try:
            handler = getattr(self, "get" if request.method == "HEAD" else (request.method or "").lower(), None)
            if handler is None or request.method not in self._answers:
                raise RelayError("method_not_allowed", headers={"allow": ", ".join(sorted(self._answers))})
            await self.prepare(lean)
            self.perform_authentication(lean)
            for permission in self.shared_permissions:
                permission.has_permission(lean, self)
            for throttle in self.shared_throttles:
                throttle.allow_request(lean, self)
            response: Answer | EventStream = await handler(lean, *args, **kwargs)
        except Exception as error:  # DRF's own contract: every failure becomes a response
            response = self.handle_exception(error)
        if not isinstance(response, EventStream):  # its head is complete, and its place is given back when it ends
            if lean.seat is not None:
                lean.seat.leave()
            identify(response, lean)
        return response

    def prepare(self, request: LeanRequest) -> Awaitable[None]:
        """Return what waits for all that is not in process memory yet; everything after is synchronous and free of I/O."""
        return process.current().recogniser.prepare(request)

    def perform_authentication(self, request: LeanRequest) -> None:  # type: ignore[override]
        for authenticator in self.shared_authenticators:
            found = authenticator.authenticate(request)
            if found is not None:
                request._authenticator = authenticator
                request.user, request.auth = found
                return
        raise RelayError("missing_api_key")

    def handle_exception(self, exc: Exception) -> Refusal:  # type: ignore[override]
        """Answer a failure in the dialect's envelope."""
        if isinstance(exc, exceptions.MethodNotAllowed):
            exc = RelayError("method_not_allowed")
        if isinstance(exc, (OperationalError, InterfaceError)):
            log.warning("the database does not answer: %s", exc)
            exc = RelayError("settlement_backlog")
        if not isinstance(exc, RelayError):
            log.error("relay call failed", exc_info=exc, extra={"path": getattr(self.request, "path", "")})
            exc = RelayError("internal_error")
        request = self.request
        known = request if isinstance(request, LeanRequest) else None
        asked = known._request if known is not None else request
        return Refusal(
            exc,
            dialect=dialect_of(asked),
            request_id=str(known.id) if known is not None else "",
            form=known.form if known is not None else "",
        )


def identify(response: Answer, request: LeanRequest) -> None:
    """Name the call (the usage row's id), and tell the client what is left of its limits."""
    fields = response.fields
    fields.update(named(request.name))
    if request.seat is not None:
        fields.update(request.seat.headers())
