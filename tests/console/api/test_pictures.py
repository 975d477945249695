"""Pictures of products over the API: encoded anew, described, taken away with their files."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image

from accounts.models import AuditEvent, Membership
from billing import pictures
from billing.models import ProductPicture
from tests.billing.shop import stocked
from tests.billing.test_pictures import file_of
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def picture() -> str:
    return base64.b64encode(file_of(Image.new("RGB", (800, 600), "red")).getvalue()).decode()


def test_a_picture_is_added_described_and_taken_away(reseller_owner: Membership, django_capture_on_commit_callbacks: Any) -> None:
    product, call = stocked(reseller_owner.tenant), program(reseller_owner)
    status, made = call("POST", "product-pictures/", {"product": product.pk, "file": picture(), "alt": "A card"})
    assert (status, made["width"], made["height"], made["alt"]) == (201, 800, 600, "A card")
    shown = Client(HTTP_HOST="shop.test").get(made["small"])
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/webp")
    assert call("PATCH", f"product-pictures/{made['id']}/", {"sort": 2})[1]["sort"] == 2
    assert [one["id"] for one in call("GET", f"product-pictures/?product={product.pk}")[1]["results"]] == [made["id"]]
    path = pictures.path_of(ProductPicture.objects.get().name, "small")
    with django_capture_on_commit_callbacks(execute=True):
        assert call("DELETE", f"product-pictures/{made['id']}/")[0] == 204
    assert (ProductPicture.objects.count(), default_storage.exists(path)) == (0, False)
    trail = [one.action for one in AuditEvent.objects.order_by("pk")]
    assert trail == ["productpicture.add", "productpicture.change", "productpicture.delete"]


def test_what_it_shows_is_said_in_every_language(reseller_owner: Membership) -> None:
    product, call = stocked(reseller_owner.tenant), program(reseller_owner)
    said = {"zh-hans": {"alt": "一张卡"}}
    status, made = call("POST", "product-pictures/", {"product": product.pk, "file": picture(), "alt": "A card", "translations": said})
    assert (status, made["alt"], made["translations"]) == (201, "A card", said)
    for language, alt in (("zh-CN", "一张卡"), ("en", "A card")):
        visitor = Client(headers={"host": "shop.test", "accept-language": language})
        for address in ("/shop/", "/p/five-dollars/"):
            assert f'alt="{alt}"' in visitor.get(address).content.decode()
    status, told = call("PATCH", f"product-pictures/{made['id']}/", {"translations": {"zh-hant": {"alt": "卡"}, "en": {"alt": " "}}})
    assert (status, told["translations"]) == (200, {"zh-hant": {"alt": "卡"}})
    assert call("PATCH", f"product-pictures/{made['id']}/", {"translations": {"en": {"alt": "x" * 121}}})[0] == 400


def test_what_is_no_picture_is_too_much_or_for_others_is_refused(reseller_owner: Membership, stranger: Membership) -> None:
    product, call = stocked(reseller_owner.tenant), program(reseller_owner)
    text = base64.b64encode(b"GIF89a").decode()
    assert call("POST", "product-pictures/", {"product": product.pk, "file": text})[1]["error"]["fields"].keys() == {"file"}
    assert call("POST", "product-pictures/", {"product": product.pk, "file": "not base64"})[0] == 400
    assert call("POST", "product-pictures/", {"product": stocked(stranger.tenant).pk, "file": picture()})[0] == 404
    for _ in range(pictures.MOST_EACH):
        assert call("POST", "product-pictures/", {"product": product.pk, "file": picture()})[0] == 201
    told = call("POST", "product-pictures/", {"product": product.pk, "file": picture()})[1]["error"]
    assert told["fields"] == {"file": ["A product has at most 8 pictures."]}
