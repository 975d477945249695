"""Pictures: only what Pillow reads, encoded anew, nothing of the sender's file left."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from accounts.models import Tenant
from billing import pictures
from billing.models import ProductPicture
from tests.billing.shop import stocked

pytestmark = pytest.mark.django_db


def file_of(image: Image.Image, kind: str = "PNG", **more: object) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, kind, **more)
    file.seek(0)
    return file


def encode(file: io.BytesIO) -> pictures.Encoded:
    return pictures.encode(file, size=file.getbuffer().nbytes)


def seen(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_pictures_become_webp_in_two_sizes(kind: str) -> None:
    made = encode(file_of(Image.new("RGB", (3200, 800), "red"), kind))
    assert (made.width, made.height) == (1600, 400)
    sizes = {name: (seen(content).format, seen(content).size) for name, content in made.files.items()}
    assert sizes == {"large": ("WEBP", (1600, 400)), "small": ("WEBP", (480, 120))}


def test_a_small_picture_is_not_blown_up_and_keeps_what_is_clear() -> None:
    made = encode(file_of(Image.new("RGBA", (40, 20), (255, 0, 0, 0))))
    assert (made.width, made.height) == (40, 20)
    pixel = seen(made.files["large"]).convert("RGBA").getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert pixel[3] == 0


def test_the_place_where_it_was_taken_is_gone_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    made = encode(file_of(Image.new("RGB", (100, 50), "blue"), "JPEG", exif=exif))
    assert (made.width, made.height) == (50, 100)
    for content in made.files.values():
        assert dict(seen(content).getexif()) == {}
        assert b"SecretCamera" not in content


def bomb(width: int, height: int) -> io.BytesIO:
    """A PNG of a few bytes that says it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b""))


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"), "no picture"),
        (io.BytesIO(b"GIF89a<script>alert(1)</script>"), "no picture"),
        (io.BytesIO(b""), "no picture"),
        (io.BytesIO(b"%PDF-1.7"), "no picture"),
        (io.BytesIO(file_of(Image.new("RGB", (300, 300), "red"), "JPEG").getvalue()[:500]), "no picture"),
        (file_of(Image.new("RGB", (10, 10)), "TIFF"), "no picture"),
        (bomb(8000, 6000), "40 million pixels"),
        (bomb(30000, 30000), "40 million pixels"),
        (io.BytesIO(b"x" * (8 * 1024 * 1024 + 1)), "larger than 8 MB"),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused(file: io.BytesIO, why: str) -> None:
    with pytest.raises(pictures.BadPicture, match=why):
        encode(file)


def test_files_follow_their_row(tenant: Tenant, django_capture_on_commit_callbacks: object) -> None:
    picture = ProductPicture(product=stocked(tenant))
    pictures.keep(picture, encode(file_of(Image.new("RGB", (20, 20), "red"))))
    picture.save()
    old = picture.name
    assert seen(pictures.read(picture, "small")).size == (20, 20)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]  # pytest-django's fixture
        pictures.keep(picture, encode(file_of(Image.new("RGB", (30, 20), "red"))))
    assert picture.name != old
    assert not default_storage.exists(pictures.path_of(old, "large"))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]  # as above
        pictures.discard(picture)
    with pytest.raises(FileNotFoundError):
        pictures.read(picture, "large")
