"""The requests of the lean door: an HttpRequest that builds nothing nobody asks for, and a DRF Request without per-call waste."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property
from rest_framework.request import Empty, Request

from channels_app.forms import Form
from foundation import ids
from gateway import tongues
from gateway.link import Link

if TYPE_CHECKING:
    from accounts.keys import KeyFacts
    from billing.limits import Budget, Rate
    from gateway.throttling import Seat
    from gateway.views.base import RelayView
    from gateway.wordlists import Screen


class RelayRequest(HttpRequest):
    """An HttpRequest whose dictionaries are built when somebody asks: no temp file, no stream, no signal."""

    _encoding = None
    _upload_handlers = ()
    resolver_match = None
    content_params: dict[str, str] = {}  # noqa: RUF012  # read only; django-stubs know an instance attribute

    def __init__(self, scope: Mapping[str, Any], path: str, link: Link) -> None:  # HttpRequest.__init__ is deliberately not called
        self.scope = scope
        self.method = scope["method"]
        self.path = self.path_info = path
        self._body = b""
        self._read_started = True
        self._stream = cast("Any", None)
        self.link = link
        self.upload: Form | None = None
        self.wire: dict[bytes, bytes] = dict(scope["headers"])

    def set_body(self, body: bytes) -> None:
        """Give the request its complete, decompressed body."""
        self._body = body

    @cached_property
    def GET(self) -> QueryDict:  # type: ignore[override]  # django-stubs know a mutable attribute only
        return QueryDict(self.scope["query_string"])

    @cached_property
    def META(self) -> dict[str, Any]:  # type: ignore[override]
        meta = {"REQUEST_METHOD": self.method, "PATH_INFO": self.path, "QUERY_STRING": self.scope["query_string"].decode("latin-1")}
        for name, value in self.scope["headers"]:
            key = name.decode("latin-1").upper().replace("-", "_")
            meta[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value.decode("latin-1")
        peer = self.scope.get("client")
        meta["REMOTE_ADDR"] = peer[0] if peer else ""
        return meta


class LeanRequest(Request):
    """DRF's Request without its per-request lists; `user` and `auth` are plain attributes.

    DRF's properties ask `hasattr(self, "_user")`, and its `__getattr__` proxies to the HttpRequest:
    each miss costs two exceptions per call.
    """

    user: Any = None
    auth: Any = None
    parser_context: Any = None
    accepted_renderer: Any = None
    accepted_media_type: Any = None
    version = None
    versioning_scheme = None
    _authenticator = None
    _data = _files = _full_data = _content_type = Empty
    _stream: Any = Empty

    def __init__(self, request: HttpRequest, view: RelayView) -> None:  # Request.__init__ is deliberately not called
        self._request = request
        self.parsers = view.shared_parsers
        self.authenticators = view.shared_authenticators
        self.negotiator = view.shared_negotiator
        self.id: uuid.UUID = ids.uuid7()
        self.name = str(self.id)
        self.link: Link | None = getattr(request, "link", None)
        self.key: KeyFacts | None = None
        self.budgets: tuple[Budget, ...] = ()
        self.rates: tuple[Rate, ...] = ()
        self.seat: Seat | None = None
        self.screen: Screen | None = None  # of words that its shop does not take
        self.pinned: int | None = None
        self.form = ""  # how a stream of this call is written, where its protocol has several ways

    @property
    def caller(self) -> KeyFacts:
        """Return the authenticated sub-key."""
        if self.key is None:
            raise TypeError("nobody is authenticated yet")
        return self.key


def lean(request: Request) -> LeanRequest:
    """Return DRF's request as what it is behind a relay view; raise TypeError behind any other."""
    if isinstance(request, LeanRequest):
        return request
    raise TypeError("this works behind relay views only")


def header(request: HttpRequest, name: str) -> str:
    """Return a header's value or an empty text; `name` in lower case."""
    return raw_header(request, name.encode()).decode("latin-1")


def raw_header(request: HttpRequest, name: bytes) -> bytes:
    """Return a header's value as it came, or nothing; `name` in lower case."""
    if isinstance(request, RelayRequest):
        return request.wire.get(name, b"")
    return str(request.headers.get(name.decode(), "")).encode("latin-1", "replace")


def dialect_of(request: HttpRequest) -> str:
    """Return the protocol in which this request is answered."""
    return tongues.spoken(request.path, lambda name: header(request, name), str(request.META.get("QUERY_STRING", "")))


def peer_address(request: HttpRequest) -> str:
    """Return the address of the other end of the connection; empty on a Unix socket."""
    if isinstance(request, RelayRequest):
        peer = request.scope.get("client")
        return peer[0] if peer else ""
    return str(request.META.get("REMOTE_ADDR", ""))
