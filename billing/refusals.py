"""Why the purse refuses a call.

PurseError
├── InsufficientQuota    the money or an allowance is used up: `scope` says which, `resets_at` when it is there again
├── QuotaBusy            the money exists but is held by calls in flight or by other workers
├── SettlementBacklog    too much is served and not yet posted, or the database does not answer: nothing new may begin
└── WorkerLost           this worker may not reserve any more: the database does not answer, or has buried it
"""

from __future__ import annotations


class PurseError(Exception):
    """The base of why a call may not begin."""


class InsufficientQuota(PurseError):
    """There is not enough, and waiting does not help."""

    def __init__(self, scope: str, resets_at: float | None = None) -> None:
        super().__init__(scope)
        self.scope = scope
        self.resets_at = resets_at


class QuotaBusy(PurseError):
    """There is enough, but not now."""


class SettlementBacklog(PurseError):
    """The spool is full."""


class WorkerLost(PurseError):
    """The lease on life has run out."""
