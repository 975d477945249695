"""What one relay process knows for choosing: circuits, habits, the budget of retries, channels that have spent their day's money.

Changed by calls in memory; `signals` carries it between processes and into the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.circuits import Board
from gateway.habits import Habits
from gateway.limiter import Limiter
from gateway.margins import Margins
from gateway.refusals import Refusals

_GOLDEN = (5**0.5 - 1) / 2


@dataclass(slots=True)
class RetryBudget:
    """Tries beyond the first are at most a fifth of the traffic, beside a small stock for quiet times."""

    share: float = 0.2
    stock: float = 50.0
    per_second: float = 0.5
    left: float = 50.0
    at: float = 0.0

    def earn(self, now: float) -> None:
        """Count a call."""
        self._refill(now)
        self.left = min(self.stock, self.left + self.share)

    def take(self, now: float) -> bool:
        """Spend one try more; False when there have been too many."""
        self._refill(now)
        if self.left < 1.0:
            return False
        self.left -= 1.0
        return True

    def _refill(self, now: float) -> None:
        if self.at:
            self.left = min(self.stock, self.left + (now - self.at) * self.per_second)
        self.at = now


@dataclass(slots=True)
class Standing:
    """Belongs to one event loop. `tallies` counts failures (channel, kind) that the database has not heard of."""

    draw: Callable[[], float]
    limiter: Limiter
    board: Board = field(init=False)
    habits: Habits = field(default_factory=Habits)
    refusals: Refusals = field(default_factory=Refusals)
    retries: RetryBudget = field(default_factory=RetryBudget)
    margins: Margins = field(default_factory=Margins)
    tallies: Counter[tuple[int, str]] = field(default_factory=Counter)
    overspent: frozenset[int] = frozenset()
    turn: int = 0
    lot: float = field(init=False)

    def __post_init__(self) -> None:
        self.board = Board(self.draw)
        self.lot = self.draw()

    def next_turn(self) -> int:
        """Count calls, so that keys may take turns."""
        self.turn += 1
        return self.turn

    def next_lot(self) -> float:
        """Return numbers in [0, 1) that fill it evenly: shares meet their weights after few calls, where a draw takes many."""
        self.lot = (self.lot + _GOLDEN) % 1.0
        return self.lot

    def tally(self, channel_id: int, kind: str) -> None:
        """Count a failure for the back office."""
        self.tallies[channel_id, kind] += 1

    def take_tallies(self) -> Counter[tuple[int, str]]:
        """Return and forget what was counted."""
        tallies, self.tallies = self.tallies, Counter()
        return tallies
