"""Make what a reseller earned sellable again: each night margin goes to stock."""

from __future__ import annotations

import datetime

from billing import chart, ledger
from billing.models import LedgerAccount


def settle_margins(*, day: datetime.date) -> int:
    """Move every margin account's balance to its tenant's stock, once per account and day; return how many moved."""
    moved = 0
    for margin in LedgerAccount.objects.filter(kind=LedgerAccount.Kind.MARGIN, ledger="Q").order_by("id"):
        earned = chart.balance_of(margin)
        if earned <= 0:
            continue
        stock = ledger.account(kind="stock", tenant_id=margin.tenant_id)
        try:
            ledger.transfer(kind="margin", key=f"margin:{margin.pk}:{day}", src_id=margin.pk, dst_id=stock.pk, amount=earned)
        except ledger.KeyReused:
            continue  # Moved today already; what was earned since waits for tomorrow.
        moved += 1
    return moved


def snapshot_lazy_accounts() -> int:
    """Remember the balances of lazy accounts up to ten minutes ago, so that reading one stays cheap; return how many."""
    return sum(chart.take_snapshot(account) for account in LedgerAccount.objects.filter(mode=LedgerAccount.Mode.LAZY).order_by("id"))
