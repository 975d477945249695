"""The pages of “tell me when it is there again”: the same answer for every address, a button to confirm, limits."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client

from accounts.models import Membership, Tenant
from billing import redeem_limits, restock
from billing.models import Product, RestockWish
from foundation.models import OutboxMessage
from tests.billing.shop import manual_product, sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def gone(tenant: Tenant) -> Product:
    cache.clear()
    sandbox(tenant)
    return manual_product(tenant, left=0)


@pytest.fixture
def shop() -> Client:
    return Client(HTTP_HOST="shop.test")


def test_a_sold_out_product_offers_to_tell(shop: Client, gone: Product) -> None:
    page = shop.get(f"/p/{gone.slug}/").content.decode()
    assert f"/p/{gone.slug}/notify/" in page
    assert "Set-up is sold out" in shop.get(f"/p/{gone.slug}/notify/").content.decode()
    answer = shop.post(f"/p/{gone.slug}/notify/", {"email": "ann@example.test"})
    assert (answer.status_code, answer["Location"]) == (302, f"/p/{gone.slug}/")
    wish = RestockWish.objects.get()
    assert (wish.email, wish.site, wish.confirmed_at) == ("ann@example.test", "http://shop.test", None)
    assert shop.post(f"/p/{gone.slug}/notify/", {"email": "nobody"}).status_code == 422


def test_what_is_in_stock_asks_for_no_address(shop: Client, gone: Product) -> None:
    Product.objects.update(stock_left=1)
    assert shop.get(f"/p/{gone.slug}/notify/")["Location"] == f"/p/{gone.slug}/"
    assert shop.get("/p/nothing/notify/").status_code == 404


def test_looking_at_the_mailed_page_confirms_nothing_and_its_button_does(shop: Client, gone: Product) -> None:
    restock.ask(product=gone, email="ann@example.test", language="en", site="http://shop.test", is_known=False)
    at = f"/restock/{restock.token_of(RestockWish.objects.get())}/"
    answer = shop.get(at)
    assert (answer.status_code, answer["Cache-Control"], "ann@example.test" in answer.content.decode()) == (200, "no-store, private", True)
    assert RestockWish.objects.filter(confirmed_at=None).exists()
    shop.post(at, {"act": "confirm"})
    assert RestockWish.objects.exclude(confirmed_at=None).exists()
    shop.post(at, {"act": "stop"})
    assert not RestockWish.objects.exists()
    assert shop.get(at).status_code == 404
    assert Client(HTTP_HOST="platform.test").get(at).status_code == 404


def test_a_signed_in_owner_of_the_address_is_not_asked_again(shop: Client, gone: Product, end_user: Membership) -> None:
    shop.force_login(end_user.user)
    for email, is_confirmed in (("ann@shop.test", False), ("other@example.test", False)):
        shop.post(f"/p/{gone.slug}/notify/", {"email": email})
        assert (RestockWish.objects.get(email=email).confirmed_at is not None) is is_confirmed
    RestockWish.objects.all().delete()
    EmailAddress.objects.update_or_create(user=end_user.user, email="ann@shop.test", defaults={"verified": True, "primary": True})
    shop.post(f"/p/{gone.slug}/notify/", {"email": "ann@shop.test"})
    assert RestockWish.objects.get().confirmed_at is not None


def test_an_address_gets_only_so_many_mails(gone: Product) -> None:
    for number in range(redeem_limits.MAILS_AN_HOUR + 3):
        Client(HTTP_HOST="shop.test", REMOTE_ADDR=f"203.0.113.{number}").post(f"/p/{gone.slug}/notify/", {"email": "ann@example.test"})
    assert OutboxMessage.objects.count() <= redeem_limits.MAILS_AN_HOUR
