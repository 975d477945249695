"""A shop buys stock in its back office: ordered of the seller above, paid there, in stock once."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import AuditEvent, Membership, Tenant
from billing import audit, ledger
from billing.models import GatewayAccount, Order
from tests.billing.shop import sandbox
from tests.billing.test_direct import PRICE, TEN, product_of

pytestmark = pytest.mark.django_db


def address_of(shop: Tenant) -> str:
    return f"/reseller/accounts/tenant/{shop.pk}/buy_quota/"


def stock(shop: Tenant) -> int:
    return ledger.balance_of(ledger.account(kind="stock", tenant_id=shop.pk))


def test_stock_is_ordered_paid_at_the_sellers_and_arrives_once(desk: Client, tenant: Tenant, root_tenant: Tenant) -> None:
    product = product_of(root_tenant, kind="stock")
    sandbox(root_tenant)
    assert "Ten dollars: $10.00 – ¥70.00" in desk.get(address_of(tenant)).content.decode()
    page = desk.post(address_of(tenant), {"product": product.pk, "quantity": "2"}).content.decode()
    order = Order.objects.get()
    assert (order.tenant, order.recipient, order.total_minor) == (root_tenant, tenant, 2 * PRICE)
    found = re.search(r"http://([a-z.]+)(/o/[0-9A-Z]+/)", page)
    assert found
    buyer = Client(headers={"host": found[1]})
    bank = buyer.post(f"{found[2]}pay/", {"account": str(GatewayAccount.objects.get().pk)})["Location"]
    for _ in range(2):
        buyer.post(bank, {"button": "pay"})
    assert "$20.00 is in your shop&#x27;s stock." in buyer.get(found[2]).content.decode().replace("'", "&#x27;")
    assert stock(tenant) == 2 * TEN
    assert AuditEvent.objects.get(action="tenant.buy").after["order"] == order.number
    assert "In stock: $20.00." in desk.get(address_of(tenant)).content.decode()
    assert audit.run() == []


def test_nothing_is_offered_where_the_seller_offers_nothing(desk: Client, tenant: Tenant) -> None:
    assert "Nothing is offered wholesale at the moment." in desk.get(address_of(tenant)).content.decode()


def test_a_strangers_shop_and_products_of_others_cannot_be_bought_for(
    desk: Client, tenant: Tenant, stranger: Membership, root_tenant: Tenant
) -> None:
    product_of(root_tenant, kind="stock")
    assert desk.get(address_of(stranger.tenant)).status_code == 404
    foreign = product_of(stranger.tenant, kind="stock")
    desk.post(address_of(tenant), {"product": foreign.pk, "quantity": "1"})
    assert not Order.objects.exists()


def test_support_buys_nothing(tenant: Tenant, reseller_owner: Membership) -> None:
    Membership.objects.filter(pk=reseller_owner.pk).update(role=Membership.Role.SUPPORT)
    client = Client(HTTP_HOST="shop.test")
    client.force_login(reseller_owner.user)
    assert client.get(address_of(tenant)).status_code == 403
