"""Payouts booked in the back office."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Tenant
from tests.billing.shop import PRICE
from tests.billing.test_refunds import clearing, paid

pytestmark = pytest.mark.django_db


def test_a_payout_empties_what_the_gateway_owes(desk: Client, tenant: Tenant) -> None:
    payment = paid(tenant)
    address = reverse("reseller:billing_gatewayaccount_book_payout", args=[payment.account_id])
    assert "It owes ¥39.00." in desk.get(address).content.decode()
    too_much = desk.post(address, {"currency": "CNY", "received": "39.01", "fee": "", "reference": "po_1"})
    assert "owes only ¥39.00" in too_much.content.decode()
    assert clearing(payment) == -PRICE
    assert desk.post(address, {"currency": "CNY", "received": "38.00", "fee": "1.00", "reference": "po_1"}).status_code == 302
    assert clearing(payment) == 0
    event = AuditEvent.objects.get(action="gatewayaccount.payout")
    assert event.after == {"currency": "CNY", "received": 3_800, "fee": 100, "reference": "po_1"}
    assert desk.get(address).status_code == 302


def test_what_is_no_amount_is_an_error_of_its_field(desk: Client, tenant: Tenant) -> None:
    payment = paid(tenant)
    address = reverse("reseller:billing_gatewayaccount_book_payout", args=[payment.account_id])
    answer = desk.post(address, {"currency": "CNY", "received": "1e3", "reference": "po_1"})
    assert list(answer.context["form"].errors) == ["received"]
