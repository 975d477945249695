"""What waits for staff: each kind counted where it is decided, a shop's own and nobody else's."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import Membership, Tenant
from billing import refunds
from billing.models import Dispute, InvoiceRequest, Order, PaymentAttempt
from console.admin.waiting import Waiting
from tests.billing.shop import bought_from, manual_product, stocked

pytestmark = pytest.mark.django_db


def waiting(browser: Client, site: str) -> list[Waiting]:
    cache.clear()
    found: list[Waiting] = browser.get(f"/{site}/").context["waiting"]
    return found


def test_each_kind_is_counted_and_leads_to_its_list(desk: Client, operator: Client, tenant: Tenant, end_user: Membership) -> None:
    assert waiting(desk, "reseller") == []
    by_hand, order = bought_from(manual_product(tenant)), bought_from(stocked(tenant))
    refunds.request(order=order, reason="no use")
    attempt = PaymentAttempt.objects.get(order=by_hand)
    Dispute.objects.create(attempt=attempt, reference="dp_1", amount_minor=3_900, currency="CNY")
    InvoiceRequest.objects.create(order=order, title="Ann")
    Membership.objects.filter(pk=end_user.pk).update(state="waiting")
    expected = [
        ("Paid orders to deliver by hand", 1, "/billing/order/?state__exact=paid"),
        ("Refunds asked for", 1, "/billing/refund/?state__exact=requested"),
        ("Open disputes", 1, "/billing/dispute/?state__exact=open"),
        ("Invoices asked for", 1, "/billing/invoicerequest/?state__exact=requested"),
        ("New customers to approve", 1, "/accounts/membership/?state__exact=waiting"),
    ]
    for browser, site in ((desk, "reseller"), (operator, "admin")):
        found = waiting(browser, site)
        assert [(one.title, one.count, one.link) for one in found] == [(title, count, f"/{site}{link}") for title, count, link in expected]
        for one in found:
            assert len(browser.get(one.link).context["cl"].result_list) == 1
    assert Order.objects.get(pk=by_hand.pk).state == "paid"


def test_other_shops_work_is_not_ones_own(desk: Client, stranger: Membership) -> None:
    bought_from(manual_product(stranger.tenant))
    assert waiting(desk, "reseller") == []
