"""The chart of accounts: find an account or open it, and read what lazy ones hold."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db import connection

from accounts.models import Membership, Tenant
from billing.models import QUOTA, UNLIMITED, LedgerAccount

Kind = LedgerAccount.Kind

# Counterparties of every call or top-up: a row update would make one hot row of the whole platform.
LAZY = frozenset({Kind.ISSUER, Kind.SINK_USAGE, Kind.MARGIN, Kind.RECEIVABLE})
# Accounts that may go below zero: what comes from outside, and what others owe.
BOTTOMLESS = LAZY | {Kind.CASH, Kind.CLEARING, Kind.REVENUE, Kind.FEE, Kind.DISPUTE, Kind.ADJUST, Kind.REFUNDS_DUE, Kind.PAYABLE}
# One of each for the whole platform: they belong to the root tenant whoever asks.
PLATFORM_WIDE = frozenset({Kind.ISSUER, Kind.SINK_USAGE})

_LAZY_BALANCE = """
WITH last AS (
  SELECT balance, transfer_id FROM billing_accountsnapshot WHERE account_id = %(id)s ORDER BY transfer_id DESC LIMIT 1
), since AS (SELECT coalesce((SELECT transfer_id FROM last), 0) AS id)
SELECT coalesce((SELECT balance FROM last), 0)
     + coalesce((SELECT sum(amount) FROM billing_transfer, since WHERE dst_id = %(id)s AND billing_transfer.id > since.id), 0)
     - coalesce((SELECT sum(amount) FROM billing_transfer, since WHERE src_id = %(id)s AND billing_transfer.id > since.id), 0)
"""

# Ids do not commit in order, but transactions end within five minutes: what is ten minutes old has all its elders.
_SNAPSHOT = """
WITH last AS (
  SELECT balance, transfer_id FROM billing_accountsnapshot WHERE account_id = %(id)s ORDER BY transfer_id DESC LIMIT 1
), since AS (
  SELECT id, created_at, CASE WHEN dst_id = %(id)s THEN amount ELSE -amount END AS change FROM billing_transfer
  WHERE (dst_id = %(id)s OR src_id = %(id)s) AND id > coalesce((SELECT transfer_id FROM last), 0)
), due AS (SELECT max(id) AS id FROM since WHERE created_at < now() - interval '10 minutes')
INSERT INTO billing_accountsnapshot (account_id, transfer_id, balance)
SELECT %(id)s, max(since.id), coalesce((SELECT balance FROM last), 0) + sum(change)
FROM since, due WHERE since.id <= due.id HAVING count(*) > 0
ON CONFLICT DO NOTHING
"""


def account(
    *,
    kind: str,
    tenant_id: int | None = None,
    owner: int = 0,
    ledger: str = QUOTA,
    expires_at: datetime.datetime | None = None,
) -> LedgerAccount:
    """Return the account of that purpose, opened on first use. Without a tenant, and for issuer and usage, it is the root's."""
    if tenant_id is None or kind in PLATFORM_WIDE:
        tenant_id = Tenant.objects.values_list("id", flat=True).get(parent=None)
    floor = UNLIMITED if kind in BOTTOMLESS else 0
    return LedgerAccount.objects.get_or_create(
        ledger=ledger,
        tenant_id=tenant_id,
        kind=kind,
        owner=owner,
        expires_at=expires_at,
        defaults={
            "mode": LedgerAccount.Mode.LAZY if kind in LAZY else LedgerAccount.Mode.EAGER,
            "floor": floor,
            "hard_floor": floor,
        },
    )[0]


def wallet(*, membership_id: int) -> LedgerAccount:
    """Return the main account of a membership."""
    return account(kind=Kind.WALLET, tenant_id=_tenant_of(membership_id), owner=membership_id)


def wallets(*, tenant_id: int, membership_ids: Sequence[int]) -> dict[int, int]:
    """Return the main accounts of many members of one tenant by membership, opened where they are missing."""
    key = {"ledger": QUOTA, "tenant_id": tenant_id, "kind": Kind.WALLET, "expires_at": None}
    LedgerAccount.objects.bulk_create((LedgerAccount(owner=owner, **key) for owner in membership_ids), ignore_conflicts=True)
    return dict(LedgerAccount.objects.filter(owner__in=membership_ids, **key).values_list("owner", "pk"))


def lot(*, membership_id: int, expires_at: datetime.datetime) -> LedgerAccount:
    """Return the account of a membership's credit that expires at that moment."""
    return account(kind=Kind.LOT, tenant_id=_tenant_of(membership_id), owner=membership_id, expires_at=expires_at)


def receivable(*, membership_id: int) -> LedgerAccount:
    """Return the account that pays what a wallet could not: its negative balance is the debt."""
    return account(kind=Kind.RECEIVABLE, tenant_id=_tenant_of(membership_id), owner=membership_id)


def balance_of(account: LedgerAccount) -> int:
    """Return what an account holds now, lazy or eager."""
    if account.mode == LedgerAccount.Mode.EAGER:
        return LedgerAccount.objects.values_list("balance", flat=True).get(pk=account.pk)
    with connection.cursor() as cursor:
        cursor.execute(_LAZY_BALANCE, {"id": account.pk})
        return int(cursor.fetchone()[0])


def take_snapshot(account: LedgerAccount) -> bool:
    """Remember a lazy account's balance up to its last transfer of ten minutes ago; False when nothing came since."""
    with connection.cursor() as cursor:
        cursor.execute(_SNAPSHOT, {"id": account.pk})
        return bool(cursor.rowcount)


def spendable(*, account_id: int) -> int:
    """Return what may leave an eager account now: balance − held − floor, never below 0."""
    row = LedgerAccount.objects.get(pk=account_id)
    return max(0, row.balance - row.held - row.floor)


def free_stock(*, tenant_id: int) -> int:
    """Return what a tenant may mint or sell of its stock now, in µ$."""
    pk = LedgerAccount.objects.filter(tenant=tenant_id, kind=Kind.STOCK, ledger=QUOTA).values_list("pk", flat=True).first()
    return spendable(account_id=pk) if pk is not None else 0


def _tenant_of(membership_id: int) -> int:
    return Membership.objects.values_list("tenant_id", flat=True).get(pk=membership_id)
