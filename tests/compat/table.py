"""The table client × feature, as text of Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One feature of one client (one of its cases), or the books after it."""

    client: str
    feature: str
    told: str

    @property
    def is_ok(self) -> bool:
        """Tell whether it worked."""
        return not self.told


def write(results: Sequence[Result]) -> str:
    """Return the table: ✓, ✗, or how many cases of how many; empty where a client does not offer the feature."""
    clients = list(dict.fromkeys(result.client for result in results))
    features = [name for name in dict.fromkeys(result.feature for result in results) if name != "books"] + ["books"]
    rows = [
        [client, *(_cell([one for one in results if (one.client, one.feature) == (client, name)]) for name in features)]
        for client in clients
    ]
    lines = [["client", *features], ["---", *(":-:" for _ in features)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _cell(cases: Sequence[Result]) -> str:
    good = sum(one.is_ok for one in cases)
    if len(cases) > 1:
        return f"{good}/{len(cases)}"
    return "" if not cases else "✓" if good else "✗"
