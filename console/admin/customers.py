"""Who a shop lives from and who runs dry: the dearest customers of some days, and wallets that are nearly empty."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.models import Sum

from accounts import scope
from accounts.models import Membership
from gateway.models import UsageMemberDay

MOST = 8

# Customers who spent lately and have little left: an idle wallet at zero is no news.
_LOW = """
SELECT m.id, coalesce(sum(a.balance), 0)::bigint AS balance
FROM accounts_membership m
JOIN (
  SELECT DISTINCT membership_id FROM gateway_usagememberday
  WHERE start >= %(since)s AND (%(tenant)s::bigint IS NULL OR tenant_id = %(tenant)s)
) used ON used.membership_id = m.id
LEFT JOIN billing_ledgeraccount a ON a.owner = m.id AND a.ledger = 'Q' AND a.kind IN ('wallet', 'lot')
  AND (a.expires_at IS NULL OR a.expires_at > now())
GROUP BY m.id HAVING coalesce(sum(a.balance), 0) < %(below)s ORDER BY balance, m.id LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer and an amount in µ$: spent, or left."""

    id: int
    name: str
    micros: int


def dearest(actor: scope.Actor, *, since: datetime) -> list[Customer]:
    """Return who spent most since a day."""
    rows = scope.narrow(actor, UsageMemberDay.objects.filter(start__gte=since)).order_by()
    found = rows.values_list("membership_id").annotate(spent=Sum("price_micros")).order_by("-spent", "membership_id")[:MOST]
    return _named(list(found))


def running_dry(actor: scope.Actor, *, since: datetime) -> list[Customer]:
    """Return customers who called since a day and have less left than the shop warns of."""
    tenant = None if actor.is_platform else actor.tenant.pk
    with connection.cursor() as cursor:
        cursor.execute(_LOW, {"since": since, "tenant": tenant, "below": settings.LOW_WALLET_CENTS * 10_000, "most": MOST})
        return _named(cursor.fetchall())


def _named(found: list[tuple[int, int]]) -> list[Customer]:
    members = Membership.objects.filter(pk__in=[pk for pk, _micros in found]).select_related("user")
    names = {member.pk: str(member.user) for member in members}
    return [Customer(pk, names.get(pk, "–"), micros) for pk, micros in found]
