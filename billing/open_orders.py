"""How many unpaid orders a buyer has, and how many pieces of a product, whichever way they are told apart."""

from __future__ import annotations

import functools
import operator

from django.db.models import Count, Q, Sum
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing.models import Order, Product


def count(*, tenant: Tenant, address: str | None, email: str, contact: str, membership: Membership | None) -> int:
    """Return the most unpaid orders by network address, e-mail, other contact or membership; what is empty tells nobody apart."""
    told = {"address": address, "email": email, "contact": contact, "membership": membership}
    by = {name: Q(**{name: value}) for name, value in told.items() if value}
    if not by:
        return 0
    pending = Order.objects.filter(tenant=tenant, state=Order.State.PENDING, reserved_until__gt=timezone.now())
    same = pending.filter(functools.reduce(operator.or_, by.values()))
    counted = same.aggregate(**{f"by_{name}": Count("pk", filter=one) for name, one in by.items()})
    return max(map(int, counted.values()))


def pieces(*, product: Product, email: str, contact: str, membership: Membership | None) -> int:
    """Return how many pieces of a product a buyer has ordered; orders that came to nothing do not count."""
    told = {"email": email.strip().lower(), "contact": contact.strip(), "membership": membership}
    who = functools.reduce(operator.or_, (Q(**{name: value}) for name, value in told.items() if value))
    nothing = (Order.State.EXPIRED, Order.State.CANCELED, Order.State.REFUNDED)
    counting = Order.objects.filter(who, product=product).exclude(state__in=nothing)
    return counting.aggregate(sum=Sum("quantity"))["sum"] or 0
