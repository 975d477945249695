"""The relay's door: a lean ASGI application that drives the DRF views without Django's own handler.

It reads the body, makes a light HttpRequest, finds the view in a plain table, and answers CORS, unknown addresses and
oversized bodies itself: before authentication, in the API's envelope, never in HTML.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from foundation import ids
from foundation.rounds import Rounds
from gateway import bodies, uploads
from gateway.answers import Answer, Refusal, named
from gateway.errors import RelayError
from gateway.link import ROUND_SECONDS, Headers, Link, Receive, Send
from gateway.requests import RelayRequest, dialect_of
from gateway.streams import EventStream

Route = tuple[type[Any], dict[str, Any]]
Resolve = Callable[[str], Route | None]

_SLASHES = re.compile("//+")
# Addresses whose view is remembered; clients can ask for any.
_REMEMBERED = 256
_VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


class RelayHandler:
    """Answer everything below the relay's paths. `resolve` maps a clean path to a view class and its arguments; large forms lie
    in `upload_folder` while they are read."""

    def __init__(self, *, resolve: Resolve, body_limit: int, upload_folder: Path | None = None) -> None:
        self._resolve = functools.lru_cache(_REMEMBERED)(resolve)
        self._body_limit = body_limit
        self._rounds = Rounds(every_seconds=ROUND_SECONDS)
        self._upload_folder = upload_folder

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        link = Link(receive, send, self._rounds)
        try:
            await self._answer(scope, receive, link)
        except bodies.ClientGone:
            return
        finally:
            link.close()

    async def _answer(self, scope: Mapping[str, Any], receive: Receive, link: Link) -> None:
        method = scope["method"]
        if method == "OPTIONS":
            return await _preflight(scope, link)
        path = clean(scope["path"])
        if path == "/":
            return await _plain(link, 200, b"", {"content-length": "0"})
        route = self._resolve(path)
        if route is None:
            return await _refuse(RelayRequest(scope, path, link), RelayError("unknown_url", f"There is nothing at {method} {path[:200]}."))
        view, arguments = route
        request = RelayRequest(scope, path, link)
        try:
            if method == "POST" and (error := await self._receive(receive, request, takes_forms=view.takes_forms)) is not None:
                return await _refuse(request, error)
            link.watch()
            return await _respond(link, await view().dispatch(request, **arguments))
        finally:
            if request.upload is not None:
                request.upload.close()

    async def _receive(self, receive: Receive, request: RelayRequest, *, takes_forms: bool) -> RelayError | None:
        """Give the request its body; return the refusal of one that cannot be taken."""
        try:
            if takes_forms and uploads.is_form(request.wire):
                request.upload = await uploads.read(receive, request.wire, limit=self._body_limit, folder=self._upload_folder)
            else:
                request.set_body(await bodies.read(receive, request.wire, limit=self._body_limit, whole=request.link.take_body()))
        except bodies.BodyTooLarge:
            return RelayError("request_too_large", f"The limit is {self._body_limit} bytes.")
        except bodies.BodyUnreadable:
            return RelayError("unsupported_field", "The body's encoding is broken.", param="content-encoding")
        except uploads.FormUnreadable:
            return RelayError("invalid_form")
        return None


@functools.lru_cache(_REMEMBERED)
def clean(path: str) -> str:
    """Collapse doubled slashes and drop a trailing one: clients join base URLs carelessly, and a redirect would lose the body."""
    if "//" in path:
        path = _SLASHES.sub("/", path)
    return path[:-1] if path.endswith("/") and len(path) > 1 else path


async def _respond(link: Link, response: Answer | EventStream) -> None:
    if isinstance(response, EventStream):
        piece, rest = response.first, response.rest
        try:
            await link.start(response.status_code, response.fields)
            while not rest.is_over:
                if piece and not link.is_gone:
                    await link.write(piece, more=True)
                piece = await rest.next()
        except BaseException:
            await rest.leave()
            raise
        await link.write(b"" if link.is_gone else piece, more=False)
    elif link.is_started:  # a heartbeat has begun a stream: an error can only follow inside it
        refusal = response if isinstance(response, Refusal) else Refusal(RelayError("internal_error"), dialect="openai")
        await link.write(refusal.frames(), more=False)
    else:
        await _plain(link, response.status_code, response.body, response.fields)


async def _plain(link: Link, status: int, body: bytes, headers: Headers) -> None:
    await link.start(status, headers)
    await link.write(body, more=False)


async def _refuse(request: RelayRequest, error: RelayError) -> None:
    identifier = str(ids.uuid7())
    refusal = Refusal(error, dialect=dialect_of(request), request_id=identifier)
    refusal.fields.update(named(identifier))
    await _respond(request.link, refusal)


async def _preflight(scope: Mapping[str, Any], link: Link) -> None:
    """Allow what is asked for: fixed lists of headers rot, and `*` does not cover Authorization."""
    asked: dict[bytes, bytes] = dict(scope["headers"])
    method = asked.get(b"access-control-request-method", b"GET, POST").decode("latin-1")
    headers = {"access-control-allow-methods": f"{method}, OPTIONS", "access-control-max-age": "86400", "vary": _VARY}
    if wanted := asked.get(b"access-control-request-headers"):
        headers["access-control-allow-headers"] = wanted.decode("latin-1")
    await _plain(link, 204, b"", headers)
