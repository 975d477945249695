"""The verbs of the ledger: exact balances, idempotency, cover, and races at the edge of a wallet."""

from __future__ import annotations

import datetime

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models import Membership, Tenant, User
from billing import ledger
from billing.models import Hold, Journal, LedgerAccount, Transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Membership:
    root = Tenant.objects.get_or_create(parent=None, defaults={"slug": "platform", "name": "Platform"})[0]
    shop = Tenant.objects.create(slug="shop", name="Shop", parent=root)
    return Membership.objects.create(tenant=shop, user=User.objects.create_user(email="buyer@example.test"))


def fund(member: Membership, amount: int, key: str = "fund") -> LedgerAccount:
    wallet = ledger.wallet(membership_id=member.pk)
    ledger.transfer(kind="grant", key=key, src_id=ledger.account(kind="issuer").pk, dst_id=wallet.pk, amount=amount)
    return wallet


def test_a_grant_moves_money_from_the_issuer_to_the_wallet(member: Membership) -> None:
    wallet = fund(member, 5_000_000)
    assert ledger.balance(membership_id=member.pk) == ledger.Balance(5_000_000, 0, 0)
    assert ledger.balance_of(ledger.account(kind="issuer")) == -5_000_000
    assert LedgerAccount.objects.get(kind="issuer").balance == 0
    assert wallet.tenant_id == member.tenant_id


def test_the_same_key_and_body_moves_money_once(member: Membership) -> None:
    first = fund(member, 100)
    assert fund(member, 100) == first
    assert ledger.balance_of(first) == 100
    assert Journal.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(member: Membership) -> None:
    wallet = fund(member, 100)
    with pytest.raises(ledger.KeyReused):
        fund(member, 101)
    assert ledger.balance_of(wallet) == 100


def test_a_debit_that_is_not_covered_moves_nothing(member: Membership) -> None:
    wallet = fund(member, 100)
    usage = ledger.account(kind="sink_usage")
    with pytest.raises(ledger.InsufficientFunds) as refused:
        ledger.transfer(kind="test", key="too much", src_id=wallet.pk, dst_id=usage.pk, amount=101)
    assert refused.value.account_ids == (wallet.pk,)
    assert ledger.balance_of(wallet) == 100
    assert not Journal.objects.filter(key="too much").exists()


def test_what_is_held_cannot_be_moved(member: Membership) -> None:
    wallet = fund(member, 100)
    ledger.hold(key="h", account_id=wallet.pk, amount=60, expires_at=timezone.now())
    with pytest.raises(ledger.InsufficientFunds):
        ledger.transfer(kind="test", key="t", src_id=wallet.pk, dst_id=ledger.account(kind="sink_usage").pk, amount=41)
    assert ledger.balance(membership_id=member.pk) == ledger.Balance(40, 60, 0)


def test_a_hold_ends_once_and_its_rest_is_free_again(member: Membership) -> None:
    wallet = fund(member, 100)
    usage = ledger.account(kind="sink_usage")
    ledger.hold(key="h", account_id=wallet.pk, amount=60, expires_at=timezone.now())
    paid = ledger.capture(key="h", lines=[ledger.Line(wallet.pk, usage.pk, 25)])
    assert ledger.capture(key="h", lines=[ledger.Line(wallet.pk, usage.pk, 25)]) == paid
    assert ledger.void(key="h") is False
    assert ledger.balance(membership_id=member.pk) == ledger.Balance(75, 0, 0)
    assert ledger.balance_of(usage) == 25
    with pytest.raises(ledger.KeyReused):
        ledger.capture(key="h", lines=[ledger.Line(wallet.pk, usage.pk, 24)])


def test_a_voided_hold_cannot_be_captured(member: Membership) -> None:
    wallet = fund(member, 100)
    ledger.hold(key="h", account_id=wallet.pk, amount=60, expires_at=timezone.now())
    assert ledger.void(key="h") is True
    with pytest.raises(ledger.HoldEnded):
        ledger.capture(key="h", lines=[ledger.Line(wallet.pk, ledger.account(kind="sink_usage").pk, 1)])
    assert ledger.balance(membership_id=member.pk) == ledger.Balance(100, 0, 0)


def test_a_hold_whose_time_is_over_expires(member: Membership) -> None:
    wallet = fund(member, 100)
    ledger.hold(key="old", account_id=wallet.pk, amount=60, expires_at=timezone.now() - datetime.timedelta(seconds=1))
    ledger.hold(key="new", account_id=wallet.pk, amount=30, expires_at=timezone.now() + datetime.timedelta(hours=1))
    assert ledger.expire_holds() == 1
    assert Hold.objects.get(key="old").state == "expired"
    assert ledger.balance(membership_id=member.pk) == ledger.Balance(70, 30, 0)


def test_the_same_hold_twice_sets_money_aside_once(member: Membership) -> None:
    wallet = fund(member, 100)
    when = timezone.now()
    assert ledger.hold(key="h", account_id=wallet.pk, amount=60, expires_at=when) == ledger.hold(
        key="h", account_id=wallet.pk, amount=60, expires_at=when
    )
    with pytest.raises(ledger.KeyReused):
        ledger.hold(key="h", account_id=wallet.pk, amount=61, expires_at=when)
    assert ledger.balance(membership_id=member.pk) == ledger.Balance(40, 60, 0)


def test_a_reversal_undoes_a_journal_once(member: Membership) -> None:
    wallet = fund(member, 100)
    journal = Journal.objects.get(key="fund")
    undone = ledger.reverse(journal=journal)
    assert ledger.reverse(journal=journal) == undone
    assert undone.reverses == journal
    assert ledger.balance_of(wallet) == 0
    assert ledger.balance_of(ledger.account(kind="issuer")) == 0


def test_credit_that_expires_counts_apart(member: Membership) -> None:
    fund(member, 100)
    lot = ledger.lot(membership_id=member.pk, expires_at=timezone.now() + datetime.timedelta(days=1))
    gone = ledger.lot(membership_id=member.pk, expires_at=timezone.now() - datetime.timedelta(days=1))
    issuer = ledger.account(kind="issuer")
    ledger.post(kind="gift", key="g", lines=[ledger.Line(issuer.pk, lot.pk, 7), ledger.Line(issuer.pk, gone.pk, 9)])
    assert ledger.balance(membership_id=member.pk) == ledger.Balance(107, 0, 7, ending_micros=7, ends_at=lot.expires_at)


def test_accounts_of_two_ledgers_never_meet(member: Membership) -> None:
    cash = ledger.account(kind="cash", tenant_id=member.tenant_id, ledger="M:CNY")
    with pytest.raises(ValueError, match="share one ledger"):
        ledger.transfer(kind="t", key="t", src_id=cash.pk, dst_id=ledger.wallet(membership_id=member.pk).pk, amount=1)


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_is_above_zero(member: Membership, amount: int) -> None:
    with pytest.raises(ValueError, match="above 0"):
        fund(member, amount)


@pytest.mark.parametrize("table", [Journal, Transfer])
def test_journals_and_transfers_are_append_only(member: Membership, table: type[Journal] | type[Transfer]) -> None:
    fund(member, 100)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        table.objects.update(created_at=timezone.now())
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        table.objects.all()._raw_delete("default")
    assert table.objects.count() == 1
