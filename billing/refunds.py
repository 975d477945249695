"""Pay money back: compute what is fair, take the quota back first, let the gateway pay, keep every step.

The buyer of codes that nobody redeemed gets their whole price. Of a redeemed one (a ready key is one) the unspent part
counts. What staff deliver is whole until they did, then nothing, like a card that was shown. Money that never
bought anything (late, twice, wrong amount) goes back whole. Cash waits in `refunds_due` until the gateway says it is done.
What store credit had paid beside a gateway goes back to it in the same proportion, at once.

RefundError
├── NothingToRefund   there is nothing (left) to pay back, or less than asked for
└── WrongStep         the refund is not in a state for this
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from accounts import events
from accounts.models import User
from billing import cash, gateways, ledger, order_mail, orders, payables, store_credit, unused
from billing.models import Journal, Order, PaymentAttempt, Refund
from billing.money import format_minor
from billing.payments.base import GatewayError

State = Refund.State
# What stands at a refund while its gateway is asked; it stays there after a crash.
NO_ANSWER = "asked, no answer yet: if it stays so, look at the gateway, pay there if need be, and mark this as paid back"
_REFUNDABLE = frozenset({Order.State.PAID, Order.State.DELIVERED, Order.State.REVIEW})


class RefundError(Exception):
    """The base of what refunds refuse."""


class NothingToRefund(RefundError):
    """There is not so much to pay back."""


class WrongStep(RefundError):
    """The refund cannot do this now."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What could be paid back now: `amount_minor` with the quota taken back, at most `left_minor` as a gesture.

    `credit_minor`, in the order's currency, goes back to store credit together with the quota.
    """

    amount_minor: int
    left_minor: int
    currency: str
    open_codes: int
    redeemed_codes: int
    credit_minor: int = 0


def offer(attempt: PaymentAttempt) -> Offer:
    """Return what a payment could bring back now."""
    received = attempt.received_minor or 0
    counted = attempt.refunds.filter(state__in=Refund.COUNTING).aggregate(sum=Sum("amount_minor"))["sum"] or 0
    left, currency = max(0, received - counted), attempt.received_currency or attempt.currency
    if not attempt.settles_order:
        return Offer(left, left, currency, 0, 0)
    left_over = unused.of(attempt)
    whole, back, codes, parts = left_over.whole, left_over.back, len(left_over.open_codes), len(left_over.unspent)
    credit = min(_credit_left(attempt), attempt.credit_minor * back // whole)
    return Offer(min(left, received * back // whole), left, currency, codes, parts, credit)


def refundable(order: Order) -> PaymentAttempt | None:
    """Return the payment of an order of which something can be paid back: one that bought nothing first."""
    attempts = order.attempts.filter(received_minor__gt=0).select_related("order", "account").order_by("settles_order", "pk")
    return next((attempt for attempt in attempts if (found := offer(attempt)).left_minor + found.credit_minor > 0), None)


@transaction.atomic
def request(*, order: Order, reason: str) -> Refund:
    """Note that the buyer wants the money back; the same request when asked again. Raises NothingToRefund."""
    # As it is now: what was read before may have been delivered since.
    attempt = orders.lock(order.pk).attempts.filter(settles_order=True).first()
    if attempt is None:
        raise NothingToRefund("this order was not paid")
    found = attempt.refunds.filter(state=State.REQUESTED).first()
    if found is not None:
        return found
    could = offer(attempt)
    if could.amount_minor + could.credit_minor <= 0:
        raise NothingToRefund("everything that was bought has been used")
    parts = {"amount_minor": could.amount_minor, "credit_minor": could.credit_minor, "takes_back": True}
    made = _create(attempt, state=State.REQUESTED, reason=reason, actor=None, **parts)
    told = {"number": order.number, "amount": spell(made), "reason": made.reason}
    events.emit(tenant_id=order.tenant_id, kind="refund.asked", data=told, key=str(made.pk))
    return made


@transaction.atomic
def decline(*, refund: Refund, actor: User | None, reason: str) -> None:
    """Refuse a buyer's request, with the reason. Raises WrongStep."""
    _step(refund, before=(State.REQUESTED,), to=State.DECLINED, problem=reason[:200], actor=actor, ended_at=timezone.now())
    order_mail.write(refund.attempt.order, "refund_declined", occasion=str(refund.pk), reason=reason)


