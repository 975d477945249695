"""Every verb of the ledger in random order against a dictionary; the invariants hold after each step."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from billing import audit, ledger
from billing.models import Journal, LedgerAccount
from tests.billing.conftest import make_member

AMOUNT = strategies.integers(min_value=1, max_value=60)
WALLET = strategies.sampled_from(["a", "b", "stock"])
ANY = strategies.sampled_from(["a", "b", "stock", "issuer", "usage", "margin"])
KEY = strategies.sampled_from([f"k{n}" for n in range(6)])
FREE = {"issuer", "usage", "margin"}


class Books(RuleBasedStateMachine):
    """The model: balances, holds (account, amount, state), and the body first posted under each key."""

    def __init__(self) -> None:
        super().__init__()
        # Each run in a transaction of its own that is rolled back.
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @initialize()
    def open(self) -> None:
        members = [make_member(slug=slug) for slug in ("a", "b")]
        tenant = members[0].tenant_id
        self.ids = {
            "a": ledger.wallet(membership_id=members[0].pk).pk,
            "b": ledger.wallet(membership_id=members[1].pk).pk,
            "stock": ledger.account(kind="stock", tenant_id=tenant).pk,
            "issuer": ledger.account(kind="issuer").pk,
            "usage": ledger.account(kind="sink_usage").pk,
            "margin": ledger.account(kind="margin", tenant_id=tenant).pk,
        }
        self.balance = dict.fromkeys(self.ids, 0)
        self.posted: dict[str, Any] = {}
        self.reversed: set[str] = set()
        self.holds: dict[str, list[Any]] = {}
        self._post("start", [("issuer", "a", 100), ("issuer", "stock", 50)])

    def held(self, name: str) -> int:
        return sum(amount for account, amount, state in self.holds.values() if account == name and state == "open")

    def covers(self, name: str, amount: int) -> bool:
        return name in FREE or self.balance[name] - self.held(name) >= amount

    def _post(self, key: str, body: list[tuple[str, str, int]]) -> None:
        lines = [ledger.Line(self.ids[src], self.ids[dst], amount) for src, dst, amount in body]
        net = {name: sum(a for _s, d, a in body if d == name) - sum(a for s, _d, a in body if s == name) for name in self.ids}
        if key in self.posted:
            expected: Any = contextlib.nullcontext() if self.posted[key] == body else pytest.raises(ledger.KeyReused)
        elif all(self.covers(name, -change) for name, change in net.items() if change < 0):
            expected = contextlib.nullcontext()
            self.posted[key] = body
            self.balance = {name: self.balance[name] + net[name] for name in self.ids}
        else:
            expected = pytest.raises(ledger.InsufficientFunds)
        with expected:
            ledger.post(kind="test", key=key, lines=lines)

    @rule(key=KEY, src=ANY, dst=ANY, amount=AMOUNT)
    def transfer(self, key: str, src: str, dst: str, amount: int) -> None:
        if src != dst:
            self._post(key, [(src, dst, amount)])

    @rule(key=KEY, src=WALLET, wholesale=AMOUNT, retail=AMOUNT)
    def sell(self, key: str, src: str, wholesale: int, retail: int) -> None:
        self._post(key, [(src, "usage", wholesale), (src, "margin", retail)])

    @rule(key=KEY)
    def reverse(self, key: str) -> None:
        if key not in self.posted:
            return
        body = [(dst, src, amount) for src, dst, amount in self.posted[key]]
        net = {name: sum(a for _s, d, a in body if d == name) - sum(a for s, _d, a in body if s == name) for name in self.ids}
        is_covered = key in self.reversed or all(self.covers(name, -change) for name, change in net.items() if change < 0)
        with contextlib.nullcontext() if is_covered else pytest.raises(ledger.InsufficientFunds):
            ledger.reverse(journal=Journal.objects.get(key=key))
        if is_covered and key not in self.reversed:
            self.reversed.add(key)
            self.balance = {name: self.balance[name] + net[name] for name in self.ids}

    @rule(key=KEY, account=WALLET, amount=AMOUNT)
    def hold(self, key: str, account: str, amount: int) -> None:
        known = self.holds.get(key)
        if known is not None:
            expected: Any = contextlib.nullcontext() if known[:2] == [account, amount] else pytest.raises(ledger.KeyReused)
        elif self.covers(account, amount):
            expected = contextlib.nullcontext()
        else:
            expected = pytest.raises(ledger.InsufficientFunds)
        covered = self.covers(account, amount)
        with expected:
            ledger.hold(key=key, account_id=self.ids[account], amount=amount, expires_at=timezone.now())
        if known is None and covered:
            self.holds[key] = [account, amount, "open"]

    @rule(key=KEY, share=strategies.integers(min_value=1, max_value=60))
    def capture(self, key: str, share: int) -> None:
        if key not in self.holds:
            return
        account, amount, state = self.holds[key]
        part = min(share, amount)
        expected: Any = contextlib.nullcontext()
        if state in {"voided", "expired"}:
            expected = pytest.raises(ledger.HoldEnded)
        elif state not in {"open", part}:
            expected = pytest.raises(ledger.KeyReused)
        with expected:
            ledger.capture(key=key, lines=[ledger.Line(self.ids[account], self.ids["usage"], part)])
        if state == "open":
            self.holds[key][2] = part
            self.balance[account] -= part
            self.balance["usage"] += part

    @rule(key=KEY)
    def void(self, key: str) -> None:
        if key in self.holds:
            assert ledger.void(key=key) is (self.holds[key][2] == "open")
            if self.holds[key][2] == "open":
                self.holds[key][2] = "voided"

    @rule()
    def expire(self) -> None:
        due = [hold for hold in self.holds.values() if hold[2] == "open"]
        assert ledger.expire_holds() == len(due)
        for hold in due:
            hold[2] = "expired"

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "ids"):
            return
        for name, pk in self.ids.items():
            account = LedgerAccount.objects.get(pk=pk)
            assert (ledger.balance_of(account), account.held) == (self.balance[name], self.held(name))
        assert audit.run() == []


@pytest.mark.django_db
def test_no_order_of_verbs_breaks_the_books() -> None:
    run_state_machine_as_test(
        Books, settings=settings(max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
    )
