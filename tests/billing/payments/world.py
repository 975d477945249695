"""A shop on a real port with an account at a double, and the steps of a buyer."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from accounts import tenants
from accounts.models import Tenant
from billing import gateways, orders
from billing.models import GatewayAccount, Order, PaymentAttempt
from billing.payments.base import Links
from tests.billing.shop import place, stocked

VALUES = {
    "epay": {"pid": "1001", "key": "WWc3Z2jkK7jhNGPALcGKjHLPK47wRK85"},
    "epusdt": {"token": "epusdt_password_xasddawqe"},
    "stripe": {"secret_key": "sk_test_keyosk", "webhook_secret": "whsec_test_secret"},
}
_ADDRESS = {"epay": "base", "epusdt": "base", "stripe": "api_base"}


def shop_at(address: str) -> Tenant:
    """A shop whose host is where the test's server listens."""
    return tenants.open_tenant(slug="port", name="Port", parent=tenants.root(), domain=urlsplit(address).hostname)


def account_at(double: str, tenant: Tenant, gateway: str, **options: str) -> GatewayAccount:
    values = {**VALUES[gateway], _ADDRESS[gateway]: double, **options}
    return gateways.add_account(tenant=tenant, driver=gateway, values=values, is_operator=True)


def order_and_pay(account: GatewayAccount, address: str, *, currency: str = "CNY", quantity: int = 1) -> tuple[Order, PaymentAttempt, str]:
    """Order, and begin to pay as the page does; return the order, the attempt and where the buyer is sent."""
    placed = place(stocked(account.tenant, currency=currency), quantity=quantity)
    return begin(placed, account, address)


def begin(placed: orders.Placed, account: GatewayAccount, address: str) -> tuple[Order, PaymentAttempt, str]:
    page = reverse("order_pay", kwargs={"capability": placed.capability})
    parts = urlsplit(address)
    answer = Client(HTTP_HOST=parts.netloc).post(page, {"account": account.pk})
    if answer.status_code != 302:
        pytest.fail(f"paying answered {answer.status_code}")
    attempt = PaymentAttempt.objects.select_related("account__tenant", "order").get(order=placed.order, account=account)
    return placed.order, attempt, answer["Location"]


def links() -> Links:
    return Links(order="https://shop.test/o/x/", notify="https://shop.test/pay/x/notify")


def state_of(order: Order) -> str:
    order.refresh_from_db()
    return order.state
