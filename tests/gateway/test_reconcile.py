"""Usage rows and journals agree, or the audit says where they do not."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Tenant
from billing import audit, ledger, price_book, unpriced
from billing.models import LedgerAccount
from channels_app import channels
from channels_app.models import BalanceReading
from foundation.ids import uuid7
from gateway import reconcile, rollups, settle
from gateway.models import UsageQuarantine, UsageRecord
from tests.gateway.spooling import Customer, customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def served() -> Customer:
    who = customer(funds=100, leased=50)
    settle.post_all(worker_id=who.worker_id, lines=[who.line(10), who.line(0), who.line(150, parts=[[who.main, 40]])])
    return who


def test_what_was_posted_reconciles_debts_included(served: Customer) -> None:
    assert audit.run(more=reconcile.CHECKS) == []


def test_a_row_that_costs_something_else_is_found(served: Customer) -> None:
    UsageRecord.objects.filter(price_micros=10).update(price_micros=11)
    journal = UsageRecord.objects.get(price_micros=11).journal_id
    assert audit.run(more=reconcile.CHECKS) == [audit.Finding("I11", f"journal {journal}", "transfers 160, usage 161")]


def test_a_journal_without_rows_is_found(served: Customer) -> None:
    UsageRecord.objects.all().delete()
    assert [finding.invariant for finding in reconcile.usage_and_captures()] == ["I11"]


def test_a_row_without_a_journal_is_found(served: Customer) -> None:
    UsageRecord.objects.filter(price_micros=10).update(journal_id=None)
    assert len(reconcile.usage_and_captures()) == 2


def test_a_run_is_kept_with_all_checks_and_figures(served: Customer) -> None:
    run = reconcile.examine()
    assert (run.found, run.notices, set(run.checks.values())) == (0, 0, {0})
    assert {"I1", "I9", "I10", "I11", "I12", "unpriced", "upstream", "coverage"} <= run.checks.keys()
    # 100 came, 160 were asked for: everything is gone, 60 are owed
    assert (run.figures["outstanding"], run.figures["debts"], run.figures["upstream"]) == (0, 60, None)


def test_what_is_wrong_and_what_is_only_odd_are_told_apart(served: Customer) -> None:
    UsageRecord.objects.filter(price_micros=10).update(price_micros=11)
    price_book.set_price(model="m", input=1, output=1)
    unpriced.count([("m", {"seconds": 3})])
    UsageQuarantine.objects.create(worker_id=served.worker_id, raw=b"x", error="bad", digest="d")
    run = reconcile.examine()
    assert (run.found, run.notices) == (1, 2)
    found = list(run.findings.order_by("pk").values_list("check_name", "is_notice"))
    assert found == [("I11", False), ("unpriced", True), ("quarantine", True)]


def test_vendors_that_take_more_than_counted_or_hold_too_little_are_noticed() -> None:
    who = customer(funds=50_000_000, leased=20_000_000)
    channel = channels.add(name="c", provider="openai", base_url="https://v.test", key="sk-1", models=["m"])
    now = timezone.now()
    for minutes, amount in ((90, "20"), (1, "8")):
        BalanceReading.objects.create(channel=channel, amount=Decimal(amount), currency="USD", at=now - datetime.timedelta(minutes=minutes))
    half = uuid7(int((now - datetime.timedelta(minutes=30)).timestamp() * 1000))
    line = who.line(20_000_000, id=half, channel=channel.pk, cost=10_000_000, splits=[[who.sink, 20_000_000]])
    settle.post_all(worker_id=who.worker_id, lines=[line])
    rollups.roll_up()
    run = reconcile.examine()
    details = dict(run.findings.values_list("check_name", "detail"))
    assert details == {
        "coverage": "serving what customers hold costs about $15.00, the accounts at vendors hold $8.00",
        "upstream": "the vendor took $12.00, we counted $10.00: multiply the cost of this channel's models by 1.200",
    }


def test_gateways_that_pay_nothing_out_are_noticed(tenant: Tenant) -> None:
    clearing = ledger.account(kind="clearing", tenant_id=tenant.pk, ledger="M:CNY", owner=4)
    revenue = ledger.account(kind="revenue", tenant_id=tenant.pk, ledger="M:CNY")
    ledger.transfer(kind="test", key="p", src_id=clearing.pk, dst_id=revenue.pk, amount=3900)
    assert reconcile.examine().checks["clearing"] == 0
    LedgerAccount.objects.filter(pk=clearing.pk).update(created_at=timezone.now() - datetime.timedelta(days=46))
    run = reconcile.examine()
    assert (run.found, run.checks["clearing"]) == (0, 1)
    assert run.findings.get().detail.startswith("¥39.00 since ")
