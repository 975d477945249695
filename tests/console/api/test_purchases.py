"""Buying over the API: an order with its address, of the own shop or of the seller above; nothing of others."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent, Membership, Tenant
from billing.models import Order, Product
from tests.billing.shop import stocked
from tests.billing.test_direct import product_of
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db
ASKED = [{"label": "Account", "required": True, "choices": []}]


def test_a_customer_orders_once_and_pays_at_the_address(end_user: Membership, stranger: Membership) -> None:
    product, topup, call = stocked(end_user.tenant), product_of(end_user.tenant, kind="topup"), program(end_user)
    assert [one["id"] for one in call("GET", "purchases/")[1]["results"]] == [topup.pk, product.pk]
    body = {"product": product.pk, "quantity": 2}
    status, made = call("POST", "purchases/", body, idempotency_key="b")
    assert call("POST", "purchases/", body, idempotency_key="b") == (status, made)
    order = Order.objects.get()
    assert (status, made["number"], made["total_minor"], order.membership) == (201, order.number, 2 * product.price_minor, end_user)
    assert made["address"].startswith("http://shop.test/o/")
    assert call("POST", "purchases/", {"product": product.pk, "quantity": 3})[1]["error"]["fields"].keys() == {"quantity"}
    assert call("POST", "purchases/", {"product": product.pk, "coupon": "NONE"})[1]["error"]["fields"].keys() == {"coupon"}
    for other in (stocked(stranger.tenant), product_of(stranger.tenant, kind="topup")):
        assert call("POST", "purchases/", {"product": other.pk})[0] == 404


def test_what_is_offered_and_bought_is_told_in_the_callers_language(end_user: Membership) -> None:
    product = stocked(end_user.tenant)
    Product.objects.filter(pk=product.pk).update(
        translations={"zh-hans": {"name": "五美元", "summary": "立即", "asked": "账号 *"}}, questions=ASKED
    )
    Tenant.objects.filter(pk=end_user.tenant_id).update(language="zh-hans", translations={"zh-hans": {"name": "茶店"}})
    call = program(end_user)
    [told] = call("GET", "purchases/")[1]["results"]
    assert (told["name"], told["summary"], told["description"], told["asked"]) == ("五美元", "立即", "", "账号 *")
    assert call("POST", "purchases/", {"product": product.pk, "answers": {"Account": "li"}})[0] == 201
    assert (Order.objects.get().product_name, Order.objects.get().answers) == ("五美元", [{"label": "账号", "value": "li"}])


def test_only_those_who_run_a_shop_buy_its_stock(reseller_owner: Membership, end_user: Membership, root_tenant: object) -> None:
    seller = reseller_owner.tenant.parent
    assert seller is not None
    product = product_of(seller, kind="stock")
    assert program(end_user)("POST", "purchases/", {"product": product.pk})[0] == 404
    status, made = program(reseller_owner)("POST", "purchases/", {"product": product.pk})
    assert (status, Order.objects.get().recipient, Order.objects.get().tenant) == (201, reseller_owner.tenant, seller)
    assert AuditEvent.objects.get(action="tenant.buy").after["order"] == made["number"]
