"""Credit that expires."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts import tenants
from accounts.models import Membership, User
from billing import audit, leases, ledger, lots, tasks
from billing.models import LedgerAccount

pytestmark = pytest.mark.django_db


def lot_of(member: Membership, amount: int, *, days: int) -> LedgerAccount:
    lot = ledger.lot(membership_id=member.pk, expires_at=timezone.now() + datetime.timedelta(days=days))
    ledger.transfer(kind="grant", key=f"lot:{uuid.uuid4()}", src_id=ledger.account(kind="issuer").pk, dst_id=lot.pk, amount=amount)
    return lot


def pass_by(lot: LedgerAccount) -> None:
    LedgerAccount.objects.filter(pk=lot.pk).update(expires_at=timezone.now() - datetime.timedelta(seconds=1))


def test_a_resellers_expired_credit_goes_back_to_its_stock(member: Membership) -> None:
    due, later = lot_of(member, 500, days=1), lot_of(member, 70, days=2)
    pass_by(due)
    assert tasks.expire_lots() == "1 lots"
    assert lots.expire_due() == 0
    stock = ledger.account(kind="stock", tenant_id=member.tenant_id)
    assert [ledger.balance_of(one) for one in (due, later, stock)] == [0, 70, 500]
    assert audit.run() == []


def test_the_platforms_expired_credit_is_breakage(member: Membership) -> None:
    own = tenants.join(tenant=tenants.root(), user=User.objects.create_user(email="own@example.test"))
    due = lot_of(own, 500, days=1)
    pass_by(due)
    assert lots.expire_due() == 1
    assert ledger.balance_of(ledger.account(kind="breakage", tenant_id=own.tenant_id)) == 500


def test_what_calls_hold_expires_when_it_comes_back(member: Membership, worker: Callable[[], uuid.UUID]) -> None:
    due, worker_id = lot_of(member, 500, days=1), worker()
    leases.take(worker_id=worker_id, wallet=member.pk, need=200, want=0, whole=200, known=[], budgets=[])
    pass_by(due)
    stock = ledger.account(kind="stock", tenant_id=member.tenant_id)
    assert (lots.expire_due(), ledger.balance_of(stock)) == (1, 300)
    leases.give(worker_id=worker_id, gives=[(False, due.pk, 200, 1)])
    assert (lots.expire_due(), ledger.balance_of(stock)) == (1, 500)
    assert audit.run() == []
