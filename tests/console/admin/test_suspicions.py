"""Suspected own purchases in the platform's back office: seen with their signs, decided once with a reason, no shop's affair."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Membership, Tenant
from billing import orders
from billing.models import GatewayAccount, Order, Suspicion
from tests.billing.shop import pay, sandbox, stocked
from tests.billing.test_self_dealing import paid

pytestmark = pytest.mark.django_db


@pytest.fixture
def lent(root_tenant: Tenant, tenant: Tenant) -> GatewayAccount:
    account = sandbox(root_tenant)
    account.lent_to.add(tenant)
    return account


@pytest.fixture
def operator(platform_admin: Membership) -> Client:
    client = Client(HTTP_HOST="platform.test")
    client.force_login(platform_admin.user)
    return client


def test_the_platform_looks_and_decides_with_a_reason(
    desk: Client, operator: Client, tenant: Tenant, lent: GatewayAccount, reseller_owner: Membership
) -> None:
    order = paid(tenant, lent, membership=reseller_owner, email="x@example.test")
    row = Suspicion.objects.get(order=order)
    page = operator.get("/admin/billing/suspicion/").content.decode()
    assert order.number in page
    assert "bought by the shop&#x27;s staff" in page
    at = f"/admin/billing/suspicion/{row.pk}"
    assert "x@example.test" in operator.get(f"{at}/change/").content.decode()
    assert "is in review" in desk.get("/reseller/billing/withdrawal/ask/", follow=True).content.decode()
    operator.post(f"{at}/clear/", {})
    row.refresh_from_db()
    assert row.state == "open"  # a reason is wanted
    operator.post(f"{at}/uphold/", {"reason": "the card's owner called"})
    operator.post(f"{at}/uphold/", {"reason": "again"})
    row.refresh_from_db()
    assert (row.state, row.reason) == ("upheld", "the card's owner called")
    operator.post(f"{at}/clear/", {"reason": "a mistake"})
    row.refresh_from_db()
    assert row.state == "cleared"
    assert [one.action for one in AuditEvent.objects.order_by("pk")] == ["suspicion.uphold", "suspicion.clear"]
    assert desk.get("/reseller/billing/suspicion/").status_code == 404


def test_a_browser_that_ordered_and_works_in_the_back_office_is_noticed(desk: Client, tenant: Tenant, lent: GatewayAccount) -> None:
    product = stocked(tenant)
    buyer = Client(HTTP_HOST="shop.test")
    buyer.post(f"/p/{product.slug}/", {"quantity": "1", "email": "y@example.test"})
    order = Order.objects.get()
    pay(orders.start_payment(order=order, account=lent))
    desk.get("/reseller/")
    assert not Suspicion.objects.exists()
    desk.cookies["orders"] = buyer.cookies["orders"].value
    for _visit in range(2):
        assert desk.get("/reseller/").status_code == 200
    assert [(row.order_id, row.signs) for row in Suspicion.objects.all()] == [(order.pk, ["browser"])]
