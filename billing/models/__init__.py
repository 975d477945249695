"""The rows of money; one module a subject."""

from billing.models.leases import KeyBudget, RelayWorker, Slice
from billing.models.ledger import QUOTA, UNLIMITED, AccountSnapshot, Hold, Journal, LedgerAccount, Transfer

__all__ = [
    "QUOTA",
    "UNLIMITED",
    "AccountSnapshot",
    "Hold",
    "Journal",
    "KeyBudget",
    "LedgerAccount",
    "RelayWorker",
    "Slice",
    "Transfer",
]
