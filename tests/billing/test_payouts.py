"""Payouts empty the clearing account of their gateway, once each, and never below."""

from __future__ import annotations

import pytest

from accounts.models import Tenant
from billing import audit, coverage, payouts
from billing.models import Journal, PaymentAttempt
from tests.billing.shop import PRICE, held
from tests.billing.test_refunds import clearing, paid

pytestmark = pytest.mark.django_db


def book(payment: PaymentAttempt, received: int, fee: int, reference: str = "po_1") -> Journal:
    return payouts.book(account=payment.account, currency="CNY", received_minor=received, fee_minor=fee, reference=reference)


def test_everything_paid_out_leaves_nothing_to_clear(tenant: Tenant) -> None:
    payment = paid(tenant)
    assert payouts.owed(payment.account, currency="CNY") == PRICE
    first = book(payment, 3_000, 100)
    assert book(payment, 3_000, 100) == first
    # 39.00 − 30.00 − 1.00
    assert (payouts.owed(payment.account, currency="CNY"), clearing(payment)) == (800, -800)
    book(payment, 800, 0, "po_2")
    assert (clearing(payment), held("cash", tenant), held("fee", tenant), coverage.at_gateways()) == (0, -3_800, -100, [])
    assert audit.run() == []


@pytest.mark.parametrize(("received", "fee", "reference"), [(PRICE, 1, "po"), (-1, 5, "po"), (0, 0, "po"), (1, 0, " ")])
def test_a_payout_without_sense_is_refused(tenant: Tenant, received: int, fee: int, reference: str) -> None:
    payment = paid(tenant)
    with pytest.raises(payouts.BadPayout):
        book(payment, received, fee, reference)
    assert clearing(payment) == -PRICE
