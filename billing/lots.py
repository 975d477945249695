"""Credit that expires: what nobody spent in time leaves the customer's lot."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing import chart, ledger
from billing.models import LedgerAccount
from foundation.ids import uuid7


def expire_due(*, limit: int = 500) -> int:
    """Empty the lots whose time is over and return how many; what calls still hold follows when it comes back.

    A reseller bought the quota: it goes back to its stock. The platform's own is breakage.
    """
    due = LedgerAccount.objects.filter(kind=LedgerAccount.Kind.LOT, expires_at__lte=timezone.now(), balance__gt=F("held"))
    return sum(_expire(pk) for pk in list(due.order_by("expires_at", "pk").values_list("pk", flat=True)[:limit]))


@transaction.atomic
def _expire(account_id: int) -> bool:
    lot = LedgerAccount.objects.select_related("tenant").select_for_update(no_key=True, of=("self",)).get(pk=account_id)
    amount = lot.balance - lot.held
    if amount <= 0:
        return False
    target = chart.account(kind="breakage" if lot.tenant.is_root else "stock", tenant_id=lot.tenant_id)
    lines = [ledger.Line(lot.pk, target.pk, amount)]
    ledger.post(kind="expire", key=f"expire:{lot.pk}:{uuid7()}", lines=lines, tenant_id=lot.tenant_id)
    return True
