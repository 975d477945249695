"""What a shop earned on calls is told by day, whatever became stock since."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts.models import Membership
from billing import chart, earnings, ledger, margins
from billing.models import AccountSnapshot, LedgerAccount
from tests.billing.conftest import grant
from tests.billing.test_margins import earn

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def test_earnings_are_told_by_day_and_stock_is_no_loss(member: Membership) -> None:
    grant(member, 1000)
    margin = earn(member, 30, "a")
    earn(member, 12, "b")
    today = timezone.now().astimezone(datetime.UTC).date()
    assert margins.settle_margins(day=today) == 1
    wallet = ledger.wallet(membership_id=member.pk).pk
    ledger.transfer(kind="reversal", key="back", src_id=margin.pk, dst_id=wallet, amount=2)
    since = datetime.datetime.combine(today, datetime.time(), datetime.UTC)
    rows = LedgerAccount.objects.all()
    assert earnings.by_day(rows, since=since, until=since + DAY) == {(member.tenant_id, today): 40}
    assert earnings.by_day(rows, since=since - DAY, until=since) == {}
    assert earnings.by_day(rows.exclude(tenant_id=member.tenant_id), since=since, until=since + DAY) == {}


def test_what_a_snapshot_covered_before_the_span_is_not_looked_at(member: Membership) -> None:
    grant(member, 1000)
    margin = earn(member, 30, "a")
    now = timezone.now()
    today = now.astimezone(datetime.UTC).date()
    since = datetime.datetime.combine(today, datetime.time(), datetime.UTC)
    last = margin.credits.latest("pk")
    kept = AccountSnapshot.objects.create(account=margin, transfer_id=last.pk - 1, balance=0)
    AccountSnapshot.objects.filter(pk=kept.pk).update(created_at=since - DAY)
    assert earnings.by_day(LedgerAccount.objects.all(), since=since, until=since + DAY) == {(member.tenant_id, today): 30}
    assert chart.balance_of(margin) == 30
