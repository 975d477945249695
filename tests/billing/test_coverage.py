"""What is owed: by where it lies, debts and gateways included."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import chart, codes, coverage, ledger
from billing.coverage import Owed
from tests.billing.conftest import grant

pytestmark = pytest.mark.django_db
DOLLAR = 1_000_000


def test_everything_sold_and_not_used_is_added_up(tenant: Tenant, end_user: Membership) -> None:
    issuer, stock = ledger.account(kind="issuer").pk, ledger.account(kind="stock", tenant_id=tenant.pk).pk
    ledger.transfer(kind="wholesale", key="w", src_id=issuer, dst_id=stock, amount=20 * DOLLAR)
    codes.mint(tenant=tenant, units_micros=5 * DOLLAR, count=2, offline=True)
    grant(end_user, 3 * DOLLAR)
    lot = chart.lot(membership_id=end_user.pk, expires_at=timezone.now() + datetime.timedelta(days=1))
    ledger.transfer(kind="gift", key="g", src_id=issuer, dst_id=lot.pk, amount=DOLLAR)
    wallet = ledger.wallet(membership_id=end_user.pk)
    ledger.hold(key="h", account_id=wallet.pk, amount=7, expires_at=timezone.now())
    receivable = chart.receivable(membership_id=end_user.pk)
    ledger.transfer(kind="use", key="u", src_id=receivable.pk, dst_id=ledger.account(kind="sink_usage").pk, amount=11)
    assert coverage.owed() == Owed(wallets=3 * DOLLAR, lots=DOLLAR, codes=10 * DOLLAR, stock=10 * DOLLAR, held=7, debts=11)
    assert coverage.owed().outstanding == 14 * DOLLAR


def test_what_gateways_still_owe_is_named(tenant: Tenant) -> None:
    clearing = ledger.account(kind="clearing", tenant_id=tenant.pk, ledger="M:CNY", owner=4)
    revenue = ledger.account(kind="revenue", tenant_id=tenant.pk, ledger="M:CNY")
    ledger.transfer(kind="test", key="p", src_id=clearing.pk, dst_id=revenue.pk, amount=3900)
    since = clearing.created_at.isoformat()
    assert coverage.at_gateways() == [{"account": 4, "currency": "CNY", "minor": 3900, "since": since}]
