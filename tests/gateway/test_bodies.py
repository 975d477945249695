"""Reading bodies: limits, encodings, clients that leave."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence

import brotli
import pytest

from gateway import bodies
from gateway.link import Message

LIMIT = 1000


class Wire:
    """An ASGI receive that gives these parts."""

    def __init__(self, parts: Sequence[bytes], *, leaves: bool = False) -> None:
        self.left: list[Message] = [
            {"type": "http.request", "body": part, "more_body": leaves or number < len(parts) - 1} for number, part in enumerate(parts)
        ]
        if leaves:
            self.left.append({"type": "http.disconnect"})

    async def __call__(self) -> Message:
        return self.left.pop(0)


async def read(*parts: bytes, **headers: str) -> bytes:
    wired = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return await bodies.read(Wire(parts), wired, limit=LIMIT)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


async def test_parts_are_joined() -> None:
    assert await read(b"a", b"b", b"c") == b"abc"
    assert await read(b"x" * LIMIT) == b"x" * LIMIT


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"hello", mtime=0)),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", raw_deflate(b"hello")),
        ("br", brotli.compress(b"hello")),
        ("identity", b"hello"),
    ],
)
async def test_packed_bodies_are_unpacked(encoding: str, packed: bytes) -> None:
    assert await read(packed, content_encoding=encoding) == b"hello"


@pytest.mark.parametrize("packed", [b"nonsense", brotli.compress(b"hello" * 50)[:-3], brotli.compress(b"")[:0]])
async def test_broken_brotli_is_unreadable(packed: bytes) -> None:
    with pytest.raises(bodies.BodyUnreadable):
        await read(packed, content_encoding="br")


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1, 100_000, 50_000_000])
async def test_brotli_grows_no_further_than_the_limit(size: int) -> None:
    packed = brotli.compress(b"x" * size, quality=5)
    if size <= LIMIT:
        assert await read(packed, content_encoding="br") == b"x" * size
    else:
        with pytest.raises(bodies.BodyTooLarge):
            await read(packed, content_encoding="br")


@pytest.mark.parametrize("packed", [b"nonsense", gzip.compress(b"hello" * 50, mtime=0)[:-9]])
async def test_a_broken_packing_is_unreadable(packed: bytes) -> None:
    with pytest.raises(bodies.BodyUnreadable):
        await read(packed, content_encoding="gzip")


async def test_an_unknown_packing_is_unreadable() -> None:
    with pytest.raises(bodies.BodyUnreadable, match="zstd"):
        await read(b"x", content_encoding="zstd")


@pytest.mark.parametrize("parts", [(b"x" * (LIMIT + 1),), (b"x" * LIMIT, b"x"), (b"x" * 600, b"x" * 600, b"x" * 600)])
async def test_too_much_is_read_to_its_end_and_refused(parts: tuple[bytes, ...]) -> None:
    wire = Wire(parts)
    with pytest.raises(bodies.BodyTooLarge):
        await bodies.read(wire, {}, limit=LIMIT)
    assert wire.left == []


async def test_a_bomb_is_refused() -> None:
    with pytest.raises(bodies.BodyTooLarge):
        await read(gzip.compress(b"x" * (LIMIT + 1)), content_encoding="gzip")


async def test_who_asks_first_is_refused_before_sending() -> None:
    wire = Wire([b"x"])
    with pytest.raises(bodies.BodyTooLarge):
        await bodies.read(wire, {b"content-length": b"2000", b"expect": b"100-continue"}, limit=LIMIT)
    assert len(wire.left) == 1


async def test_a_client_that_leaves_is_noticed() -> None:
    with pytest.raises(bodies.ClientGone):
        await bodies.read(Wire([b"abc"], leaves=True), {}, limit=LIMIT)