@transaction.atomic
def start(
    *, attempt: PaymentAttempt, actor: User | None, reason: str, gesture_minor: int | None = None, to_credit: bool = False,
    is_whole: bool = False,
) -> Refund:  # fmt: skip
    """Take the quota back and put the money aside; `send` then has it paid.

    With `gesture_minor` so much is paid back and the buyer keeps everything, unless that `is_whole`: all there was. With
    `to_credit` the customer gets all of it as store credit in place of the gateway's money. Raises NothingToRefund.
    """
    order = orders.lock(attempt.order_id)
    locked = PaymentAttempt.objects.select_related("order", "account").get(pk=attempt.pk)
    could, left_over = offer(locked), unused.of(locked)
    takes_back = gesture_minor is None or is_whole
    credit = could.credit_minor if takes_back else 0
    amount, most = (could.amount_minor, could.amount_minor) if gesture_minor is None else (gesture_minor, could.left_minor)
    if amount + credit <= 0 or not 0 <= amount <= most:
        raise NothingToRefund(f"at most {format_minor(most, currency=could.currency)} can be paid back")
    _check_way(locked, amount, actor=actor, to_credit=to_credit)
    parts = {"amount_minor": amount, "credit_minor": credit, "takes_back": takes_back, "to_credit": to_credit}
    whole = (could.left_minor, _credit_left(locked))
    refund = _approve(locked, reason=reason, actor=actor, **parts)
    store_credit.pay_back(refund)
    if takes_back and locked.settles_order:
        try:
            unused.take_back(order, left_over, refund=refund, actor=actor)
        except ledger.InsufficientFunds:
            raise NothingToRefund("the quota is being spent at this moment: try again") from None
    if locked.settles_order and amount:
        _book(refund, src="revenue", dst="refunds_due", key=f"refund-due:{refund.pk}")
    if (amount, credit) == whole and order.state in _REFUNDABLE:
        orders.step(order, to=Order.State.REFUNDED, actor=actor, reason=reason)
    return refund


def send(refund: Refund) -> Refund:
    """Have the gateway pay, once however often this is called; what it refuses waits, with its words, to be tried again or done by hand."""
    if refund.state != State.SUBMITTED or refund.provider_number:
        return refund
    attempt = PaymentAttempt.objects.select_related("account__tenant", "order").get(pk=refund.attempt_id)
    if refund.to_credit or not refund.amount_minor:
        finish(refund=refund)
        refund.refresh_from_db()
        return refund
    driver = gateways.driver_of(attempt.account.driver)
    if not driver.repeats_refunds and not _claim(refund):
        return refund
    try:
        number = driver.refund(attempt, amount_minor=refund.amount_minor, key=refund.key)
    except GatewayError as error:
        Refund.objects.filter(pk=refund.pk, state=State.SUBMITTED).update(problem=str(error)[:200])
        _tell_failed(refund, str(error))
    else:
        Refund.objects.filter(pk=refund.pk, provider_number=None).update(provider_number=number, problem="")
        if driver.refunds_at_once:
            finish(refund=refund)
    refund.refresh_from_db()
    return refund


def send_again(refund: Refund) -> Refund:
    """Have the gateway try once more because a person says so, under a new key where it had said that it failed."""
    if not renew(refund):
        waiting = Refund.objects.filter(pk=refund.pk, state=State.SUBMITTED, provider_number=None)
        waiting.exclude(problem=NO_ANSWER).update(problem="")
        refund.refresh_from_db()
    return send(refund)


def renew(refund: Refund) -> bool:
    """Let a refund that failed begin anew, under a key of its own: what the gateway said of the old one is over. Tell whether it had."""
    anew = {"state": State.SUBMITTED, "key": secrets.token_hex(12), "provider_number": None, "problem": ""}
    had_failed = Refund.objects.filter(pk=refund.pk, state=State.FAILED).update(**anew) == 1
    refund.refresh_from_db()
    return had_failed


@transaction.atomic
def finish(*, refund: Refund, actor: User | None = None, reason: str = "") -> None:
    """Note that the money has gone back, because the gateway or a person says so; harmless when repeated. Raises WrongStep."""
    orders.lock(refund.attempt.order_id)
    if Refund.objects.filter(pk=refund.pk, state=State.SUCCEEDED).exists():
        return
    renew(refund)
    _step(refund, before=(State.SUBMITTED,), to=State.SUCCEEDED, problem=reason[:200], actor=actor, ended_at=timezone.now())
    if refund.to_credit and refund.amount_minor:
        places = {
            name: cash.of(refund.attempt, kind, currency=refund.currency) for name, kind in (("due", "refunds_due"), ("kept", "revenue"))
        }
        store_credit.keep(refund, **places)
    elif refund.amount_minor:
        _book(refund, src="refunds_due", dst="clearing", key=_key("refund", refund))
    order, amount = refund.attempt.order, spell(refund)
    told = {"number": order.number, "amount": amount}
    events.emit(tenant_id=order.tenant_id, kind="refund.created", data=told, key=str(refund.pk))
    order_mail.write(refund.attempt.order, "order_refunded", occasion=str(refund.pk), amount=amount)


@transaction.atomic
def fail(*, refund: Refund, problem: str) -> None:
    """Note that the gateway could not pay back after all, days after it said so perhaps: the money is owed still, a person decides."""
    orders.lock(refund.attempt.order_id)
    refund.refresh_from_db()
    if refund.to_credit or refund.state not in {State.SUBMITTED, State.SUCCEEDED}:
        return
    if refund.state == State.SUCCEEDED and refund.amount_minor:
        _book(refund, src="clearing", dst="refunds_due", key=_key("refund-failed", refund))
    _step(refund, before=(refund.state,), to=State.FAILED, problem=problem[:200], ended_at=None)
    _tell_failed(refund, problem)


