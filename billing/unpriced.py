"""Use that nobody had priced: counted as it is posted, told to the operator once, and found by every audit until it is priced.

What is known before a call (`Unpriced`) is refused instead; this is for what a vendor only reports afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection

from accounts import tenants
from accounts.models import Membership
from billing import price_lists
from billing.audit import Finding
from billing.models import UnpricedUse
from foundation import notify

_COUNT = """
INSERT INTO billing_unpriceduse AS kept (model, unit, calls, amount)
SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[])
ON CONFLICT (model, unit) DO UPDATE SET calls = kept.calls + excluded.calls, amount = kept.amount + excluded.amount, last_at = now()
RETURNING model, unit, calls = %s
"""


def count(used: Sequence[tuple[str, Mapping[str, int]]]) -> None:
    """Note calls that used something unpriced, as (model, amount by unit); call it in the transaction that posts them."""
    sums: dict[tuple[str, str], list[int]] = {}
    for model, amounts in used:
        for unit, amount in amounts.items():
            entry = sums.setdefault((model[:120], unit[:120]), [0, 0])
            entry[0] += 1
            entry[1] += amount
    # One order everywhere: two batches must not wait for each other.
    for (model, unit), (calls, amount) in sorted(sums.items()):
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [[model], [unit], [calls], [amount], calls])
            if cursor.fetchone()[2]:
                _tell(model, unit)


def findings() -> list[Finding]:
    """Return what was charged nothing and has no price yet."""
    prices = price_lists.load(tenants.root().pk)
    found: list[Finding] = []
    for row in UnpricedUse.objects.order_by("model", "unit"):
        sold = prices.resolve(row.model)
        if sold is not None and sold.charge_for({row.unit: 1}).unpriced:
            detail = f"{row.amount} in {row.calls} calls since {row.first_at:%Y-%m-%d %H:%M} were charged nothing: set a price"
            found.append(Finding("unpriced", f"{row.unit} of {row.model}", detail))
    return found


def _tell(model: str, unit: str) -> None:
    root = tenants.root()
    for member in Membership.objects.filter(tenant=root, role=Membership.Role.OWNER).select_related("user"):
        if member.user.email:
            notify.email(
                to=member.user.email,
                template="unpriced",
                context={"model": model, "unit": unit},
                language=member.user.language or root.language,
                sender_name=root.name,
            )
