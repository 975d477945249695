"""A gateway account's books of cash: one ledger a currency; `clearing` is the account's own, every other kind its tenant's."""

from __future__ import annotations

from billing import ledger
from billing.models import GatewayAccount, LedgerAccount


def book(account: GatewayAccount, kind: str, *, currency: str) -> LedgerAccount:
    """Return the ledger account of a kind (`clearing`, `revenue`, `refunds_due`, …) in a currency, opened on first use."""
    owner = account.pk if kind == "clearing" else 0
    return ledger.account(kind=kind, tenant_id=account.tenant_id, ledger=f"M:{currency}", owner=owner)
