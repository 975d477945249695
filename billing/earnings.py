"""What shops earned on calls, by day: the transfers into their margin accounts, less those that were turned back. Reads only.

A call's journal belongs to the tenant whose customer called; every shop of the chain above may earn on it.
"""

from __future__ import annotations

import datetime
from collections import defaultdict

from django.db.models import Max, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate

from billing.models import AccountSnapshot, LedgerAccount, Transfer

# The nightly transfer of margin to stock is no loss.
_TO_STOCK = "margin"


def by_day(
    accounts: QuerySet[LedgerAccount], *, since: datetime.datetime, until: datetime.datetime
) -> dict[tuple[int, datetime.date], int]:
    """Return what margin accounts among these earned in [since, until), in µ$ by the callers' tenant and day (UTC)."""
    chosen = accounts.filter(kind=LedgerAccount.Kind.MARGIN, ledger="Q").order_by().values("pk")
    # All transfers up to a snapshot were there when it was taken: an index by id leads past them.
    seen = AccountSnapshot.objects.filter(created_at__lt=since).aggregate(last=Max("transfer_id"))["last"] or 0
    rows = Transfer.objects.filter(pk__gt=seen, created_at__gte=since, created_at__lt=until).order_by()
    rows = rows.annotate(day=TruncDate("created_at", tzinfo=datetime.UTC))
    coming = rows.filter(dst__in=chosen).annotate(seller=Coalesce("journal__tenant_id", "dst__tenant_id"))
    turned_back = rows.filter(src__in=chosen).exclude(journal__kind=_TO_STOCK)
    turned_back = turned_back.annotate(seller=Coalesce("journal__tenant_id", "src__tenant_id"))
    found: dict[tuple[int, datetime.date], int] = defaultdict(int)
    for sign, part in ((1, coming), (-1, turned_back)):
        for seller, day, amount in part.values_list("seller", "day").annotate(Sum("amount")):
            found[seller, day] += sign * amount
    return dict(found)
