"""By which card or account payments were made, as keyed digests: so that two by one hand can be told, and nothing else.

Asked of gateways for payments through accounts that the platform lends, and for the stock that shops buy of the platform.
"""

from __future__ import annotations

import datetime

import structlog
from django.db.models import F, Q, QuerySet

from billing import gateways
from billing.models import PaymentAttempt, Product
from billing.payments.base import GatewayError
from foundation import vault

UNKNOWN = "-"
log = structlog.get_logger(__name__)


def gather(*, since: datetime.datetime, limit: int = 200) -> int:
    """Ask about payments since a moment that nobody asked about yet, at most so many; return how many are known now.

    An account that does not answer is left for the next time, and holds up no other.
    """
    away: set[int] = set()
    known = 0
    for attempt in _unasked(since).select_related("account__tenant", "order").order_by("pk")[:limit]:
        if attempt.account_id in away:
            continue
        try:
            told = gateways.driver_of(attempt.account.driver).payer(attempt)
        except GatewayError:
            away.add(attempt.account_id)
            log.warning("a gateway did not tell who paid", account=attempt.account_id)
            continue
        mark = vault.digest(f"{attempt.account_id}:{told}", purpose="payer") if told else UNKNOWN
        known += PaymentAttempt.objects.filter(pk=attempt.pk).update(payer=mark)
    return known


def of_shop(tenant_id: int, *, since: datetime.datetime) -> set[str]:
    """Return by what a shop paid for its own stock since a moment."""
    own = PaymentAttempt.objects.filter(order__recipient=tenant_id, settles_order=True, ended_at__gt=since)
    return set(own.exclude(payer__in=("", UNKNOWN)).order_by().values_list("payer", flat=True))


def _unasked(since: datetime.datetime) -> QuerySet[PaymentAttempt]:
    lent = ~Q(account__tenant=F("order__tenant"))
    stock = Q(order__kind=Product.Kind.STOCK, account__tenant__parent=None)
    return PaymentAttempt.objects.filter(lent | stock, settles_order=True, payer="", ended_at__gt=since)
