"""How often somebody may try secrets that open nothing: by whom and for which name, minute by minute; one process' own.

A wrong key that was looked up is remembered and asked for no more: it counts once. What is limited is the looking up.
"""

from __future__ import annotations

import time
from collections.abc import Callable

A_MINUTE = 10
# For all names together: many people may share an address, and those who are known are not asked.
A_MINUTE_IN_ALL = 100
_MOST_KEPT = 10_000
_PREFIX = 10


def name_of(secret: str) -> str:
    """Return what of a secret is told apart."""
    return secret[:_PREFIX]


class Guesses:
    """Counts secrets and pairs that opened nothing; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._minute = 0
        self._counts: dict[tuple[str, str], int] = {}

    def may_try(self, name: str, address: str) -> bool:
        """Tell whether this name may be tried from this address once more."""
        self._turn()
        counts = self._counts
        return counts.get((name, address), 0) < A_MINUTE and counts.get(("", address), 0) < A_MINUTE_IN_ALL

    def count(self, name: str, address: str) -> None:
        """Note a secret that opened nothing."""
        self._turn()
        for key in ((name, address), ("", address)):
            if key in self._counts or len(self._counts) < _MOST_KEPT:
                self._counts[key] = self._counts.get(key, 0) + 1

    def _turn(self) -> None:
        minute = int(self._clock() // 60)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
