"""What is owed: quota that was sold and not used yet, debts of customers, money that lies at gateways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Max, Q, Sum
from django.db.models.functions import Coalesce

from billing.models import QUOTA, LedgerAccount

_DEBTS = """
SELECT coalesce(sum(-debt), 0) FROM (
  SELECT a.id, coalesce(sum(CASE WHEN t.dst_id = a.id THEN t.amount ELSE -t.amount END), 0) AS debt
  FROM billing_ledgeraccount a JOIN billing_transfer t ON a.id IN (t.src_id, t.dst_id)
  WHERE a.kind IN ('receivable', 'dispute') AND a.owner > 0 AND a.ledger = 'Q' GROUP BY a.id
) each WHERE debt < 0
"""


@dataclass(frozen=True, slots=True)
class Owed:
    """What customers may still ask for, in µ$: in wallets (`held` of it by calls in flight), in lots, in codes, in shops' stock."""

    wallets: int
    lots: int
    codes: int
    stock: int
    held: int
    debts: int

    @property
    def outstanding(self) -> int:
        """Return what end customers have paid for and not used: stock is only a shop's, and asked for later if ever."""
        return self.wallets + self.lots + self.codes


def owed() -> Owed:
    """Add everything up."""
    rows = LedgerAccount.objects.filter(ledger=QUOTA, kind__in=("wallet", "lot", "escrow", "stock"))
    sums = {row["kind"]: row for row in rows.order_by().values("kind").annotate(balance_sum=Sum("balance"), held_sum=Sum("held"))}
    balance = {kind: int(row["balance_sum"]) for kind, row in sums.items()}
    with connection.cursor() as cursor:
        cursor.execute(_DEBTS)
        debts = int(cursor.fetchone()[0])
    return Owed(
        wallets=balance.get("wallet", 0),
        lots=balance.get("lot", 0),
        codes=balance.get("escrow", 0),
        stock=balance.get("stock", 0),
        held=sum(int(row["held_sum"]) for row in sums.values()),
        debts=debts,
    )


def at_gateways() -> list[dict[str, Any]]:
    """Return what each gateway account still owes: its number, the currency, minor units, since the last payout (or first payment)."""
    paid_out = Max("credits__created_at", filter=Q(credits__journal__kind="payout"))
    rows = LedgerAccount.objects.filter(kind="clearing", owner__gt=0, balance__lt=0).order_by("owner", "ledger")
    return [
        {"account": row.owner, "currency": row.ledger.removeprefix("M:"), "minor": -row.balance, "since": row.since.isoformat()}
        for row in rows.annotate(since=Coalesce(paid_out, "created_at"))
    ]
