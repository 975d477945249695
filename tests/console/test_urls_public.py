"""Every address of the site is in a matrix; those that anybody may open show nothing of another shop, whatever they are asked for."""

from __future__ import annotations

import pytest
from django.test import Client

from billing import capability
from billing.models import GatewayAccount, Order, PaymentAttempt, Product, ProductPicture
from tests.console.test_pages_tenancy import API, CONSOLE, EVERY, OURS, Address, built, ids, pair
from tests.console.worlds import World

__all__ = ["built", "pair"]
pytestmark = pytest.mark.django_db
# Asked about by matrices of their own: both back offices, the console and the API, the relay (by sub-keys), allauth's own tests, tools'
# addresses (by access tokens), the oldest addresses of other products, which lead on.
ELSEWHERE = (
    "/admin/", "/reseller/", "/console/", "/api/", "/accounts/", "/v1/", "/v1beta/", "/openai/", "/dashboard/billing/", "/metrics",
    "/internal/",
)  # fmt: skip
PUBLIC = [one for one in EVERY if not one.path.startswith(ELSEWHERE) and "(?P" not in one.path and "<path:" not in one.path]


def theirs_at(one: Address, theirs: World) -> str:
    """Fill in what another shop has: its product, order, payment, picture; a word where it has nothing of the kind."""
    order = Order.objects.filter(tenant=theirs.tenant).earliest("pk")
    paid = PaymentAttempt.objects.get(token="paid-theirs")
    product, picture = Product.objects.get(tenant=theirs.tenant, kind="code"), ProductPicture.objects.get(product__tenant=theirs.tenant)
    account = GatewayAccount.objects.get(tenant=theirs.tenant)
    known: dict[str, object] = {
        "slug": product.slug, "capability": capability.of(order), "token": paid.token, "gateway": account.driver,
        "account": account.token, "attempt": paid.token, "name": picture.name, "size": "small", "kind": "terms",
    }  # fmt: skip
    path = one.path
    for argument in one.arguments:
        for written in (f"<{argument}>", f"<slug:{argument}>", f"<path:{argument}>"):
            path = path.replace(written, str(known.get(argument, "word")))
    return path


def test_the_walk_finds_the_pages_of_the_shop() -> None:
    found = {one.path for one in PUBLIC}
    assert {"/shop/", "/lookup/", "/redeem/", "/sitemap.xml"} <= found
    assert {one.arguments for one in PUBLIC} >= {("slug",), ("capability",)}
    assert not set(PUBLIC) & {*CONSOLE, *API}


@pytest.mark.parametrize("one", PUBLIC, ids=ids)
def test_pages_for_everybody_show_nothing_of_another_shop(pair: tuple[World, World], one: Address) -> None:
    ours, theirs = pair
    for member in (None, ours.customer):
        client = Client(HTTP_HOST=OURS)
        if member is not None:
            client.force_login(member.user)
        path = theirs_at(one, theirs)
        for answer in (client.get(path), client.post(path, {})):
            assert answer.status_code < 500, (path, answer.status_code)
            said = b"".join(answer) if answer.streaming else answer.content
            assert b"theirs" not in said.replace(path.encode(), b""), path
