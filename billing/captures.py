"""Capture served calls: take their price out of what the worker had leased, in batches, exactly once.

The caller opens the transaction, inserts the usage rows and passes on only the lines that were new. Inside the lease a
capture cannot fail; what goes beyond it is paid from what is free above the hard floor, and the rest is owed (`receivable`):
the wallet's floor is higher by it until it is paid.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import orjson
from django.db import connection

from billing import chart


class Served(Protocol):
    """A served call: `parts` [[account, µ$]] sum to what was reserved of the price, `splits` [[account, µ$]] to the price."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def tenant(self) -> int: ...
    @property
    def member(self) -> int: ...
    @property
    def main(self) -> int: ...
    @property
    def price(self) -> int: ...
    @property
    def parts(self) -> list[list[int]]: ...
    @property
    def splits(self) -> list[list[int]]: ...
    @property
    def budgets(self) -> list[int]: ...


@dataclass(slots=True)
class _Bill:
    """What one wallet owes for a batch: by account leased from, and to whom."""

    tenant: int
    main: int
    first: str
    calls: int = 0
    parts: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    overrun: int = 0
    splits: dict[int, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(slots=True)
class _Change:
    """What a batch does to one account: paid out of the lease (held goes down too) and out of what is free; owed = the rest."""

    inside: int = 0
    paid: int = 0
    owed: int = 0


_OPEN = """
SELECT set_config('statement_timeout', '30s', true),
  ARRAY(SELECT nextval(pg_get_serial_sequence('billing_journal', 'id')) FROM generate_series(1, %s))
"""
_ACCOUNTS = """
SELECT id, balance - held - hard_floor FROM billing_ledgeraccount WHERE id = ANY(%s) AND mode = 'eager' ORDER BY id FOR NO KEY UPDATE
"""
_SLICES = """
SELECT pool, amount FROM billing_slice WHERE worker_id = %s AND NOT is_budget AND pool = ANY(%s) ORDER BY pool FOR NO KEY UPDATE
"""
_PAY = """
WITH change AS (
  SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS c (id, inside, paid, owed, credit)
), slices AS (
  UPDATE billing_slice SET amount = amount - change.inside FROM change
  WHERE worker_id = %s AND NOT is_budget AND pool = change.id AND change.inside > 0
)
UPDATE billing_ledgeraccount SET balance = balance - change.inside - change.paid + change.credit, held = held - change.inside,
  floor = floor + change.owed
FROM change WHERE billing_ledgeraccount.id = change.id
"""
_JOURNALS = """
WITH journals AS (
  INSERT INTO billing_journal (id, kind, key, digest, tenant_id, memo)
  SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[])
)
INSERT INTO billing_transfer (journal_id, src_id, dst_id, amount)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
"""


def open_batch(count: int) -> list[int]:
    """Give this transaction its time and return fresh journal ids, so that usage rows can name their journal when they are inserted."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [count])
        return list(cursor.fetchone()[1])


def capture_batch(*, worker_id: uuid.UUID, lines: Sequence[Served], journals: dict[int, int]) -> None:
    """Charge new lines to their wallets, one journal a wallet; `journals` maps membership id → reserved journal id."""
    priced = [line for line in lines if line.price > 0]
    if not priced:
        return
    bills = _bills(priced)
    wanted = sorted({account for bill in bills.values() for account in (bill.main, *bill.parts, *bill.splits)})
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS, [wanted])
        room = dict(cursor.fetchall())
        _spend_budgets(worker_id, priced)
        cursor.execute(_SLICES, [worker_id, list(room)])
        slices = dict(cursor.fetchall())
    changes: dict[int, _Change] = {}
    credits: dict[int, int] = defaultdict(int)
    transfers: list[tuple[int, int, int, int]] = []
    for member, bill in bills.items():
        sources = _sources(member, bill, room, slices, changes)
        transfers += [(journals[member], *one) for one in _pair(sources, bill.splits)]
    for _journal, _src, dst, amount in transfers:
        if dst in room:
            credits[dst] += amount
    _write(worker_id, changes, credits)
    _write_journals(bills, journals, transfers)


def _bills(lines: Iterable[Served]) -> dict[int, _Bill]:
    bills: dict[int, _Bill] = {}
    for line in lines:
        bill = bills.get(line.member)
        if bill is None:
            main = line.main or chart.wallet(membership_id=line.member).pk
            bill = bills[line.member] = _Bill(line.tenant, main, str(line.id))
        bill.calls += 1
        bill.overrun += line.price
        for account, part in line.parts:
            bill.parts[account] += part
            bill.overrun -= part
        for account, part in line.splits:
            bill.splits[account] += part
    for bill in bills.values():
        if bill.overrun < 0 or sum(bill.splits.values()) != bill.overrun + sum(bill.parts.values()):
            raise ValueError("the splits of a line sum to its price, its parts to no more")
    return bills


def _sources(member: int, bill: _Bill, room: dict[int, int], slices: dict[int, int], changes: dict[int, _Change]) -> list[tuple[int, int]]:
    """Decide who pays a wallet's bill: slices, then free money, lots before the main account, then the debt."""
    sources = []
    rest = bill.overrun
    for account in [*(pool for pool in bill.parts if pool != bill.main), bill.main]:
        part = bill.parts.get(account, 0)
        inside = min(part, slices.get(account, 0))
        rest += part - inside
        # Only the main account pays more than a call had reserved; a lot pays what it was asked for, if it still can.
        extra = rest if account == bill.main else part - inside
        paid = min(extra, max(0, room.get(account, 0)))
        rest -= paid
        slices[account] = slices.get(account, 0) - inside
        room[account] = room.get(account, 0) - paid
        change = changes.setdefault(account, _Change())
        change.inside += inside
        change.paid += paid
        sources.append((account, inside + paid))
    if rest:
        changes[bill.main].owed += rest
        sources.append((chart.receivable(membership_id=member).pk, rest))
    return sources


def _pair(sources: Iterable[tuple[int, int]], splits: dict[int, int]) -> list[tuple[int, int, int]]:
    """Match payers with receivers in their order; both sides have the same sum."""
    transfers = []
    payers = [[account, amount] for account, amount in sources if amount]
    for receiver, amount in splits.items():
        left = amount
        while left:
            payer = payers[0]
            part = min(left, payer[1])
            transfers.append((payer[0], receiver, part))
            left -= part
            payer[1] -= part
            if not payer[1]:
                payers.pop(0)
    return transfers


def _spend_budgets(worker_id: uuid.UUID, lines: Iterable[Served]) -> None:
    spent: dict[int, list[int]] = {}
    for line in lines:
        reserved = sum(part for _account, part in line.parts)
        for budget in line.budgets:
            entry = spent.setdefault(budget, [budget, 0, 0])
            entry[1] += reserved
            entry[2] += line.price
    if spent:
        with connection.cursor() as cursor:
            cursor.execute("SELECT keyosk_spend(%s, %s)", [worker_id, orjson.dumps(list(spent.values())).decode()])


def _write(worker_id: uuid.UUID, changes: dict[int, _Change], credits: dict[int, int]) -> None:
    ids = sorted(changes.keys() | credits.keys())
    none = _Change()
    inside = [changes.get(one, none).inside for one in ids]
    with connection.cursor() as cursor:
        paid = [changes.get(one, none).paid for one in ids]
        owed = [changes.get(one, none).owed for one in ids]
        cursor.execute(_PAY, [ids, inside, paid, owed, [credits.get(one, 0) for one in ids], worker_id])


def _write_journals(bills: dict[int, _Bill], journals: dict[int, int], transfers: list[tuple[int, int, int, int]]) -> None:
    members = list(bills)
    digests: dict[int, str] = {}
    for member in members:
        own = [one[1:] for one in transfers if one[0] == journals[member]]
        digests[member] = hashlib.sha256(orjson.dumps(["use", bills[member].tenant, own])).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(
            _JOURNALS,
            [
                [journals[member] for member in members],
                ["use"] * len(members),
                [f"use:{bills[member].first}" for member in members],
                [digests[member] for member in members],
                [bills[member].tenant for member in members],
                [f"{bills[member].calls} calls" for member in members],
                *(list(column) for column in zip(*transfers, strict=True)),
            ],
        )
