"""The verbs of the ledger, beside capturing calls the only writer of accounts, journals, transfers and holds.

LedgerError
├── InsufficientFunds   a debit is not covered: balance − held would fall below the floor
├── KeyReused           the idempotency key was used before with another body
└── HoldEnded           the hold was captured, voided or expired already
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Greatest
from django.utils import timezone

from billing.chart import account, balance_of, lot, receivable, wallet
from billing.models import QUOTA, Hold, Journal, LedgerAccount, Transfer
from foundation.ids import uuid7

__all__ = [
    "Balance", "HoldEnded", "InsufficientFunds", "KeyReused", "LedgerError", "Line", "account", "balance", "balance_of", "capture",
    "collect_debts", "expire_holds", "hold", "lot", "post", "receivable", "repay", "reverse", "transfer", "void", "wallet",
]  # fmt: skip

# What a customer can spend: the main account and credit that expires.
POOLS = ("wallet", "lot")
DEBTS = ("dispute", "receivable")

_INSERT_JOURNAL = """
INSERT INTO billing_journal (kind, key, digest, tenant_id, actor_id, reference, reverses_id, memo)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING RETURNING id
"""
_INSERT_HOLD = """
INSERT INTO billing_hold (key, account_id, amount, expires_at, state, captured)
VALUES (%s, %s, %s, %s, 'open', 0) ON CONFLICT (key) DO NOTHING RETURNING id
"""
_ADD = """
UPDATE billing_ledgeraccount SET balance = balance + change.net
FROM unnest(%s::bigint[], %s::bigint[]) AS change (id, net) WHERE billing_ledgeraccount.id = change.id
"""


class LedgerError(Exception):
    """The base of what the ledger refuses."""


class InsufficientFunds(LedgerError):
    """A debit is not covered; `account_ids` name the accounts that lack the money."""

    def __init__(self, account_ids: Sequence[int]) -> None:
        super().__init__(f"not covered: accounts {', '.join(map(str, account_ids))}")
        self.account_ids = tuple(account_ids)


class KeyReused(LedgerError):
    """The same idempotency key came with a different body."""


class HoldEnded(LedgerError):
    """The hold has ended in another way."""


@dataclass(frozen=True, slots=True)
class Line:
    """One transfer to make: account ids and an amount above 0 in the ledger's smallest unit."""

    src_id: int
    dst_id: int
    amount: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What a wallet and its lots hold, in µ$, less debts. `held` is set aside for calls; `expiring` is the part of all in lots.

    Of that, `ending_micros` end first, at `ends_at`.
    """

    available_micros: int
    held_micros: int
    expiring_micros: int
    ending_micros: int = 0
    ends_at: datetime.datetime | None = None


@transaction.atomic
def post(
    *,
    kind: str,
    key: str,
    lines: Sequence[Line],
    tenant_id: int | None = None,
    actor_id: int | None = None,
    reference: str = "",
    memo: str = "",
) -> Journal:
    """Move money once per key and return its journal; the same key and body returns the first one.

    Raises InsufficientFunds when a net debit is not covered, KeyReused when the key came with another body.
    """
    journal = _post(_Head(kind, key, tenant_id=tenant_id, actor_id=actor_id, reference=reference, memo=memo), lines)
    credited = LedgerAccount.objects.filter(pk__in=[line.dst_id for line in lines], kind__in=POOLS, ledger=QUOTA)
    debts = LedgerAccount.objects.filter(tenant_id=OuterRef("tenant_id"), ledger=QUOTA, kind__in=DEBTS, owner=OuterRef("owner"))
    for owner in credited.filter(Exists(debts)).values_list("owner", flat=True):
        # Afterwards: here the rows of other payers are locked, in an order that is not that of a batch of captures.
        transaction.on_commit(functools.partial(repay, membership_id=owner), robust=True)
    return journal


def transfer(*, kind: str, key: str, src_id: int, dst_id: int, amount: int, reference: str = "", actor_id: int | None = None) -> Journal:
    """Move one amount from one account to another."""
    return post(kind=kind, key=key, lines=[Line(src_id, dst_id, amount)], reference=reference, actor_id=actor_id)


@transaction.atomic
def repay(*, membership_id: int) -> int:
    """Pay what a customer owes (of disputes first, then `receivable`) as far as free money goes, and return how much that was.

    Captures and disputes raise the wallet's floor by the debt, so that nobody leases what is owed; paying lowers it again.
    """
    pools = LedgerAccount.objects.filter(kind__in=POOLS, owner=membership_id, ledger=QUOTA)
    rows = list(pools.order_by("pk").select_for_update(no_key=True))
    debtors = LedgerAccount.objects.filter(kind__in=DEBTS, owner=membership_id, ledger=QUOTA).order_by("kind")
    owed = [[debtor.pk, -balance] for debtor in debtors if (balance := balance_of(debtor)) < 0]
    debt = left = sum(amount for _debtor, amount in owed)
    now = timezone.now()
    lines: list[Line] = []
    for row in sorted(rows, key=lambda row: row.kind == "lot"):
        floor = max(row.hard_floor, row.floor - debt) if row.kind == "wallet" else row.floor
        part = min(left, row.balance - row.held - floor)
        if part > 0 and (row.expires_at is None or row.expires_at > now):
            lines += _pay(row.pk, part, owed)
            left -= part
    if lines:
        _post(_Head("repay", f"repay:{uuid7()}", tenant_id=rows[0].tenant_id), lines, is_held=True)
        pools.filter(kind="wallet").update(floor=Greatest(F("floor") - (debt - left), F("hard_floor")))
    return debt - left


def _pay(pool: int, amount: int, owed: list[list[int]]) -> Iterator[Line]:
    """Yield the transfers that pay `amount` to those [account, µ$] in turn, and note there what they have got."""
    for entry in owed:
        part = min(amount, entry[1])
        if part:
            yield Line(pool, entry[0], part)
            entry[1] -= part
            amount -= part


def collect_debts(*, limit: int = 500) -> int:
    """Let customers who owe pay out of what came free since, and return how much was paid (µ$)."""
    raised = LedgerAccount.objects.filter(kind="wallet", ledger=QUOTA, floor__gt=F("hard_floor"), balance__gt=F("held"))
    return sum(repay(membership_id=owner) for owner in list(raised.order_by("pk").values_list("owner", flat=True)[:limit]))


@transaction.atomic
def reverse(*, journal: Journal, actor_id: int | None = None, memo: str = "") -> Journal:
    """Undo a journal by its opposite, once. The debits must be covered like any other."""
    lines = [Line(line.dst_id, line.src_id, line.amount) for line in journal.transfers.order_by("id")]
    head = _Head("reverse", f"reverse:{journal.pk}", tenant_id=journal.tenant_id, actor_id=actor_id, memo=memo, reverses_id=journal.pk)
    return _post(head, lines)


@transaction.atomic
def hold(*, key: str, account_id: int, amount: int, expires_at: datetime.datetime) -> Hold:
    """Set an amount aside on an eager account; the same key, account and amount returns the first hold."""
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_HOLD, [key, account_id, amount, expires_at])
        is_new = cursor.fetchone() is not None
    found = Hold.objects.get(key=key)
    if (found.account_id, found.amount) != (account_id, amount):
        raise KeyReused(key)
    covered = LedgerAccount.objects.filter(pk=account_id, mode="eager", balance__gte=F("held") + F("floor") + amount)
    if is_new and not covered.update(held=F("held") + amount):
        raise InsufficientFunds([account_id])
    return found


@transaction.atomic
def capture(*, key: str, lines: Sequence[Line], kind: str = "capture", reference: str = "", actor_id: int | None = None) -> Journal:
    """End a hold by paying `lines` out of its account (their sum ≤ the hold); the rest is free again.

    The same capture again returns its journal; a hold that ended in another way raises HoldEnded.
    """
    held = Hold.objects.get(key=key)
    amount = sum(line.amount for line in lines)
    if amount > held.amount or any(line.src_id != held.account_id for line in lines):
        raise ValueError("a capture pays out of the hold's account and not more than the hold")
    is_first = _end(held, Hold.State.POSTED, captured=amount)
    if not is_first and not Hold.objects.filter(pk=held.pk, state=Hold.State.POSTED).exists():
        raise HoldEnded(key)
    journal = _post(_Head(kind, f"hold:{key}", actor_id=actor_id, reference=reference), lines, is_held=True)
    if is_first:
        Hold.objects.filter(pk=held.pk).update(journal=journal)
    return journal


@transaction.atomic
def void(*, key: str, state: str = Hold.State.VOIDED) -> bool:
    """End a hold without a payment; False when it has ended before."""
    return _end(Hold.objects.get(key=key), state)


def expire_holds(*, limit: int = 500) -> int:
    """End the holds whose time is over and return how many."""
    due = Hold.objects.filter(state=Hold.State.OPEN, expires_at__lte=timezone.now()).order_by("expires_at")
    return sum(void(key=key, state=Hold.State.EXPIRED) for key in list(due.values_list("key", flat=True)[:limit]))


def balance(*, membership_id: int) -> Balance:
    """Return what a membership can spend; an expired lot does not count."""
    now = timezone.now()
    rows = LedgerAccount.objects.filter(owner=membership_id, kind__in=POOLS, ledger=QUOTA)
    live = [row for row in rows if row.expires_at is None or row.expires_at > now]
    lots = [(row.expires_at, row.balance) for row in live if row.expires_at is not None and row.balance > 0]
    ends_at, ending = min(lots, default=(None, 0))
    return Balance(
        available_micros=sum(row.balance - row.held - max(0, row.floor) for row in live),
        held_micros=sum(row.held for row in live),
        expiring_micros=sum(row.balance for row in live if row.expires_at is not None),
        ending_micros=ending,
        ends_at=ends_at,
    )


@dataclass(frozen=True, slots=True)
class _Head:
    """A journal without its lines."""

    kind: str
    key: str
    tenant_id: int | None = None
    actor_id: int | None = None
    reference: str = ""
    memo: str = ""
    reverses_id: int | None = None


def _post(head: _Head, lines: Sequence[Line], *, is_held: bool = False) -> Journal:
    if not lines or any(line.amount <= 0 or line.src_id == line.dst_id for line in lines):
        raise ValueError("a journal has lines, each with an amount above 0 between two accounts")
    digest = _digest(head, lines)
    fields = [head.kind, head.key, digest, head.tenant_id, head.actor_id, head.reference, head.reverses_id, head.memo]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_JOURNAL, fields)
        is_new = cursor.fetchone() is not None
    journal = Journal.objects.get(key=head.key)
    if journal.digest != digest:
        raise KeyReused(head.key)
    if is_new:
        _move(lines, is_held=is_held)
        Transfer.objects.bulk_create(
            Transfer(journal=journal, src_id=line.src_id, dst_id=line.dst_id, amount=line.amount) for line in lines
        )
    return journal


def _move(lines: Sequence[Line], *, is_held: bool) -> None:
    """Change the balances of the eager accounts. What was held for this very payment needs no cover above the floor."""
    net: dict[int, int] = defaultdict(int)
    for line in lines:
        net[line.src_id] -= line.amount
        net[line.dst_id] += line.amount
    kinds = {pk: (mode, ledger) for pk, mode, ledger in LedgerAccount.objects.filter(pk__in=net).values_list("pk", "mode", "ledger")}
    if len(kinds) != len(net) or len({ledger for _mode, ledger in kinds.values()}) != 1:
        raise ValueError("the accounts of a journal exist and share one ledger")
    eager = sorted(pk for pk, (mode, _ledger) in kinds.items() if mode == LedgerAccount.Mode.EAGER)
    rows = list(LedgerAccount.objects.filter(pk__in=eager).order_by("pk").select_for_update(no_key=True))
    short = [row.pk for row in rows if net[row.pk] < 0 and not is_held and row.balance - row.held + net[row.pk] < row.floor]
    if short:
        raise InsufficientFunds(short)
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [eager, [net[pk] for pk in eager]])


def _end(held: Hold, state: str, *, captured: int = 0) -> bool:
    """Close an open hold; accounts are locked before holds, as everywhere."""
    LedgerAccount.objects.select_for_update(no_key=True).get(pk=held.account_id)
    open_hold = Hold.objects.filter(pk=held.pk, state=Hold.State.OPEN)
    if not open_hold.update(state=state, captured=captured, ended_at=timezone.now()):
        return False
    LedgerAccount.objects.filter(pk=held.account_id).update(held=F("held") - held.amount)
    return True


def _digest(head: _Head, lines: Sequence[Line]) -> str:
    body = [head.kind, head.tenant_id, head.reference, [[line.src_id, line.dst_id, line.amount] for line in lines]]
    return hashlib.sha256(json.dumps(body, separators=(",", ":")).encode()).hexdigest()
