"""Many at once: exactly one winner, exact sums, and nobody sees a database error."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import Membership
from billing import audit, ledger
from billing.models import Hold, Journal
from tests.billing.conftest import grant

pytestmark = pytest.mark.django_db(transaction=True)


def race(count: int, act: Callable[[int], str]) -> list[str]:
    """Run `act(number)` in threads that start together; return what each said, or the error's name."""
    barrier = threading.Barrier(count)
    said: list[str] = []

    def run(number: int) -> None:
        barrier.wait()
        try:
            said.append(act(number))
        except Exception as error:
            said.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(said)


def test_the_edge_of_a_wallet_is_never_crossed(member: Membership) -> None:
    """W21: no balance falls below nothing."""
    grant(member, 70)
    wallet, usage = ledger.wallet(membership_id=member.pk), ledger.account(kind="sink_usage")

    def spend(number: int) -> str:
        if number % 2:
            ledger.hold(key=f"h{number}", account_id=wallet.pk, amount=10, expires_at=timezone.now())
        else:
            ledger.transfer(kind="t", key=f"t{number}", src_id=wallet.pk, dst_id=usage.pk, amount=10)
        return "won"

    assert race(12, spend) == ["InsufficientFunds"] * 5 + ["won"] * 7
    assert ledger.balance(membership_id=member.pk).available_micros == 0
    assert audit.run() == []


def test_one_key_moves_money_once(member: Membership) -> None:
    wallet, issuer = ledger.wallet(membership_id=member.pk), ledger.account(kind="issuer")

    def post(number: int) -> str:
        return str(ledger.transfer(kind="t", key="same", src_id=issuer.pk, dst_id=wallet.pk, amount=10).pk)

    assert race(8, post) == [str(Journal.objects.get().pk)] * 8
    assert ledger.balance_of(wallet) == 10


def test_two_bodies_under_one_key_have_one_winner(member: Membership) -> None:
    wallet, issuer = ledger.wallet(membership_id=member.pk), ledger.account(kind="issuer")

    def post(number: int) -> str:
        ledger.transfer(kind="t", key="same", src_id=issuer.pk, dst_id=wallet.pk, amount=number + 1)
        return "won"

    assert race(6, post) == ["KeyReused"] * 5 + ["won"]
    assert 1 <= ledger.balance_of(wallet) <= 6


def test_a_hold_ends_once_whoever_ends_it(member: Membership) -> None:
    grant(member, 100)
    wallet, usage = ledger.wallet(membership_id=member.pk), ledger.account(kind="sink_usage")
    ledger.hold(key="h", account_id=wallet.pk, amount=60, expires_at=timezone.now())

    def end(number: int) -> str:
        if number % 3 == 0:
            return f"captured {ledger.capture(key='h', lines=[ledger.Line(wallet.pk, usage.pk, 25)]).pk}"
        return f"{'voided' if number % 3 == 1 else 'expired'} {ledger.void(key='h') if number % 3 == 1 else ledger.expire_holds()}"

    race(6, end)
    spent = 25 if Hold.objects.get().state == "posted" else 0
    assert ledger.balance(membership_id=member.pk) == ledger.Balance(100 - spent, 0, 0)
    assert audit.run() == []


def test_crossing_transfers_do_not_deadlock(member: Membership) -> None:
    grant(member, 1000)
    wallet, stock = ledger.wallet(membership_id=member.pk), ledger.account(kind="stock", tenant_id=member.tenant_id)
    ledger.transfer(kind="t", key="start", src_id=wallet.pk, dst_id=stock.pk, amount=500)

    def cross(number: int) -> str:
        src, dst = (wallet, stock) if number % 2 else (stock, wallet)
        for turn in range(5):
            ledger.transfer(kind="t", key=f"{number}:{turn}", src_id=src.pk, dst_id=dst.pk, amount=1)
        return "done"

    assert race(6, cross) == ["done"] * 6
    assert (ledger.balance_of(wallet), ledger.balance_of(stock)) == (500, 500)
