"""Opening balances: what customers had, or owed, in the system they come from.

What they had comes out of the seller's stock (the platform's from the issuer), so that a reseller brings in no quota that was not
bought. What they owed is their debt from now on: their wallet's floor is higher by it until it is paid.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Sum

from accounts.models import Tenant
from billing import chart, ledger
from billing.models import LedgerAccount, Transfer

KIND = "opening"


@transaction.atomic
def open_balances(*, tenant: Tenant, balances: Sequence[tuple[int, int]], key: str, reference: str) -> None:
    """Post (membership, µ$) pairs in one journal, once per key; 0 is left out. Raises InsufficientFunds, KeyReused."""
    source = _source(tenant)
    adjust = chart.account(kind="adjust", tenant_id=tenant.pk).pk
    wallets = chart.wallets(tenant_id=tenant.pk, membership_ids=[owner for owner, _ in balances])
    lines = [ledger.Line(source, wallets[owner], micros) for owner, micros in balances if micros > 0]
    owed = {owner: -micros for owner, micros in balances if micros < 0}
    lines += [ledger.Line(chart.receivable(membership_id=owner).pk, adjust, micros) for owner, micros in owed.items()]
    # Locked first, so that of two who open the same at once the second sees what the first has posted.
    touched = [pk for line in lines for pk in (line.src_id, line.dst_id)] + list(wallets.values())
    list(LedgerAccount.objects.filter(pk__in=touched, mode="eager").order_by("pk").select_for_update(no_key=True))
    is_first = not Transfer.objects.filter(journal__key=key).exists()
    if lines:
        ledger.post(kind=KIND, key=key, lines=lines, tenant_id=tenant.pk, reference=reference)
    if not is_first:
        return
    for owner, micros in sorted(owed.items(), key=lambda pair: wallets[pair[0]]):
        LedgerAccount.objects.filter(pk=wallets[owner]).update(floor=F("floor") + micros)


def opened(*, reference: str) -> int:
    """Return what was posted under a reference: µ$ that people had less what they owed."""
    lines = Transfer.objects.filter(journal__reference=reference, journal__kind=KIND)
    had = lines.filter(dst__kind="wallet").aggregate(micros=Sum("amount"))["micros"] or 0
    owed = lines.filter(src__kind="receivable").aggregate(micros=Sum("amount"))["micros"] or 0
    return int(had) - int(owed)


def missing(*, tenant: Tenant, micros: int) -> int:
    """Return how much of an amount the tenant's stock does not cover; the platform's covers any."""
    return 0 if tenant.is_root else max(0, micros - chart.spendable(account_id=_source(tenant)))


def _source(tenant: Tenant) -> int:
    return chart.account(kind="issuer").pk if tenant.is_root else chart.account(kind="stock", tenant_id=tenant.pk).pk
