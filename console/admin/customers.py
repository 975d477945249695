"""Who a shop lives from and who runs dry: the dearest customers of a month, and wallets of large customers that are nearly empty."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection

from accounts import scope
from accounts.models import Membership
from gateway.models import UsageMemberMonth

MOST = 8
# So many are looked at for who runs dry, from the dearest on: a shop has 150,000, and most of them hardly matter to it.
MOST_LOOKED_AT = 2_000

# The dearest are read off an index; only who spent lately can run dry: an idle wallet at zero is no news.
_FOUND = """
WITH used AS MATERIALIZED ({used}),
dearest AS (SELECT membership_id, price_micros AS micros FROM used ORDER BY price_micros DESC, membership_id LIMIT %s),
dry AS (
  SELECT used.membership_id, coalesce(sum(a.balance), 0)::bigint AS micros FROM used
  LEFT JOIN billing_ledgeraccount a ON a.owner = used.membership_id AND a.ledger = 'Q' AND a.kind IN ('wallet', 'lot')
    AND (a.expires_at IS NULL OR a.expires_at > now())
  GROUP BY used.membership_id HAVING coalesce(sum(a.balance), 0) < %s ORDER BY micros, used.membership_id LIMIT %s
)
SELECT true, membership_id, micros FROM dearest UNION ALL SELECT false, membership_id, micros FROM dry
"""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer and an amount in µ$: spent, or left."""

    id: int
    name: str
    micros: int


@dataclass(frozen=True, slots=True)
class Customers:
    """Who spent most, and who of the largest has less left than the shop warns of, the emptiest first."""

    dearest: list[Customer]
    running_dry: list[Customer]


def of_month(actor: scope.Actor, *, month: datetime) -> Customers:
    """Return the customers to know of those who called in a month (UTC)."""
    rows = scope.narrow(actor, UsageMemberMonth.objects.filter(start=month)).order_by("-price_micros", "membership_id")
    used, params = rows.values("membership_id", "price_micros")[:MOST_LOOKED_AT].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_FOUND.format(used=used), [*params, MOST, settings.LOW_WALLET_CENTS * 10_000, MOST])
        found = cursor.fetchall()
    dearest = sorted(((pk, micros) for is_dear, pk, micros in found if is_dear), key=lambda one: (-one[1], one[0]))
    dry = sorted(((pk, micros) for is_dear, pk, micros in found if not is_dear), key=lambda one: (one[1], one[0]))
    return Customers(dearest=_named(dearest), running_dry=_named(dry))


def _named(found: list[tuple[int, int]]) -> list[Customer]:
    members = Membership.objects.filter(pk__in=[pk for pk, _micros in found]).select_related("user")
    names = {member.pk: str(member.user) for member in members}
    return [Customer(pk, names.get(pk, "–"), micros) for pk, micros in found]
