"""What a gateway's word does to an order: all rules about money that came, in one place and one transaction.

A verified payment is never refused because of our own state: late money delivers if there is stock, double, wrong or
undeliverable money waits for a person (`review`), booked as what we owe.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts import events
from accounts.models import User
from billing import cash, disputes, ledger, order_mail, orders, payables, refund_news, self_dealing, shelves, store_credit
from billing.codes import SoldOut
from billing.models import GatewayAccount, Order, PaymentAttempt
from billing.money import format_minor
from billing.payments.base import ProviderEvent

# What events mean something here; others are kept and ignored.
DISPUTES = frozenset({"disputed", "dispute_won", "dispute_lost"})
AFTER_PAYMENT = DISPUTES | {"refunded", "refund_failed"}
KINDS = AFTER_PAYMENT | {"paid", "failed", "expired"}

State = Order.State
Attempt = PaymentAttempt.State


class UnknownPayment(Exception):
    """The event is about no payment of this account."""


class TooEarly(Exception):
    """The event is about money that has not come yet: it must be told again."""


@transaction.atomic
def settle(*, account: GatewayAccount, event: ProviderEvent, actor: User | None = None, reason: str = "") -> Order:
    """Apply an authenticated event, once whatever its copies; return the order. Raises UnknownPayment and TooEarly.

    `actor` and `reason` are of a person who says it in a gateway's place.
    """
    found = payment_of(account, event)
    order = orders.lock(found.order_id)
    attempt = PaymentAttempt.objects.select_related("account").get(pk=found.pk)
    if event.kind in AFTER_PAYMENT and attempt.received_minor is None:
        raise TooEarly("told before its payment, of which the gateway says nothing yet")
    if event.kind == "paid":
        _paid(order, attempt, event, actor=actor, reason=reason)
    elif event.kind in {"failed", "expired"} and attempt.state == Attempt.PENDING:
        orders.step_attempt(attempt, to=Attempt.FAILED if event.kind == "failed" else Attempt.EXPIRED)
        store_credit.drop(attempt)
    elif event.kind in {"refunded", "refund_failed"}:
        refund_news.tell(
            attempt=attempt, kind=event.kind, number=event.reference, key=event.raw.get("refund", ""), amount_minor=event.amount_minor
        )
    elif event.kind in DISPUTES:
        _dispute(attempt, event)
    return order


def _dispute(attempt: PaymentAttempt, event: ProviderEvent) -> None:
    """Begin a dispute, or end it; one whose end is told first begins and ends at once."""
    reason = event.raw.get("reason", "")
    dispute = disputes.begin(attempt=attempt, reference=event.reference, amount_minor=event.amount_minor, reason=reason)
    if event.kind != "disputed":
        disputes.end(dispute=dispute, is_won=event.kind == "dispute_won")


@transaction.atomic
def deliver_reviewed(*, order: Order, actor: User | None, reason: str) -> None:
    """Hand out a reviewed order after all, because a person says so. Raises orders.WrongState and codes.SoldOut."""
    locked = orders.lock(order.pk)
    attempt = locked.attempts.filter(state=Attempt.SUCCEEDED).order_by("pk").first()
    if locked.state != State.REVIEW or attempt is None:
        raise orders.WrongState("only a paid order under review can be delivered")
    shelves.reserve(product=locked.product, count=locked.quantity, order=locked)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(credit_minor=store_credit.take(order=locked, attempt=attempt))
    if attempt.received_minor:
        _book(attempt, src="refunds_due", dst="revenue", key=f"deliver:{attempt.pk}")
        payables.charge(attempt)
    _hand_over(locked, attempt, actor=actor, reason=reason)


def payment_of(account: GatewayAccount, event: ProviderEvent) -> PaymentAttempt:
    """Return the payment an event is about: by our reference, else by the gateway's number. Raises UnknownPayment."""
    rows = PaymentAttempt.objects.filter(account=account)
    found = rows.filter(token=event.attempt_token).first() if event.attempt_token else None
    if found is None and event.transaction and not event.attempt_token:
        found = rows.filter(provider_transaction=event.transaction).first()
    if found is None:
        raise UnknownPayment(f"no payment of this account has the reference {(event.attempt_token or event.transaction)[:40]!r}")
    return found


def _paid(order: Order, attempt: PaymentAttempt, event: ProviderEvent, *, actor: User | None, reason: str) -> None:
    known = (
        PaymentAttempt.objects.filter(account=attempt.account, provider_transaction=event.transaction).first()
        if event.transaction
        else None
    )
    if known is not None and known.pk != attempt.pk and known.order_id != order.pk:
        raise UnknownPayment("this transaction has paid another order")
    if known is not None or (attempt.state == Attempt.SUCCEEDED and not event.transaction):
        return
    store_credit.release(order=order)
    if attempt.account.driver == store_credit.DRIVER and (
        order.state != State.PENDING or not store_credit.covers(order=order, attempt=attempt)
    ):
        # Our own money is not late or twice: what cannot be bought with it stays with the customer.
        orders.step_attempt(attempt, to=Attempt.FAILED, reason="not needed, or used meanwhile")
        return
    if attempt.state == Attempt.SUCCEEDED:
        attempt = orders.second_payment(order, attempt)
    orders.step_attempt(
        attempt, to=Attempt.SUCCEEDED, received_minor=event.amount_minor, received_currency=event.currency,
        provider_transaction=event.transaction or None, actor=actor, reason=reason,
    )  # fmt: skip
    attempt.received_minor, attempt.received_currency = event.amount_minor, event.currency
    problem = _problem(order, attempt, event)
    if problem is not None:
        _review(order, attempt, problem)
        return
    store_credit.take(order=order, attempt=attempt)
    _book(attempt, src="clearing", dst="revenue", key=f"pay:{attempt.pk}")
    payables.charge(attempt)
    _hand_over(order, attempt, actor=actor, reason=reason)


