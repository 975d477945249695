"""How many queries a purchase takes once a process has seen the shop: texts in several languages cost none."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Tenant
from billing import catalogue
from billing.models import Product
from tests.billing.shop import sandbox, stocked

pytestmark = pytest.mark.django_db(transaction=True)
SAID = {"zh-hans": {"name": "五美元", "slug": "wu", "summary": "立即到账", "instructions": "登录后兑换。"}}


def asked(act: Callable[[], Any]) -> tuple[Any, int]:
    """Count at once: the next request empties the log."""
    with CaptureQueriesContext(connection) as queries:
        answer = act()
    return answer, len(queries)


def test_the_window_asks_for_shelves_and_stock_alone(tenant: Tenant) -> None:
    lead = stocked(tenant)
    for number in range(8):
        made = catalogue.add_product(tenant=tenant, name=f"{number} more", units_micros=1_000_000, price_minor=100, currency="CNY")
        Product.objects.filter(pk=made.pk).update(lead=lead if number % 2 else None, choice="x")
    sandbox(tenant)
    client = Client(headers={"host": "shop.test"})
    found = []
    for address in ("/shop/", "/shop/?view=list&sort=price", "/shop/?q=more", "/"):
        client.get(address)
        page, shown = asked(partial(client.get, address))
        found.append((len(page.context["cards"]), shown))
    # The versions of what is remembered, the categories, the codes; for words the products that hold them.
    assert found == [(5, 3), (5, 3), (5, 4), (3, 2)]


def test_a_purchase_asks_as_little_in_every_language(tenant: Tenant) -> None:
    product = stocked(tenant)
    Product.objects.filter(pk=product.pk).update(translations=SAID)
    Tenant.objects.filter(pk=tenant.pk).update(translations={"zh-hans": {"name": "茶店"}})
    sandbox(tenant)
    found = []
    for language, address in (("en", "/p/five-dollars/"), ("zh-CN", "/p/wu/")):
        client = Client(headers={"host": "shop.test", "accept-language": language})
        form = {"quantity": "1", "email": f"{language}@example.test"}
        client.get(address)
        _page, shown = asked(partial(client.get, address))
        order, placed = asked(partial(client.post, address, form))
        _page, looked = asked(partial(client.get, order["Location"]))
        found.append((shown, placed, looked))
    assert found == [(2, 12, 5), (2, 12, 5)]
