"""Read a request's body: never more than the limit, packed or not.

BodyTooLarge      more bytes than allowed, on the wire or unpacked
BodyUnreadable    an unknown or broken Content-Encoding
ClientGone        the client hung up before it had sent everything
"""

from __future__ import annotations

import asyncio
import functools
import zlib
from collections.abc import Mapping

import brotli

from gateway.link import Receive

_UNPACK_IN_THREAD_BYTES = 256 * 1024
_PACKED = {b"gzip": 31, b"x-gzip": 31, b"deflate": 47}


class BodyTooLarge(Exception):
    """The body exceeds the limit."""


class BodyUnreadable(Exception):
    """The body's encoding is unknown or broken."""


class ClientGone(Exception):
    """The client hung up."""


async def read(receive: Receive, headers: Mapping[bytes, bytes], *, limit: int, whole: bytes | None = None) -> bytes:
    """Return the whole body, unpacked; `whole` are its bytes on the wire where they need not be received."""
    body = await _read_wire(receive, headers, limit) if whole is None else whole
    if len(body) > limit:
        raise BodyTooLarge
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding in {b"", b"identity"}:
        return body
    if encoding == b"br":
        unpack = functools.partial(_unpack_brotli, body, limit)
    elif encoding in _PACKED:
        unpack = functools.partial(_unpack, body, _PACKED[encoding], limit)
    else:
        raise BodyUnreadable(encoding.decode("latin-1"))
    return unpack() if len(body) < _UNPACK_IN_THREAD_BYTES else await asyncio.to_thread(unpack)


async def _read_wire(receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes:
    length = headers.get(b"content-length", b"")
    announced = int(length) if length.isdigit() else 0
    if announced > limit and b"expect" in headers:
        raise BodyTooLarge  # the client waits for our word before it sends
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        first: bytes = message.get("body", b"")
        return first
    return await _read_rest(receive, message.get("body", b""), message["type"], limit)


async def _read_rest(receive: Receive, first: bytes, kind: str, limit: int) -> bytes:
    """Collect the parts; what is too much is still read (within reason), because many clients only listen after sending."""
    parts, size, more = [first], len(first), True
    while more and kind == "http.request" and size <= 4 * limit:
        message = await receive()
        kind = message["type"]
        part: bytes = message.get("body", b"")
        size += len(part)
        more = bool(message.get("more_body"))
        if size <= limit:
            parts.append(part)
        else:
            parts.clear()
    if kind != "http.request":
        raise ClientGone
    if size > limit:
        raise BodyTooLarge
    return b"".join(parts)


def _unpack(body: bytes, window: int, limit: int) -> bytes:
    unpacker = zlib.decompressobj(window)
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error:
        if window != _PACKED[b"deflate"]:
            raise BodyUnreadable("broken") from None
        return _unpack_raw(body, limit)
    return _checked(plain, complete=unpacker.eof, limit=limit)


def _unpack_raw(body: bytes, limit: int) -> bytes:
    """Read `deflate` as the raw stream that some clients send under this name."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error:
        raise BodyUnreadable("broken") from None
    return _checked(plain, complete=unpacker.eof, limit=limit)


def _unpack_brotli(body: bytes, limit: int) -> bytes:
    """Read Brotli; a small body that would grow without end is stopped a little above the limit."""
    unpacker = brotli.Decompressor()
    try:
        plain: bytes = unpacker.process(body, output_buffer_limit=limit + 1)
        while len(plain) <= limit and not unpacker.can_accept_more_data():
            plain += unpacker.process(b"", output_buffer_limit=limit + 1 - len(plain))
    except brotli.error:
        raise BodyUnreadable("broken") from None
    return _checked(plain, complete=unpacker.is_finished(), limit=limit)


def _checked(plain: bytes, *, complete: bool, limit: int) -> bytes:
    if len(plain) > limit:
        raise BodyTooLarge
    if not complete:
        raise BodyUnreadable("cut off")
    return plain