@dataclass(frozen=True, slots=True)
class _Problem:
    """Why money cannot simply buy its order, for staff, and by which mail the buyer is told."""

    reason: str
    mail: str


def _problem(order: Order, attempt: PaymentAttempt, event: ProviderEvent) -> _Problem | None:
    """Say why this money cannot simply buy the order; reserve anew what it lost, all of it when the money came late."""
    if order.state not in {State.PENDING, State.EXPIRED, State.CANCELED}:
        return _Problem("paid again: the order had been paid before", "order_twice")
    if (event.amount_minor, event.currency) != (attempt.amount_minor, attempt.currency):
        reason = f"wrong amount: {event.amount_minor} {event.currency} instead of {attempt.amount_minor} {attempt.currency}"
        mail = "order_over" if event.amount_minor > attempt.amount_minor else "order_under"
        return _Problem(reason, mail if event.currency == attempt.currency else "order_review")
    if not store_credit.covers(order=order, attempt=attempt):
        return _Problem("paid in part: the store credit for the rest was used meanwhile", "order_under")
    is_late = order.state != State.PENDING
    try:
        with transaction.atomic():
            if is_late:
                shelves.reserve(product=order.product, count=order.quantity, order=order)
            else:
                shelves.refill(order=order)
    except SoldOut:
        if is_late:
            return _Problem("paid late: sold out meanwhile", "order_late")
        return _Problem("what was set aside was stopped before it was paid, and there is no more of it", "order_review")
    return None


def _review(order: Order, attempt: PaymentAttempt, problem: _Problem) -> None:
    """Keep the money as owed and ask a person; an order that was delivered stays so."""
    amount, currency, reason = attempt.received_minor or 0, attempt.received_currency or attempt.currency, problem.reason
    if attempt.received_minor:
        _book(attempt, src="clearing", dst="refunds_due", key=f"pay:{attempt.pk}")
    PaymentAttempt.objects.filter(pk=attempt.pk).update(review_reason=reason)
    if order.state == State.PENDING:
        shelves.release(order=order)
    if order.state in {State.PENDING, State.EXPIRED, State.CANCELED}:
        orders.step(order, to=State.REVIEW, reason=reason, review_reason=reason)
    received = format_minor(amount, currency=currency)
    order_mail.write(order, problem.mail, occasion=str(attempt.pk), received=received)
    told = {"number": order.number, "received": received, "reason": reason}
    events.emit(tenant_id=order.tenant_id, kind="order.review", data=told, key=str(attempt.pk))


def _hand_over(order: Order, attempt: PaymentAttempt, *, actor: User | None = None, reason: str = "") -> None:
    now = timezone.now()
    PaymentAttempt.objects.filter(pk=attempt.pk).update(settles_order=True)
    orders.step(order, to=State.PAID, actor=actor, reason=reason, paid_at=now, review_reason="")
    if shelves.sell(order=order) != order.quantity:
        raise orders.WrongState("what the order set aside is not what was ordered")
    self_dealing.look(attempt)
    if shelves.waits_for_staff(order):
        order_mail.write(order, "order_waiting")
        waits = {"number": order.number, "product": order.product_name, "quantity": order.quantity}
        events.emit(tenant_id=order.tenant_id, kind="delivery.waiting", data=waits, key=str(order.pk))
    else:
        orders.step(order, to=State.DELIVERED, actor=actor, delivered_at=now, review_reason="")
        order_mail.write(order, "order_delivered")
    told = {
        "number": order.number, "product": order.product_name, "quantity": order.quantity, "total": order.total_minor,
        "currency": order.currency, "delivery": order.kind,
    }  # fmt: skip
    events.emit(tenant_id=order.tenant_id, kind="order.paid", data=told, key=str(order.pk))


def _book(attempt: PaymentAttempt, *, src: str, dst: str, key: str) -> None:
    """Book what really came, in its currency's own ledger; the gateway's clearing account owes it to us."""
    currency, tenant_id = attempt.received_currency or attempt.currency, attempt.account.tenant_id
    accounts = [cash.of(attempt, kind, currency=currency).pk for kind in (src, dst)]
    amount = attempt.amount_minor if attempt.received_minor is None else attempt.received_minor
    kind = "manual" if attempt.account.driver == GatewayAccount.MANUAL else "payment"
    ledger.post(
        kind=kind, key=key, lines=[ledger.Line(accounts[0], accounts[1], amount)], tenant_id=tenant_id,
        reference=f"order:{attempt.order_id}",
    )  # fmt: skip
