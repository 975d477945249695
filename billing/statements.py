"""A wallet's statement: every movement of its money, newest first, with the balance after each.

One line a journal: how a price is split between the sellers above is their affair and never shown to the customer.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, F, Func, IntegerField, Max, Q, QuerySet, Sum, Value

from billing.models.ledger import QUOTA, LedgerAccount, Transfer

OWN_KINDS = (LedgerAccount.Kind.WALLET, LedgerAccount.Kind.LOT)
CHUNK = 2_000
# What moves a customer's wallet, the commonest first: what a statement can be narrowed to.
KINDS = ("use", "redeem", "topup", "grant", "refund", "referral", "referral_back", "claim", "transfer", "expire", "reverse", "opening")


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: of a kind, made in [since, until); all where nothing is said. Balances are those of the whole wallet."""

    kind: str = ""
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None

    def narrow(self, rows: QuerySet[Transfer]) -> QuerySet[Transfer]:
        """Keep the movements of these entries."""
        said = {"journal__kind": self.kind, "created_at__gte": self.since, "created_at__lt": self.until}
        return rows.filter(**{name: value for name, value in said.items() if value})


def page(*, membership_id: int, before: int | None = None, limit: int = 25, wanted: Wanted | None = None) -> Page:
    """Read one page of the statement, starting below the entry `before`."""
    entries = list(_entries(membership_id=membership_id, before=before, limit=limit + 1, wanted=wanted or Wanted()))
    older = entries[limit - 1].id if len(entries) > limit else None
    return Page(entries=tuple(entries[:limit]), older=older)


def everything(*, membership_id: int, wanted: Wanted | None = None) -> Iterator[Entry]:
    """Read the whole statement in bounded memory, for a download."""
    before: int | None = None
    while True:
        part = page(membership_id=membership_id, before=before, limit=CHUNK, wanted=wanted)
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


def _entries(*, membership_id: int, before: int | None, limit: int, wanted: Wanted) -> Iterator[Entry]:
    accounts = list(_accounts(membership_id).values_list("pk", flat=True))
    rows = wanted.narrow(_movements(accounts))
    if before is not None:
        rows = rows.filter(journal__lt=before)
    told = ("journal_id", "journal__kind", "journal__memo", "journal__reference")
    found = list(rows.values(*told).annotate(**_sums(accounts), at=Max("created_at")).order_by("-journal_id")[:limit])
    balances = _balances(accounts, sorted(row["journal_id"] for row in found))
    for row in found:
        number = row["journal_id"]
        yield Entry(number, row["at"], row["journal__kind"], row["journal__memo"], row["journal__reference"], _net(row), balances[number])


def _balances(accounts: list[int], ends: Sequence[int]) -> dict[int, int]:
    """Return the balance after each of these journals, given in ascending order: in one pass over all that moved until the last."""
    if not ends:
        return {}
    # The number of ends that lie before a journal: what lies in 0 is in every balance, what lies in 1 in all but the first.
    borders = Value([end + 1 for end in ends], output_field=ArrayField(BigIntegerField()))
    place = Func(F("journal_id"), borders, function="width_bucket", output_field=IntegerField())
    rows = _movements(accounts).filter(journal__lte=ends[-1]).order_by()
    nets = {row["place"]: _net(row) for row in rows.annotate(place=place).values("place").annotate(**_sums(accounts))}
    return dict(zip(ends, itertools.accumulate(nets.get(number, 0) for number in range(len(ends))), strict=True))
