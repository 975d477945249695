"""Posting: each line once, its money exactly, and no line that blocks another."""

from __future__ import annotations

import datetime
import threading
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.utils import timezone

from accounts.models import Tenant
from billing import leases, ledger
from billing.models import Journal, KeyBudget, LedgerAccount, Slice, Transfer, UnpricedUse
from foundation.ids import uuid7
from gateway import settle
from gateway.models import UsageQuarantine, UsageRecord
from tests.gateway.spooling import Customer, customer, money
from tests.zones import noonday

pytestmark = pytest.mark.django_db(transaction=True)


def post(who: Customer, *lines: Any) -> int:
    return settle.post_all(worker_id=who.worker_id, lines=list(lines))


def test_a_line_becomes_a_row_a_journal_and_two_transfers() -> None:
    who = customer()
    line = who.line(10)
    assert post(who, line) == 1
    row = UsageRecord.objects.get()
    journal = Journal.objects.get(kind="use")
    assert (row.id, row.price_micros, row.journal_id, row.numerator) == (line.id, 10, journal.pk, Decimal(9_999_995))
    assert (row.input_tokens, row.output_tokens, row.usage) == (7, 5, {"input": 3, "cache_read": 4, "output": 5})
    assert (row.api_key, row.membership, row.tenant, row.tried, row.splits) == (who.key, who.member, who.member.tenant, [1], line.splits)
    assert journal.key == f"use:{line.id}"
    moved = list(Transfer.objects.filter(journal=journal).order_by("id").values_list("src_id", "dst_id", "amount"))
    assert moved == [(who.main, who.sink, 8), (who.main, who.margin, 2)]
    assert money(who) == (990, 490)
    assert Slice.objects.get().amount == 490


def test_the_same_lines_again_change_nothing() -> None:
    who = customer()
    lines = [who.line(10), who.line(20)]
    assert post(who, *lines) == 2
    assert post(who, *lines, who.line(5)) == 1
    assert money(who) == (965, 465)
    assert UsageRecord.objects.count() == 3


def test_a_batch_makes_one_journal_a_wallet() -> None:
    first = customer()
    second = customer(slug="other", worker_id=first.worker_id)
    post(first, first.line(10), second.line(20), first.line(30))
    assert sorted(Transfer.objects.filter(journal__kind="use").values_list("src_id", "amount")) == sorted(
        [(first.main, 16), (first.main, 24), (second.main, 8), (second.main, 12)]
    )
    assert (money(first), money(second)) == ((960, 460), (980, 480))


def test_a_free_call_leaves_a_row_without_a_journal() -> None:
    who = customer()
    assert post(who, who.line(0)) == 1
    assert UsageRecord.objects.get().journal_id is None
    assert not Journal.objects.filter(kind="use").exists()


def test_a_price_beyond_the_reservation_is_paid_from_what_is_free() -> None:
    who = customer(funds=1000, leased=100)
    post(who, who.line(150, parts=[[who.main, 100]], splits=[[who.sink, 150]]))
    assert money(who) == (850, 0)


def test_what_the_wallet_cannot_pay_is_owed() -> None:
    who = customer(funds=100, leased=100)
    post(who, who.line(150, parts=[[who.main, 100]], splits=[[who.sink, 120], [who.margin, 30]]))
    owed = ledger.receivable(membership_id=who.member.pk)
    assert money(who) == (0, 0)
    assert ledger.balance_of(owed) == -50
    assert list(Transfer.objects.filter(journal__kind="use").order_by("id").values_list("src_id", "dst_id", "amount")) == [
        (who.main, who.sink, 100), (owed.pk, who.sink, 20), (owed.pk, who.margin, 30),
    ]  # fmt: skip


def test_a_line_found_after_the_burial_is_paid_from_what_is_free() -> None:
    who = customer()
    leases.bury(worker_id=who.worker_id)
    post(who, who.line(10))
    assert money(who) == (990, 0)


def test_an_empty_lot_passes_its_part_on_to_the_main_account() -> None:
    who = customer(leased=0)
    lot = ledger.lot(membership_id=who.member.pk, expires_at=timezone.now() + datetime.timedelta(days=1))
    ledger.transfer(kind="gift", key="g", src_id=ledger.account(kind="issuer").pk, dst_id=lot.pk, amount=6)
    post(who, who.line(10, parts=[[lot.pk, 9], [who.main, 1]], splits=[[who.sink, 10]]))
    assert LedgerAccount.objects.get(pk=lot.pk).balance == 0
    assert money(who) == (996, 0)


