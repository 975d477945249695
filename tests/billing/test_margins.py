"""Margin becomes stock once a day; lazy balances stay exact across snapshots."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Membership
from billing import chart, ledger, margins
from billing.models import AccountSnapshot, LedgerAccount, Transfer
from tests.billing.conftest import grant

pytestmark = pytest.mark.django_db
DAY = datetime.date(2026, 11, 23)


def earn(member: Membership, amount: int, key: str) -> LedgerAccount:
    margin = ledger.account(kind="margin", tenant_id=member.tenant_id)
    ledger.transfer(kind="use", key=key, src_id=ledger.wallet(membership_id=member.pk).pk, dst_id=margin.pk, amount=amount)
    return margin


def test_margin_moves_to_stock_once_a_day(member: Membership) -> None:
    grant(member, 1000)
    margin = earn(member, 30, "a")
    stock = ledger.account(kind="stock", tenant_id=member.tenant_id)
    assert margins.settle_margins(day=DAY) == 1
    assert margins.settle_margins(day=DAY) == 0
    earn(member, 12, "b")
    assert margins.settle_margins(day=DAY) == 0
    assert (ledger.balance_of(margin), ledger.balance_of(stock)) == (12, 30)
    assert margins.settle_margins(day=DAY + datetime.timedelta(days=1)) == 1
    assert (ledger.balance_of(margin), ledger.balance_of(stock)) == (0, 42)


def test_a_snapshot_covers_what_is_ten_minutes_old_and_nothing_else(member: Membership) -> None:
    grant(member, 1000)
    margin = earn(member, 30, "old")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE billing_transfer DISABLE TRIGGER transfer_append_only")
    Transfer.objects.filter(dst=margin).update(created_at=timezone.now() - datetime.timedelta(minutes=11))
    earn(member, 12, "new")
    assert chart.take_snapshot(margin) is True
    assert AccountSnapshot.objects.get(account=margin).balance == 30
    assert chart.take_snapshot(margin) is False
    assert ledger.balance_of(margin) == 42
