"""Purchases a shop may have made in itself through an account that the platform lends: noticed, and kept back until a person has looked.

Such a purchase turns a card, perhaps a stolen one, into money that the shop can withdraw, and lifts its buyer on the shop's
ladder. A sign proves nothing (people share networks), so nothing is taken from anybody and delivery goes on: the payment just
does not mature, and staff of the platform hear of it. Once cleared it matures as if nothing had been. What is seen later (a
code that staff redeem, a new sign after a decision) is noticed by `look_back`, safe to run twice at once.

WrongStep   the suspicion is not in a state for this
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import events, marks, tenants
from accounts.marks import Marks
from accounts.models import Membership, User
from billing import payables, payers
from billing.models import Order, PaymentAttempt, Suspicion
from billing.money import format_minor
from foundation import mailboxes

# Later signs count within so many days after the payment, and staff are known by where they were in as many before.
WATCHED = datetime.timedelta(days=30)

Sign = Suspicion.Sign
State = Suspicion.State


class WrongStep(Exception):
    """The suspicion was decided in the meantime."""


def look(attempt: PaymentAttempt) -> bool:
    """Look at a payment that settles its order, within the caller's transaction; tell whether it is kept back for a new sign."""
    return payables.is_lent(attempt) and _look_at(attempt.order.tenant_id, _settled().filter(pk=attempt.pk)) > 0


def look_back() -> int:
    """Look once more at what was paid lately, for signs that came later; return how many payments had a new one. Asks gateways."""
    since = timezone.now() - WATCHED
    payers.gather(since=since)
    lately = _settled().filter(ended_at__gt=since)
    return sum(_look_at(pk, lately) for pk in list(lately.order_by().values_list("order__tenant", flat=True).distinct()))


def seen_with_staff(*, tenant_id: int, orders: Collection[int]) -> int:
    """Note orders placed in the browser in which somebody of the shop's staff is signed in; return how many are new signs."""
    lately = _settled().filter(order__tenant=tenant_id, order__in=orders, ended_at__gt=timezone.now() - WATCHED)
    return sum(_note(order, {Sign.BROWSER}) for order in _orders(lately))


@transaction.atomic
def clear(*, suspicion: Suspicion, actor: User | None, reason: str) -> None:
    """Say that the purchase is an honest one: its money matures as if nothing had been. Raises WrongStep."""
    _decide(suspicion, before=Suspicion.WITHHOLDING, to=State.CLEARED, actor=actor, reason=reason)


@transaction.atomic
def uphold(*, suspicion: Suspicion, actor: User | None, reason: str) -> None:
    """Say that the shop bought of itself: the money stays with the platform, to be paid back to who paid. Raises WrongStep."""
    _decide(suspicion, before=(State.OPEN,), to=State.UPHELD, actor=actor, reason=reason)


def _decide(suspicion: Suspicion, *, before: tuple[str, ...], to: str, actor: User | None, reason: str) -> None:
    rows = Suspicion.objects.filter(pk=suspicion.pk, state__in=before)
    if rows.update(state=to, decided_by=actor, decided_at=timezone.now(), reason=reason[:200]) != 1:
        raise WrongStep(_("This was decided meanwhile: look at it again."))
    suspicion.refresh_from_db()


def _settled() -> QuerySet[PaymentAttempt]:
    """Select payments that brought shops money through accounts of the platform."""
    return PaymentAttempt.objects.filter(settles_order=True).exclude(account__tenant=F("order__tenant"))


def _orders(attempts: QuerySet[PaymentAttempt]) -> QuerySet[Order]:
    return Order.objects.filter(pk__in=attempts.values("order")).select_related("tenant").order_by("pk")


def _look_at(tenant_id: int, attempts: QuerySet[PaymentAttempt]) -> int:
    since = timezone.now() - WATCHED
    staff, orders = marks.of_staff(tenant_id, since=since), _orders(attempts).filter(tenant=tenant_id)
    own = payers.of_shop(tenant_id, since=since)
    by_query = {
        Sign.ACCOUNT: orders.filter(Q(membership__user__in=staff.users) | Q(recipient__in=_of_both(orders, staff))),
        Sign.PAYMENT: orders.filter(attempts__in=attempts, attempts__payer__in=own),
        Sign.REDEEMED: orders.filter(_came_back(staff)),
    }
    numbers = {sign: set(rows.order_by().values_list("pk", flat=True)) for sign, rows in by_query.items()}
    return sum(_note(order, signs) for order in orders.iterator() if (signs := _signs(order, staff, numbers)))


def _signs(order: Order, staff: Marks, numbers: Mapping[Sign, Collection[int]]) -> set[Sign]:
    """Return what speaks for the shop itself as the buyer; `numbers` are the orders of which a query told it."""
    found = {sign for sign, orders in numbers.items() if order.pk in orders}
    if order.email and mailboxes.canonical(order.email) in staff.mailboxes:
        found.add(Sign.EMAIL)
    if marks.place(order.address) in staff.places:
        found.add(Sign.ADDRESS)
    return found


def _came_back(staff: Marks) -> Q:
    """Match orders of which staff redeemed a code or claimed a key."""
    return Q(codes__redeemed_by__user__in=staff.users) | Q(codes__ready_key__claimed_by__user__in=staff.users)


def _of_both(orders: QuerySet[Order], staff: Marks) -> QuerySet[Membership, int]:
    """Select the shops that bought stock of this one and have staff in common with it."""
    buyers = orders.filter(recipient__isnull=False).order_by().values("recipient")
    shared = Membership.objects.filter(tenant__in=buyers, user__in=staff.users, role__in=Membership.STAFF_ROLES)
    return shared.values_list("tenant_id", flat=True)


@transaction.atomic
def _note(order: Order, signs: set[Sign]) -> bool:
    """Keep what speaks against a purchase and tell the platform, once a sign; one that was cleared is open again by a new sign."""
    paid = order.attempts.get(settles_order=True)
    payables.lock(order.tenant_id, currency=paid.received_currency or paid.currency)
    row = Suspicion.objects.select_for_update(no_key=True).filter(order=order).first()
    known = [] if row is None else row.signs
    new = sorted(signs - set(known))
    if not new:
        return False
    if row is None:
        Suspicion.objects.create(order=order, signs=new)
    else:
        anew = {"state": State.OPEN, "decided_by": None, "decided_at": None} if row.state == State.CLEARED else {}
        Suspicion.objects.filter(pk=row.pk).update(signs=[*known, *new], **anew)
    _tell(order, [*known, *new])
    return True


def _tell(order: Order, signs: list[str]) -> None:
    data: Mapping[str, str] = {
        "shop": order.tenant.name, "number": order.number, "total": format_minor(order.total_minor, currency=order.currency),
        "signs": ", ".join(signs),
    }  # fmt: skip
    events.emit(tenant_id=tenants.root().pk, kind="purchase.suspected", data=data, key=f"{order.pk}:{len(signs)}")
