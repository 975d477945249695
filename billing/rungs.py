"""The rungs of a tenant's ladder of customer groups, and who has paid enough for one."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, NullIf

from accounts.models import Tenant
from billing.models import Dispute, Order, PromotionRule, Refund, Suspicion


@dataclass(frozen=True, slots=True)
class Rung:
    """What must be paid (minor units of the tenant's currency) or used (µ$) for a group, ever or in so many days; see `PromotionRule`."""

    tenant_id: int
    currency: str
    group: str
    rank: int
    days: int | None
    paid_minor: int | None
    used_micros: int | None
    falls_back: bool


def tenants() -> list[Tenant]:
    """Return the tenants that have a ladder."""
    return list(Tenant.objects.filter(promotion_rules__isnull=False).distinct().order_by("pk"))


def of(tenant: Tenant) -> list[Rung]:
    """Return a tenant's rungs, the best first."""
    rules = PromotionRule.objects.filter(tenant=tenant).order_by("-rank")
    return [
        Rung(
            tenant_id=tenant.pk,
            currency=tenant.currency,
            group=rule.group,
            rank=rule.rank,
            days=rule.days,
            paid_minor=rule.paid_minor,
            used_micros=rule.used_micros,
            falls_back=rule.falls_back,
        )
        for rule in rules
    ]


def paid_enough(rung: Rung, *, since: datetime.datetime | None) -> QuerySet[Any]:
    """Return the numbers of the memberships whose orders, paid since a moment (None: ever), reach a rung; as a subquery."""
    paid = _paid(rung)
    if since is not None:
        paid = paid.filter(paid_at__gte=since)
    sums = paid.values("membership_id").annotate(sum=Sum(F("total_minor") - F("returned")))
    enough: QuerySet[Any] = sums.filter(sum__gte=rung.paid_minor).values("membership_id")
    return enough


def _paid(rung: Rung) -> QuerySet[Any]:
    """Return paid orders in the tenant's currency, with what went back as `returned`; without those disputed or suspected."""
    disputed = Dispute.objects.filter(attempt__order=OuterRef("pk")).exclude(state=Dispute.State.WON)
    # A gateway's refund is in its own currency: it returns the same share of what the order cost beside store credit.
    share = F("amount_minor") * (F("attempt__order__total_minor") - F("attempt__credit_minor")) / NullIf(F("attempt__amount_minor"), 0)
    refunds = Refund.objects.filter(attempt__order=OuterRef("pk"), attempt__settles_order=True, state__in=Refund.COUNTING)
    summed = refunds.order_by().values("attempt__order").annotate(sum=Sum(Coalesce(share, 0) + F("credit_minor"))).values("sum")
    kept = Order.objects.filter(tenant_id=rung.tenant_id, currency=rung.currency, state__in=(Order.State.PAID, Order.State.DELIVERED))
    rows = kept.exclude(membership=None).exclude(suspicion__state__in=Suspicion.WITHHOLDING).filter(~Exists(disputed))
    return rows.order_by().annotate(returned=Coalesce(Subquery(summed), 0))
