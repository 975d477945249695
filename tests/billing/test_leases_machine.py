"""Leases against a dictionary: whatever workers take, give, post, lose and die of, in any order, the books stay right."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import hypothesis
import pytest
from django.db import transaction
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from billing import audit, captures, leases, ledger
from billing.models import LedgerAccount
from foundation.ids import uuid7
from tests.billing.conftest import make_member

AMOUNT = st.integers(1, 60)
PICK = st.integers(0, 2)


@dataclass
class Worker:
    """What a worker believes: `free` of its slice is in no call, `served` is spooled and not yet posted."""

    id: uuid.UUID = field(default_factory=uuid.uuid4)
    seq: int = 0
    free: int = 0
    served: list[int] = field(default_factory=list)
    is_dead: bool = False


@dataclass
class Call:
    """A served call as the spool has it."""

    id: uuid.UUID
    tenant: int
    member: int
    main: int
    price: int
    parts: list[list[int]]
    splits: list[list[int]]
    budgets: list[int] = field(default_factory=list)


class LeaseMachine(RuleBasedStateMachine):
    """The model: one wallet, its `balance`, and what each of three workers holds of it."""

    def __init__(self) -> None:
        super().__init__()
        self.member = make_member(slug=f"s{uuid.uuid4().hex[:8]}")
        self.wallet = ledger.wallet(membership_id=self.member.pk).pk
        self.sink = ledger.account(kind="sink_usage").pk
        self.issuer = ledger.account(kind="issuer").pk
        self.balance = self.paid = 0
        self.workers = [self._born() for _ in range(3)]
        self.top_up(200)

    def _born(self) -> Worker:
        worker = Worker()
        leases.register(worker_id=worker.id, node="test")
        return worker

    def held(self) -> int:
        return sum(worker.free + sum(worker.served) for worker in self.workers if not worker.is_dead)

    @rule(amount=AMOUNT)
    def top_up(self, amount: int) -> None:
        ledger.transfer(kind="grant", key=f"m:{uuid.uuid4()}", src_id=self.issuer, dst_id=self.wallet, amount=amount)
        self.balance += amount

    @rule(pick=PICK, amount=AMOUNT, arrives=st.booleans(), is_heard=st.booleans())
    def take(self, pick: int, amount: int, arrives: bool, is_heard: bool) -> None:
        worker = self.workers[pick]
        if worker.is_dead:
            with pytest.raises(leases.WorkerDead):
                self._take(worker, amount)
            return
        free = self.balance - self.held()
        if not arrives:
            self._resolve(worker, 0)
            return
        taken = self._take(worker, amount)
        if amount > free:
            assert taken.no is not None
            assert taken.no.is_final == (amount > self.balance)
        elif is_heard:
            assert [(one.amount, one.seq) for one in taken.grants] == [(amount, worker.seq + 1)]
            worker.seq, worker.free = worker.seq + 1, worker.free + amount
        else:
            self._resolve(worker, amount)
            worker.free += amount

    @precondition(lambda self: any(worker.free for worker in self.workers))
    @rule(pick=PICK, part=AMOUNT, arrives=st.booleans(), is_heard=st.booleans())
    def give(self, pick: int, part: int, arrives: bool, is_heard: bool) -> None:
        worker = self.workers[pick]
        amount = min(part, worker.free)
        gives = [(False, self.wallet, amount, worker.seq)]
        if worker.is_dead:
            with pytest.raises(leases.WorkerDead):
                leases.give(worker_id=worker.id, gives=gives)
            return
        if not amount:
            return
        if arrives:
            leases.give(worker_id=worker.id, gives=gives)
            worker.free -= amount
        if arrives and is_heard:
            worker.seq += 1
        else:
            self._resolve(worker, -amount if arrives else 0)
            self._late(worker, gives)

    @rule(pick=PICK, price=AMOUNT)
    def serve(self, pick: int, price: int) -> None:
        worker = self.workers[pick]
        if price <= worker.free and not worker.is_dead:
            worker.free -= price
            worker.served.append(price)

    @rule(pick=PICK)
    def post(self, pick: int) -> None:
        """A dead worker's lines are found late: they are paid from what is free, the rest is owed."""
        worker = self.workers[pick]
        if not worker.served:
            return
        price = sum(worker.served)
        calls = [self._call(one) for one in worker.served]
        journals = dict.fromkeys([self.member.pk], captures.open_batch(1)[0])
        captures.capture_batch(worker_id=worker.id, lines=calls, journals=journals)
        payable = min(price, self.balance - self.held()) if worker.is_dead else price
        worker.served = []
        self.balance -= payable
        self.paid += price
        if payable < price:
            ledger.transfer(kind="grant", key=f"m:{uuid.uuid4()}", src_id=self.issuer, dst_id=self.wallet, amount=price - payable)
            assert ledger.repay(membership_id=self.member.pk) == price - payable

    @rule(pick=PICK)
    def bury(self, pick: int) -> None:
        worker = self.workers[pick]
        assert leases.bury(worker_id=worker.id) is not worker.is_dead
        worker.is_dead, worker.free = True, 0

    @precondition(lambda self: any(worker.is_dead and not worker.served for worker in self.workers))
    @rule()
    def start_anew(self) -> None:
        self.workers = [self._born() if worker.is_dead and not worker.served else worker for worker in self.workers]

    @invariant()
    def books_are_right(self) -> None:
        wallet = LedgerAccount.objects.get(pk=self.wallet)
        assert (wallet.balance, wallet.held, wallet.floor) == (self.balance, self.held(), 0)
        assert ledger.balance_of(LedgerAccount.objects.get(pk=self.sink)) >= self.paid
        assert audit.run() == []

    def _take(self, worker: Worker, amount: int) -> leases.Taken:
        known = [(False, self.wallet, worker.seq)]
        return leases.take(worker_id=worker.id, wallet=self.member.pk, need=amount, want=0, whole=amount, known=known, budgets=[])

    def _resolve(self, worker: Worker, delta: int) -> None:
        ends = leases.resolve(worker_id=worker.id, wallet=self.member.pk, known=[(False, self.wallet, worker.seq)])
        assert [(one.pool, one.amount, one.seq) for one in ends] == [(self.wallet, delta, worker.seq + 1)]
        worker.seq += 1

    def _late(self, worker: Worker, gives: list[tuple[bool, int, int, int]]) -> None:
        """The lost message lands after all: it changes nothing."""
        with pytest.raises(leases.OutOfStep), transaction.atomic():
            leases.give(worker_id=worker.id, gives=gives)

    def _call(self, price: int) -> Call:
        return Call(uuid7(), self.member.tenant_id, self.member.pk, self.wallet, price, [[self.wallet, price]], [[self.sink, price]])


@pytest.mark.django_db
def test_no_order_of_leases_breaks_the_books() -> None:
    settings = hypothesis.settings(
        max_examples=15, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(LeaseMachine, settings=settings)
