"""A wallet's statement: every movement of its money, newest first, with the balance after each.

One line a journal: how a price is split between the sellers above is their affair and never shown to the customer.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Q, QuerySet, Sum

from billing.models.ledger import QUOTA, LedgerAccount, Transfer

OWN_KINDS = (LedgerAccount.Kind.WALLET, LedgerAccount.Kind.LOT)
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal's effect on the wallet: signed µ$, and the balance once it was made. `id` is the journal's."""

    id: int
    at: datetime.datetime
    kind: str
    memo: str
    reference: str
    amount_micros: int
    balance_micros: int


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first; `older` is the cursor of the next page, None on the last."""

    entries: tuple[Entry, ...]
    older: int | None


def page(*, membership_id: int, before: int | None = None, limit: int = 25) -> Page:
    """Read one page of the statement, starting below the entry `before`."""
    entries = list(_entries(membership_id=membership_id, before=before, limit=limit + 1))
    older = entries[limit - 1].id if len(entries) > limit else None
    return Page(entries=tuple(entries[:limit]), older=older)


def everything(*, membership_id: int) -> Iterator[Entry]:
    """Read the whole statement in bounded memory, for a download."""
    before: int | None = None
    while True:
        part = page(membership_id=membership_id, before=before, limit=CHUNK)
        yield from part.entries
        if part.older is None:
            return
        before = part.older


def _accounts(membership_id: int) -> QuerySet[LedgerAccount]:
    return LedgerAccount.objects.filter(ledger=QUOTA, kind__in=OWN_KINDS, owner=membership_id)


def _movements(accounts: list[int]) -> QuerySet[Transfer]:
    """Select what came in or went out; a move between the member's own pots is neither."""
    outgoing, incoming = Q(src__in=accounts), Q(dst__in=accounts)
    return Transfer.objects.filter((outgoing & ~incoming) | (incoming & ~outgoing))


def _sums(accounts: list[int]) -> dict[str, Sum]:
    """Say what is summed: what came in, and what went out."""
    return {
        "came": Sum("amount", filter=Q(dst__in=accounts), default=0),
        "went": Sum("amount", filter=Q(src__in=accounts), default=0),
    }


def _net(sums: Mapping[str, Any]) -> int:
    return int(sums["came"]) - int(sums["went"])


def _entries(*, membership_id: int, before: int | None, limit: int) -> Iterator[Entry]:
    """Walk down from a known balance: all that ever came in, minus all that went out."""
    accounts = list(_accounts(membership_id).values_list("pk", flat=True))
    rows = _movements(accounts)
    if before is not None:
        rows = rows.filter(journal__lt=before)
    balance = _net(rows.aggregate(**_sums(accounts)))
    told = ("journal_id", "journal__kind", "journal__memo", "journal__reference")
    for row in rows.values(*told).annotate(**_sums(accounts), at=Max("created_at")).order_by("-journal_id")[:limit]:
        amount = _net(row)
        yield Entry(row["journal_id"], row["at"], row["journal__kind"], row["journal__memo"], row["journal__reference"], amount, balance)
        balance -= amount
