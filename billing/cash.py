"""A gateway account's books of cash: one ledger a currency; `clearing` is the account's own, every other kind its tenant's."""

from __future__ import annotations

from billing import ledger, payables, store_credit
from billing.models import GatewayAccount, LedgerAccount, PaymentAttempt


def book(account: GatewayAccount, kind: str, *, currency: str) -> LedgerAccount:
    """Return the ledger account of a kind (`clearing`, `revenue`, `refunds_due`, …) in a currency, opened on first use."""
    owner = account.pk if kind == "clearing" else 0
    return ledger.account(kind=kind, tenant_id=account.tenant_id, ledger=f"M:{currency}", owner=owner)


def of(attempt: PaymentAttempt, kind: str, *, currency: str) -> LedgerAccount:
    """Return the ledger account of a kind for one payment.

    What staff confirmed by hand is cash already. What store credit pays is cleared with the customer's own account. What comes
    through an account that the platform lends is no revenue of the shop's: the platform has the money and owes it.
    """
    if kind == "clearing" and attempt.account.driver == GatewayAccount.MANUAL:
        return book(attempt.account, "cash", currency=currency)
    if kind == "clearing" and attempt.account.driver == store_credit.DRIVER and attempt.order.membership is not None:
        return store_credit.book(attempt.order.membership, currency=currency)
    if kind == "revenue" and payables.is_lent(attempt):
        return payables.book(attempt.order.tenant_id, currency=currency)
    return book(attempt.account, kind, currency=currency)
