"""What a customer bought, a page at a time, what of it they may ask back or have mailed again, and what an order forgets of them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts import retention
from accounts.models import User
from billing import capability, order_mail, redeem_limits, refunds
from billing.models.codes import Code, CodeEvent
from billing.models.refunds import Refund
from billing.models.restock import RestockWish
from billing.models.shop import Order
from billing.money import format_minor
from foundation import addresses


@dataclass(frozen=True, slots=True)
class Bought:
    """An order as its buyer sees it in a list; the capability opens its page."""

    order: Order
    capability: str
    total: str


def page(*, membership_id: int, before: int | None = None, limit: int) -> list[Bought]:
    """Return a customer's orders below the id `before`, the newest first."""
    rows = Order.objects.filter(membership_id=membership_id)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [
        Bought(order, capability.of(order), format_minor(order.total_minor, currency=order.currency))
        for order in rows.order_by("-pk")[:limit]
    ]


@dataclass(frozen=True, slots=True)
class OwnCode:
    """A code that a customer bought or redeemed; the text of one that is open stands on its order's page alone."""

    id: int
    last4: str
    units_micros: int
    state: str
    label: str
    redeem_by: datetime.datetime | None
    redeemed_at: datetime.datetime | None
    order: Order | None

    @property
    def order_id(self) -> int | None:
        """Return the order it came by, where that is this customer's."""
        return self.order.pk if self.order is not None else None

    @property
    def capability(self) -> str:
        """Return the secret address of that order, or nothing."""
        return capability.of(self.order) if self.order is not None else ""


def codes(*, membership_id: int, before: int | None = None, limit: int) -> list[OwnCode]:
    """Return the codes that a customer bought or redeemed, below the id `before`, the newest first."""
    rows = Code.objects.filter(Q(order__membership=membership_id) | Q(redeemed_by=membership_id)).select_related("batch", "order")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [
        OwnCode(
            code.pk, code.last4, code.batch.units_micros, code.state, code.get_state_display(), code.batch.redeem_by, code.redeemed_at,
            code.order if code.order is not None and code.order.membership_id == membership_id else None,
        )
        for code in rows.order_by("-pk")[:limit]
    ]  # fmt: skip


def askable(order: Order) -> refunds.Offer | None:
    """Return what its buyer may ask back now; None where nothing is left, or it was asked already."""
    attempt = order.attempts.filter(settles_order=True).exclude(refunds__state=Refund.State.REQUESTED).first()
    could = refunds.offer(attempt) if attempt is not None and order.state in {Order.State.DELIVERED, Order.State.PAID} else None
    return could if could is not None and could.amount_minor + could.credit_minor > 0 else None


def mail_again(order: Order) -> bool:
    """Mail what was bought once more, to the address that was left; False where there is none, or it was mailed often enough."""
    if not order.email or order.state != Order.State.DELIVERED or not redeem_limits.may_mail_again(order_id=order.pk):
        return False
    order_mail.write(order, "order_delivered", occasion=f"again {timezone.now():%Y%m%d%H%M}")
    return True


def forget(*, user_id: int) -> int:
    """Take a person's address, contact, answers and network address off their orders; return of how many. Amounts and states stay.

    What they wanted to be told of is forgotten.
    """
    RestockWish.objects.filter(email__in=User.objects.filter(pk=user_id, email__isnull=False).values(lower=Lower("email"))).delete()
    return Order.objects.filter(membership__user_id=user_id).update(email="", contact="", address=None, answers=[])


def forget_unpaid(*, before: datetime.datetime) -> int:
    """Take address, contact and answers off orders from before a moment that were never paid; return of how many."""
    ended = Order.objects.filter(state__in=(Order.State.EXPIRED, Order.State.CANCELED), paid_at=None, created_at__lt=before)
    return ended.exclude(email="", contact="", answers=[]).update(email="", contact="", answers=[])


def shorten_addresses(*, now: datetime.datetime) -> int:
    """Keep of network addresses whose days are over only their network; return how many were shortened."""
    found = 0
    for rows, before in retention.old_addresses(path="tenant", now=now):
        found += addresses.shorten(Order.objects.filter(rows).order_by(), address="address", at="created_at", before=before)
    for rows, before in retention.old_addresses(path="code__batch__tenant", now=now):
        found += addresses.shorten(CodeEvent.objects.filter(rows).order_by(), address="address", at="created_at", before=before)
    return found
