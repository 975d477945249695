"""Tell a shop's staff that a payment account fails: its messages are refused, or its gateway does not do what is asked of it."""

from __future__ import annotations

import datetime

from django.db.models import Q
from django.utils import timezone

from accounts import events
from billing.models import GatewayAccount

# However often it fails, it is told so often at most.
EVERY_HOURS = 6
# And kept with the account so seldom, though it fails at each call.
KEPT_AFTER = datetime.timedelta(minutes=5)


def tell(account: GatewayAccount, reason: str) -> None:
    """Tell why an account fails, once in some hours, and keep it with the account."""
    now = timezone.now()
    due = Q(failed_at=None) | Q(failed_at__lt=now - KEPT_AFTER)
    GatewayAccount.objects.filter(due, pk=account.pk).update(failed_at=now, failure=reason[:200])
    data = {"account": account.name or account.driver, "gateway": account.driver, "reason": reason[:200]}
    key = f"{account.pk}:{now:%Y%m%d}:{now.hour // EVERY_HOURS}"
    events.emit(tenant_id=account.tenant_id, kind="gateway.failing", data=data, key=key)
