"""What moving in did, or would do: numbers by kind of row, and a line for each row that needs a person. Never a secret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one foreign row that the operator should know."""

    kind: str
    foreign_id: int | str
    text: str


@dataclass(slots=True)
class Report:
    """Counts by (kind, outcome) and findings, as the steps add them."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    sums: dict[str, int] = field(default_factory=dict)

    def count(self, kind: str, outcome: str, number: int = 1) -> None:
        """Add to a number; outcomes are moved, known (from an earlier run) and left."""
        self.counts[kind, outcome] += number

    def say(self, kind: str, foreign_id: int | str, text: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(kind, foreign_id, text))

    def rows(self) -> Iterable[dict[str, object]]:
        """Yield a line for each kind, in the order in which they came."""
        for kind in dict.fromkeys(kind for kind, _ in self.counts):
            yield {"what": kind, **{outcome: self.counts[kind, outcome] for outcome in ("moved", "known", "left")}}
