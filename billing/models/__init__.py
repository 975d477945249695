"""The rows of money; one module a subject."""

from billing.models.leases import KeyBudget, RelayWorker, Slice
from billing.models.ledger import QUOTA, UNLIMITED, AccountSnapshot, Hold, Journal, LedgerAccount, Transfer
from billing.models.prices import ExchangeRate, PriceBook, PriceRule

__all__ = [
    "QUOTA",
    "UNLIMITED",
    "AccountSnapshot",
    "ExchangeRate",
    "Hold",
    "Journal",
    "KeyBudget",
    "LedgerAccount",
    "PriceBook",
    "PriceRule",
    "RelayWorker",
    "Slice",
    "Transfer",
]
