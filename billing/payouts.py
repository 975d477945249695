"""What a gateway pays out to the bank: it settles its clearing account, which is empty when everything has arrived.

BadPayout    an amount that the gateway does not owe, or no reference
"""

from __future__ import annotations

from accounts.models import User
from billing import cash, ledger
from billing.models import GatewayAccount, Journal
from billing.money import format_minor


class BadPayout(ValueError):
    """The payout cannot be booked; the message says why."""


def owed(account: GatewayAccount, *, currency: str) -> int:
    """Return what the gateway still owes us, in minor units."""
    return -ledger.balance_of(cash.book(account, "clearing", currency=currency))


def book(
    *, account: GatewayAccount, currency: str, received_minor: int, fee_minor: int, reference: str, actor: User | None = None
) -> Journal:
    """Note money that has arrived at the bank and what the gateway kept, once a reference (the payout's number)."""
    if not reference.strip():
        raise BadPayout("a payout has a reference: its number at the gateway or the bank")
    if received_minor < 0 or fee_minor < 0 or not received_minor + fee_minor:
        raise BadPayout("a payout is an amount and a fee of 0 or more")
    key = f"payout:{account.pk}:{currency}:{reference.strip()}"
    due = owed(account, currency=currency)
    if received_minor + fee_minor > due and not Journal.objects.filter(key=key).exists():
        raise BadPayout(f"the gateway owes only {format_minor(due, currency=currency)}")
    clearing = cash.book(account, "clearing", currency=currency).pk
    parts = (("cash", received_minor), ("fee", fee_minor))
    lines = [ledger.Line(cash.book(account, kind, currency=currency).pk, clearing, amount) for kind, amount in parts if amount]
    return ledger.post(
        kind="payout", key=key[:120], lines=lines, tenant_id=account.tenant_id, actor_id=actor.pk if actor else None,
        reference=reference.strip()[:120],
    )  # fmt: skip
