"""Read a multipart body as it arrives: what is larger than 1 MiB goes to disk, and never more than the limit is kept.

FormUnreadable    no boundary, broken parts, or cut off: the client is told
UploadTooLarge    more bytes than allowed
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from channels_app.forms import Form, Part, Store
from gateway.bodies import BodyTooLarge, ClientGone
from gateway.link import Receive

_FORM = b"multipart/form-data"
_IN_THREAD_BYTES = 256 * 1024
_MOST_PARTS = 1000


class FormUnreadable(Exception):
    """The body is no complete form."""


def is_form(headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a request's body says it is a multipart form."""
    return headers.get(b"content-type", b"").lstrip().lower().startswith(_FORM)


async def read(receive: Receive, headers: Mapping[bytes, bytes], *, limit: int, folder: Path | None) -> Form:
    """Return the form; its files lie in `folder` where they are large. The caller closes it.

    Raise FormUnreadable, BodyTooLarge or ClientGone; nothing is kept then.
    """
    _, options = parse_options_header(headers.get(b"content-type", b""))
    boundary = options.get(b"boundary", b"")
    if not boundary or headers.get(b"content-encoding", b"identity").lower() not in {b"", b"identity"}:
        raise FormUnreadable("no boundary, or a packed form")
    store = Store(folder)
    try:
        reader = _Reader(boundary, store)
        await _receive(receive, reader, limit)
        return Form(parts=reader.end(), store=store, boundary=f"keyosk-{secrets.token_hex(16)}")
    except FormParserError as error:
        store.close()
        raise FormUnreadable(str(error)) from None
    except BaseException:
        store.close()
        raise


async def _receive(receive: Receive, reader: _Reader, limit: int) -> None:
    """Feed the parts of the body; what is too much is still read (within reason): many clients only listen after sending."""
    size, waiting, more = 0, bytearray(), True
    while more and size <= 4 * limit:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        more = bool(message.get("more_body"))
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            waiting.clear()
            continue
        waiting += part
        if len(waiting) >= _IN_THREAD_BYTES:  # a disk may be slow: not on the event loop
            await asyncio.to_thread(reader.feed, bytes(waiting))
            waiting.clear()
    if size > limit:
        raise BodyTooLarge
    reader.feed(bytes(waiting))


class _Reader:
    """Turns the bytes of a form into parts."""

    def __init__(self, boundary: bytes, store: Store) -> None:
        self._store = store
        self._parts: list[Part] = []
        self._headers: dict[str, bytes] = {}
        self._name = bytearray()
        self._value = bytearray()
        self._start = 0
        self._is_complete = False
        calls: Any = {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._complete,
        }
        self._parser = MultipartParser(boundary, calls)

    def feed(self, data: bytes) -> None:
        """Take bytes; raise FormParserError."""
        if data:
            self._parser.write(data)

    def end(self) -> tuple[Part, ...]:
        """Return the parts; raise FormUnreadable when the last boundary has not come."""
        if not self._is_complete:
            raise FormUnreadable("the form is cut off")
        return tuple(self._parts)

    def _begin(self) -> None:
        if len(self._parts) >= _MOST_PARTS:
            raise FormUnreadable(f"a form has at most {_MOST_PARTS} parts")
        self._headers = {}
        self._start = self._store.size

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._store.write(data[start:end])

    def _end(self) -> None:
        kind, options = parse_options_header(self._headers.get("content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise FormUnreadable("a part without a name")
        filename = options.get(b"filename")
        content_type = self._headers.get("content-type")
        self._parts.append(
            Part(
                name=options[b"name"].decode(errors="replace"),
                filename=filename.decode(errors="replace") if filename is not None else None,
                content_type=content_type.decode("latin-1") if content_type is not None else None,
                start=self._start,
                size=self._store.size - self._start,
            )
        )

    def _complete(self) -> None:
        self._is_complete = True
