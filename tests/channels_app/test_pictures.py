"""Pictures: what they really are and how large."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from channels_app import pictures
from channels_app.pictures import PictureRefused


def png(width: int = 4, height: int = 3, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height)).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp")])
def test_the_first_bytes_tell_kind_and_size(kind: str, mime: str) -> None:
    assert (pictures.kind_of(png(kind=kind)), pictures.size_of(png(kind=kind))) == (mime, (4, 3))


@pytest.mark.parametrize("url", ["data:image/png;base64,AAAA", "data:text/plain,hello", "data:image/png;base64,%%%", "data:"])
def test_data_urls_that_hold_no_picture_are_refused(url: str) -> None:
    with pytest.raises(PictureRefused):
        pictures.of_data_url(url)


@pytest.mark.parametrize("data", [b"", b"garbage", b"\x89PNG\r\n\x1a\n"])
def test_broken_pictures_have_no_size(data: bytes) -> None:
    assert pictures.size_of(data) is None
