"""What an operator allows a channel, and what a drill does to it, as the relay knows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drill:
    """A failure played on purpose: its kind, the share of calls it hits (0 to 1), and its end in unix seconds."""

    kind: str
    share: float
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits of a channel over all relays; `daily_cost_micros` is upstream's cost per day in UTC, in µ$."""

    rpm: int | None = None
    tpm: int | None = None
    concurrency: int | None = None
    daily_cost_micros: int | None = None
    allow_loss: bool = False
    has_round_robin: bool = False
    drill: Drill | None = None

    @property
    def has_rates(self) -> bool:
        """Tell whether calls of the channel have to be counted."""
        return self.rpm is not None or self.tpm is not None or self.concurrency is not None


NO_RULES = Rules()
