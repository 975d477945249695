"""What calls cost beyond the wallet is owed, never leased again meanwhile, and paid back from the next money."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.utils import timezone

from billing import audit, leases, ledger
from billing.models import LedgerAccount
from gateway import reconcile, settle
from tests.billing.conftest import grant
from tests.gateway.spooling import Customer, customer, money

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def debtor() -> Customer:
    """A customer whose 1,000 µ$ paid a call of 1,300: 300 are owed."""
    who = customer(funds=1000, leased=1000)
    settle.post(worker_id=who.worker_id, lines=[who.line(1300, parts=[[who.main, 1000]], splits=[[who.sink, 1300]])])
    return who


def owed(who: Customer) -> int:
    return -ledger.balance_of(ledger.receivable(membership_id=who.member.pk))


def test_a_debt_raises_the_floor_and_is_no_money_to_spend(debtor: Customer) -> None:
    assert (owed(debtor), debtor.wallet().floor) == (300, 300)
    assert ledger.balance(membership_id=debtor.member.pk).available_micros == -300


def test_a_top_up_pays_the_debt_first(debtor: Customer) -> None:
    grant(debtor.member, 100)
    assert (owed(debtor), money(debtor), debtor.wallet().floor) == (200, (0, 0), 200)
    grant(debtor.member, 500)
    assert (owed(debtor), money(debtor), debtor.wallet().floor) == (0, (300, 0), 0)
    assert audit.run(more=reconcile.CHECKS) == []


def test_expiring_credit_pays_the_debt_too(debtor: Customer) -> None:
    lot = ledger.lot(membership_id=debtor.member.pk, expires_at=timezone.now() + datetime.timedelta(days=1))
    ledger.transfer(kind="grant", key="lot", src_id=ledger.account(kind="issuer").pk, dst_id=lot.pk, amount=1000)
    assert (owed(debtor), ledger.balance_of(lot)) == (0, 700)


def test_what_was_leased_pays_when_it_comes_back(debtor: Customer) -> None:
    LedgerAccount.objects.filter(pk=debtor.main).update(floor=0)  # nobody knew of the debt yet when this was leased
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "repay", lambda **asked: 0)
        grant(debtor.member, 500)
    worker_id = uuid.uuid4()
    leases.register(worker_id=worker_id, node="test")
    leases.take(worker_id=worker_id, wallet=debtor.member.pk, need=500, want=0, whole=500, known=[], budgets=[])
    LedgerAccount.objects.filter(pk=debtor.main).update(floor=300)
    assert (ledger.collect_debts(), owed(debtor)) == (0, 300)

    leases.give(worker_id=worker_id, gives=[(False, debtor.main, 400, 1)])
    assert (ledger.collect_debts(), owed(debtor), money(debtor)) == (300, 0, (200, 100))
    assert audit.run(more=reconcile.CHECKS) == []


def test_what_is_owed_is_leased_to_nobody(debtor: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "repay", lambda **asked: 0)
    grant(debtor.member, 350)
    worker_id = uuid.uuid4()
    leases.register(worker_id=worker_id, node="test")

    def take(need: int) -> leases.Taken:
        return leases.take(worker_id=worker_id, wallet=debtor.member.pk, need=need, want=0, whole=need, known=[], budgets=[])

    refused = take(51).no
    assert refused is not None
    assert refused.is_final
    assert [one.amount for one in take(50).grants] == [50]
