"""What all steps of one move share: where to, under which label, what was found so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from accounts.models import Tenant
from console.movein.report import Report
from console.movein.sources import Source

T = TypeVar("T")

# A chunk is one transaction: short enough for a busy database, and what is lost when the run is stopped.
CHUNK = 500


@dataclass(slots=True)
class World:
    """`members` are memberships by the number the person had there (0 in a rehearsal: they would be made), `known` the names
    of those who came in an earlier run. `log` is the database that holds the log, mostly the same.
    """

    product: str
    label: str
    tenant: Tenant
    source: Source
    log: Source
    is_rehearsal: bool
    with_staff_balances: bool = False
    report: Report = field(default_factory=Report)
    members: dict[int, int] = field(default_factory=dict)
    known: dict[int, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """Return what the ledger's journals of this move are found by."""
        return f"moved-in:{self.label}"


def chunks(rows: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield lists of at most `size`."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk
