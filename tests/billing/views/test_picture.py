"""Pictures are handed out by the shop they belong to, with headers that let nothing run."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import Membership, Tenant
from billing import pictures
from billing.models import ProductPicture
from tests.billing.shop import stocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture(tenant: Tenant) -> ProductPicture:
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(file, "PNG")
    made = ProductPicture(product=stocked(tenant), alt="A red card")
    pictures.keep(made, pictures.encode(io.BytesIO(file.getvalue()), size=file.tell()))
    made.save()
    return made


def address(picture: ProductPicture, size: str = "large") -> str:
    return reverse("picture", kwargs={"name": picture.name, "size": size})


def test_a_picture_comes_as_webp_that_lasts(picture: ProductPicture) -> None:
    answer = Client(headers={"host": "shop.test"}).get(address(picture))
    assert answer["Content-Type"] == "image/webp"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert Image.open(io.BytesIO(answer.content)).size == (60, 40)


def test_pages_show_it(picture: ProductPicture) -> None:
    guest = Client(headers={"host": "shop.test"})
    assert address(picture, "small") in guest.get("/shop/").content.decode()
    page = guest.get("/p/five-dollars/").content.decode()
    assert 'alt="A red card"' in page
    assert f'<meta property="og:image" content="http://shop.test{address(picture)}">' in page


def test_other_shops_do_not_have_it_but_its_staff_do(picture: ProductPicture, stranger: Membership, reseller_owner: Membership) -> None:
    elsewhere = Client(headers={"host": "elsewhere.test"})
    elsewhere.force_login(stranger.user)
    assert elsewhere.get(address(picture)).status_code == 404
    at_the_platform = Client(headers={"host": "platform.test"})
    assert at_the_platform.get(address(picture)).status_code == 404
    at_the_platform.force_login(reseller_owner.user)
    assert at_the_platform.get(address(picture)).status_code == 200


@pytest.mark.parametrize("size", ["huge", "..", "large.webp"])
def test_unknown_sizes_are_not_there(picture: ProductPicture, size: str) -> None:
    guest = Client(headers={"host": "shop.test"})
    assert guest.get(f"/pictures/{picture.name}.{size}.webp").status_code == 404


def test_a_lost_file_is_not_there(picture: ProductPicture) -> None:
    ProductPicture.objects.update(name="1/gone")
    assert Client(headers={"host": "shop.test"}).get("/pictures/1/gone.large.webp").status_code == 404
