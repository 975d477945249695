"""Disputes in the back office."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Membership, Tenant
from billing import disputes
from tests.billing.shop import PRICE
from tests.billing.test_refunds import paid, redeem

pytestmark = pytest.mark.django_db


def test_a_dispute_shows_what_is_at_stake(desk: Client, tenant: Tenant, end_user: Membership) -> None:
    payment = paid(tenant)
    redeem(payment, end_user)
    dispute = disputes.begin(attempt=payment, reference="dp_1", amount_minor=PRICE, reason="fraudulent")
    page = desk.get("/reseller/billing/dispute/").content.decode()
    assert payment.order.number in page
    assert "¥39.00" in page
    page = desk.get(f"/reseller/billing/dispute/{dispute.pk}/change/").content.decode()
    assert f"#{end_user.pk}: $5.00" in page
    assert desk.post(f"/reseller/billing/dispute/{dispute.pk}/change/", {"state": "won"}).status_code == 403