def test_a_budget_counts_what_was_posted_in_every_window() -> None:
    who = customer(leased=0)
    Tenant.objects.update(zone=noonday())
    budget = KeyBudget.objects.create(api_key=who.key, total_limit=1000, day_limit=500)
    wants = [leases.Want(budget.pk, 100, 0, 100)]
    leases.take(worker_id=who.worker_id, wallet=who.member.pk, need=100, want=0, whole=100, known=[], budgets=wants)
    post(who, who.line(30, budgets=[budget.pk]), who.line(40, budgets=[budget.pk]))
    budget.refresh_from_db()
    assert (budget.held, budget.total_used, budget.five_hours_used, budget.day_used, budget.week_used, budget.month_used) == (30, *[70] * 5)
    KeyBudget.objects.update(day_start=timezone.now() - datetime.timedelta(days=1))
    post(who, who.line(5, budgets=[budget.pk]))
    budget.refresh_from_db()
    assert (budget.held, budget.total_used, budget.day_used, budget.week_used) == (25, 75, 5, 75)


def test_a_poisoned_line_is_charged_by_its_numbers_and_kept_apart() -> None:
    who = customer()
    bad = who.line(10, model="gpt\x00x")
    lines = [who.line(1) for _ in range(6)]
    assert post(who, *lines[:3], bad, *lines[3:]) == 7
    assert money(who) == (984, 484)
    kept = UsageQuarantine.objects.get()
    assert kept.was_charged is True
    assert UsageRecord.objects.get(pk=bad.id).model == "?"
    assert post(who, *lines, bad) == 0
    assert UsageQuarantine.objects.count() == 1


def test_a_line_whose_numbers_are_wrong_is_only_kept() -> None:
    who = customer()
    assert post(who, who.line(10, splits=[[who.sink, 9]]), who.line(10)) == 1
    assert money(who) == (990, 490)
    assert UsageQuarantine.objects.get().was_charged is False


def test_a_line_of_a_tenant_that_never_was_is_only_kept() -> None:
    who = customer()
    assert post(who, who.line(10, tenant=10**9), who.line(10)) == 1
    assert money(who) == (990, 490)


def test_a_database_that_is_away_is_no_fault_of_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    who = customer()

    def fail(**asked: Any) -> int:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(settle, "post", fail)
    with pytest.raises(settle.Unavailable):
        post(who, who.line(10))
    assert not UsageQuarantine.objects.exists()


def test_the_same_batch_posted_by_two_at_once_counts_once() -> None:
    who = customer(funds=100_000, leased=50_000)
    lines = [who.line(10) for _ in range(200)]
    barrier = threading.Barrier(4)
    posted: list[int] = []

    def run() -> None:
        barrier.wait()
        for start in range(0, 200, 50):
            posted.append(settle.post_all(worker_id=who.worker_id, lines=lines[start : start + 50]))
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(posted), sum(posted)) == (16, 200)
    assert money(who) == (98_000, 48_000)


def test_usage_is_read_by_the_time_inside_its_id() -> None:
    who = customer()
    now = timezone.now()
    hour = datetime.timedelta(hours=1)
    old = who.line(1, id=uuid7(int((now - 2 * hour).timestamp() * 1000)))
    post(who, old, who.line(1))
    assert [row.id for row in UsageRecord.objects.between(now - 3 * hour, now - hour)] == [old.id]
    assert abs(UsageRecord.objects.get(pk=old.id).created_at - (now - 2 * hour)) < datetime.timedelta(seconds=1)


def test_an_unknown_worker_may_post() -> None:
    who = customer(leased=0)
    assert settle.post_all(worker_id=uuid.uuid4(), lines=[who.line(10)]) == 1
    assert money(who) == (990, 0)


def test_what_nobody_priced_is_counted_with_its_line_and_once() -> None:
    who = customer()
    searched = {"input": 3, "tool:web_search": 2}
    given = [who.line(1, usage=searched, unpriced=["tool:web_search"]) for _ in range(2)]
    for _ in range(2):
        post(who, *given, who.line(1))
    assert list(UnpricedUse.objects.values_list("model", "unit", "calls", "amount")) == [("gpt-x", "tool:web_search", 2, 4)]
