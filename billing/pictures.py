"""Pictures of products: checked, encoded anew in two sizes without what cameras wrote, kept in the storage of the settings.

Nothing of the file that somebody sent is kept. Raises `BadPicture`.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from billing.models import Product, ProductPicture
from foundation import translations

MOST_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 40_000_000
MOST_EACH = 8
# Name of a size → the most pixels of its longer side.
SIZES = {"large": 1600, "small": 480}
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_QUALITY = 82


class BadPicture(ValueError):
    """The file is no picture that we take; the message says why."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as WebP by the name of each size, and how large the largest is."""

    width: int
    height: int
    files: dict[str, bytes]


def encode(file: IO[bytes], *, size: int) -> Encoded:
    """Read a picture of `size` bytes and return it encoded anew, turned as its camera meant. Raises BadPicture."""
    if size > MOST_BYTES:
        raise BadPicture(_("The picture is larger than %(most)d MB.") % {"most": MOST_BYTES // 1024 // 1024})
    try:
        with Image.open(file, formats=_FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise BadPicture(_("The picture has more than %(most)d million pixels.") % {"most": MOST_PIXELS // 1_000_000})
            upright = ImageOps.exif_transpose(opened)
            bare = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPicture(_("The picture has more than %(most)d million pixels.") % {"most": MOST_PIXELS // 1_000_000}) from None
    except (OSError, SyntaxError, EOFError, OverflowError):
        # What Pillow raises for files that are broken, cut off or something else.
        raise BadPicture(_("This is no picture that can be read: send JPEG, PNG, WebP or GIF.")) from None
    made = {name: _shrunk(bare, most) for name, most in SIZES.items()}
    largest = made["large"]
    return Encoded(largest.width, largest.height, {name: _webp(image) for name, image in made.items()})


@transaction.atomic
def add(
    *, product: Product, file: IO[bytes], size: int, alt: str = "", sort: int = 0, said: Mapping[str, Mapping[str, str]] | None = None
) -> ProductPicture:
    """Add a picture to a product, described by `alt` and in other languages by `said`, which is as `translations`.

    Raises BadPicture, also when the product has as many as it may have.
    """
    Product.objects.select_for_update(no_key=True).get(pk=product.pk)
    if product.pictures.count() >= MOST_EACH:
        raise BadPicture(_("A product has at most %(most)d pictures.") % {"most": MOST_EACH})
    picture = ProductPicture(product=product, alt=alt, sort=sort, translations=translations.cleaned(ProductPicture, said or {}))
    keep(picture, encode(file, size=size))
    picture.save()
    return picture


def keep(picture: ProductPicture, encoded: Encoded) -> None:
    """Store a picture's files under a new name, and take those it had away once this is committed."""
    if picture.name:
        discard(picture)
    picture.name = f"{picture.product.tenant_id}/{secrets.token_urlsafe(18)}"
    picture.width, picture.height = encoded.width, encoded.height
    for name, content in encoded.files.items():
        default_storage.save(path_of(picture.name, name), ContentFile(content))


def discard(picture: ProductPicture) -> None:
    """Take a picture's files away, once this is committed; where that fails they stay, and nobody asks for them."""
    for name in SIZES:
        path = path_of(picture.name, name)
        transaction.on_commit(lambda path=path: default_storage.delete(path), robust=True)  # type: ignore[misc]  # the path as it is now


def read(picture: ProductPicture, size: str) -> bytes:
    """Return a picture in a size as WebP; raise FileNotFoundError."""
    with default_storage.open(path_of(picture.name, size)) as file:
        content: bytes = file.read()
    return content


def path_of(name: str, size: str) -> str:
    """Return where the storage keeps a size of a picture."""
    return f"products/{name}.{size}.webp"


def _shrunk(image: Image.Image, most: int) -> Image.Image:
    made = image.copy()
    made.thumbnail((most, most), Image.Resampling.LANCZOS)
    # A new picture: what was written beside the pixels (place, camera, comments) does not come along.
    made.info.clear()
    return made


def _webp(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=_QUALITY, method=4)
    return file.getvalue()
