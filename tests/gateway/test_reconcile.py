"""Usage rows and journals agree, or the audit says where they do not."""

from __future__ import annotations

import pytest

from billing import audit
from gateway import reconcile, settle
from gateway.models import UsageRecord
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