def spell(refund: Refund) -> str:
    """Return a refund's amount, ready to print: the gateway's part, and what goes to store credit."""
    parts = [(refund.amount_minor, refund.currency), (refund.credit_minor, refund.attempt.order.currency)]
    return " + ".join(format_minor(amount, currency=currency) for amount, currency in parts if amount)


def send_due(*, limit: int = 50) -> int:
    """Send refunds that were put aside and not sent (a crash in between, a gateway that was away); return how many left.

    A gateway that may pay twice when asked twice is asked by itself once; then a person looks.
    """
    once = [slug for slug, driver in gateways.drivers().items() if not driver.repeats_refunds]
    tried = Q(attempt__account__driver__in=once) & ~Q(problem="")
    due = Refund.objects.filter(~tried, state=State.SUBMITTED, provider_number=None).order_by("pk")[:limit]
    return sum(bool(send(refund).provider_number) for refund in due)


def _claim(refund: Refund) -> bool:
    """Note that the gateway is being asked, before it is: whoever comes second, or after a crash, does not ask again."""
    asked = Refund.objects.filter(pk=refund.pk, state=State.SUBMITTED, provider_number=None, problem="")
    return asked.update(problem=NO_ANSWER) == 1


def _tell_failed(refund: Refund, problem: str) -> None:
    """Tell staff, once a refund, that its money has not gone back by itself."""
    order = refund.attempt.order
    told = {"number": order.number, "amount": spell(refund), "problem": problem[:200]}
    events.emit(tenant_id=order.tenant_id, kind="refund.failed", data=told, key=str(refund.pk))


def _check_way(attempt: PaymentAttempt, amount: int, *, actor: User | None, to_credit: bool) -> None:
    """Raise NothingToRefund where the money cannot go the way it is to go; what was paid back at the gateway has gone (no actor)."""
    if actor is not None and attempt.disputes.exclude(state="won").exists():
        raise NothingToRefund("the buyer has taken the money back through the bank: see the dispute")
    if to_credit and (attempt.order.membership is None or not store_credit.worth(attempt, attempt.received_minor or 0)):
        raise NothingToRefund("only a customer with an account here can get store credit, in the shop's currency")
    if actor is not None and not payables.covers(attempt, amount):
        raise NothingToRefund("what the platform holds for this shop does not cover it")


def _credit_left(attempt: PaymentAttempt) -> int:
    """Return what of a payment's store credit has not gone back: unlike the gateway's, this money never fails to arrive."""
    if not attempt.settles_order:
        return 0
    given = attempt.refunds.filter(state__in=Refund.COUNTING).aggregate(sum=Sum("credit_minor"))["sum"] or 0
    return max(0, attempt.credit_minor - given)


def _approve(attempt: PaymentAttempt, *, reason: str, actor: User | None, **parts: int) -> Refund:
    """Turn the buyer's open request into the refund, or make one."""
    asked = attempt.refunds.filter(state=State.REQUESTED).first()
    if asked is None:
        return _create(attempt, state=State.SUBMITTED, reason=reason, actor=actor, **parts)
    _step(asked, before=(State.REQUESTED,), to=State.SUBMITTED, actor=actor, **parts)
    return asked


def _create(attempt: PaymentAttempt, *, state: str, reason: str, actor: User | None, **parts: int) -> Refund:
    return Refund.objects.create(
        attempt=attempt, key=secrets.token_hex(12), currency=attempt.received_currency or attempt.currency, state=state,
        reason=reason[:200], actor=actor, **parts,
    )  # fmt: skip


def _step(refund: Refund, *, before: tuple[str, ...], to: str, **fields: object) -> None:
    if Refund.objects.filter(pk=refund.pk, state__in=before).update(state=to, **fields) != 1:
        raise WrongStep("the refund has gone on meanwhile: look at it again")
    refund.state = to
    for name, value in fields.items():
        setattr(refund, name, value)


def _key(name: str, refund: Refund) -> str:
    """Return the key under which a refund is booked: one that failed afterwards may be paid once more."""
    failed = Journal.objects.filter(key__startswith=f"refund-failed:{refund.pk}:").count()
    return f"{name}:{refund.pk}:{failed}" if failed or name != "refund" else f"{name}:{refund.pk}"


def _book(refund: Refund, *, src: str, dst: str, key: str) -> None:
    ids = [cash.of(refund.attempt, kind, currency=refund.currency).pk for kind in (src, dst)]
    ledger.transfer(kind="refund", key=key, src_id=ids[0], dst_id=ids[1], amount=refund.amount_minor, reference=f"refund:{refund.pk}")
