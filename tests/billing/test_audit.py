"""The audit finds each kind of wrong, and nothing where all is right."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import audit, leases, ledger, settlement
from billing.models import Hold, Journal, KeyBudget, LedgerAccount, PaymentAttempt, Slice
from billing.payments.base import ProviderEvent
from tests.billing.conftest import grant, make_key
from tests.billing.shop import PRICE, attempt, sandbox, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(member: Membership) -> LedgerAccount:
    """Return a wallet with a grant, a hold, a capture, a lease and a budget."""
    grant(member, 1000)
    wallet = ledger.wallet(membership_id=member.pk)
    usage = ledger.account(kind="sink_usage")
    ledger.hold(key="open", account_id=wallet.pk, amount=10, expires_at=timezone.now())
    ledger.hold(key="done", account_id=wallet.pk, amount=20, expires_at=timezone.now())
    ledger.capture(key="done", lines=[ledger.Line(wallet.pk, usage.pk, 15)])
    budget = KeyBudget.objects.create(api_key=make_key(member), total_limit=500)
    worker_id = uuid.uuid4()
    leases.register(worker_id=worker_id, node="test")
    wants = [leases.Want(budget.pk, 100, 0, 100)]
    leases.take(worker_id=worker_id, wallet=member.pk, need=100, want=0, whole=100, known=[], budgets=wants)
    return wallet


def test_right_books_have_no_findings(busy: LedgerAccount) -> None:
    assert audit.run() == []


def wrong_balance() -> None:
    LedgerAccount.objects.filter(kind="wallet").update(balance=984)


def wrong_held() -> None:
    LedgerAccount.objects.filter(kind="wallet").update(held=111)


def wrong_slice() -> None:
    Slice.objects.filter(is_budget=True).update(amount=99)


def wrong_hold() -> None:
    Hold.objects.filter(key="done").update(captured=14)


def empty_journal() -> None:
    Journal.objects.create(kind="test", key="empty", digest="")


def open_tables() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE billing_transfer DISABLE TRIGGER transfer_append_only")


@pytest.mark.parametrize(
    ("break_it", "found"),
    [
        (wrong_balance, ["I1", "I2"]),
        (wrong_held, ["I3"]),
        (wrong_slice, ["I3"]),
        (wrong_hold, ["I7"]),
        (empty_journal, ["I5"]),
        (open_tables, ["I8"]),
    ],
)
def test_what_is_wrong_is_found(busy: LedgerAccount, break_it: Callable[[], None], found: list[str]) -> None:
    break_it()
    assert [finding.invariant for finding in audit.run()] == found


def test_what_gateways_owe_is_payments_less_refunds(tenant: Tenant) -> None:
    made = attempt(stocked(tenant), sandbox(tenant))
    event = ProviderEvent(
        attempt_token=made.token, event_id="paid", kind="paid", transaction="t", amount_minor=made.amount_minor, currency=made.currency,
        occurred_at=timezone.now(),
    )  # fmt: skip
    settlement.settle(account=made.account, event=event)
    assert audit.run() == []
    PaymentAttempt.objects.update(received_minor=PRICE + 1)
    clearing = LedgerAccount.objects.get(kind="clearing")
    assert audit.run() == [audit.Finding("I10", f"clearing account {clearing.pk}", f"payments booked {PRICE}, made {PRICE + 1}")]


def test_a_finding_names_the_row_and_the_numbers(busy: LedgerAccount) -> None:
    wrong_balance()
    assert audit.run()[1] == audit.Finding("I2", f"account {busy.pk}", "balance 984, in - out 985")


def test_other_rooms_bring_their_own_checks(busy: LedgerAccount) -> None:
    finding = audit.Finding("I11", "journal 1", "x")
    assert audit.run(more=[lambda: [finding]]) == [finding]


@pytest.mark.django_db(transaction=True)
def test_the_audit_reads_one_snapshot_and_writes_nothing(busy: LedgerAccount) -> None:
    def look() -> list[audit.Finding]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')")
            isolation, read_only = cursor.fetchone()
            return [audit.Finding(isolation, read_only, "")]

    assert audit.run(more=[look]) == [audit.Finding("repeatable read", "on", "")]
