"""Store credit: cash that a shop keeps for a customer, in the shop's currency. It pays orders; quota never does, and it pays no calls.

What an order takes of it is held from checkout until the payment ends, by one payment of the order at a time: the one begun last.

NotCovered   there is not so much
"""

from __future__ import annotations

import datetime
import secrets
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Membership, Tenant, User
from billing import ledger
from billing.models import GatewayAccount, Hold, Journal, LedgerAccount, Order, PaymentAttempt, Refund, Transfer

# The payment driver through which it pays a whole order.
DRIVER = "credit"
_GRACE = datetime.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a customer's store credit: signed minor units; `order` is the number of the order it was about, if any."""

    at: datetime.datetime
    kind: str
    memo: str
    order: str
    amount_minor: int


class NotCovered(ValueError):
    """There is less store credit than asked for; the message is for the customer."""


def book(membership: Membership, *, currency: str) -> LedgerAccount:
    """Return a customer's account of store credit in a currency, opened on first use."""
    return ledger.account(kind="credit", tenant_id=membership.tenant_id, owner=membership.pk, ledger=f"M:{currency}")


def free(membership: Membership) -> int:
    """Return what a customer can spend now, in minor units of the shop's currency."""
    rows = LedgerAccount.objects.filter(kind="credit", tenant=membership.tenant_id, owner=membership.pk)
    row = rows.filter(ledger=f"M:{membership.tenant.currency}").first()
    return max(0, row.balance - row.held) if row else 0


def usable(order: Order) -> int:
    """Return how much of an order its buyer's store credit could pay: nothing of a guest's, or of one in another currency."""
    if order.membership is None or order.currency != order.tenant.currency:
        return 0
    held = sum(_holds(order).values_list("amount", flat=True))
    return min(order.total_minor, free(order.membership) + held)


def movements(membership: Membership, *, limit: int = 25) -> list[Movement]:
    """Return the last movements of a customer's store credit, the newest first."""
    rows = LedgerAccount.objects.filter(kind="credit", tenant=membership.tenant_id, owner=membership.pk)
    own = rows.filter(ledger=f"M:{membership.tenant.currency}").values_list("pk", flat=True).first()
    found = Transfer.objects.filter(Q(src=own) | Q(dst=own)).select_related("journal").order_by("-pk")[:limit] if own else []
    numbers = _orders_of([line.journal.reference for line in found])
    return [
        Movement(
            line.created_at, line.journal.kind, line.journal.memo, numbers.get(line.journal.reference, ""),
            line.amount if line.dst_id == own else -line.amount,
        )
        for line in found
    ]  # fmt: skip


def is_given(*, key: str) -> bool:
    """Tell whether credit was given under a key; under the member's lock nobody gives it in between."""
    return Journal.objects.filter(key=_gift(key)).exists()


@transaction.atomic
def give(*, membership: Membership, amount_minor: int, reason: str, key: str, actor: User | None = None) -> Journal:
    """Give a customer store credit, once a key. Raises ValueError for an amount of 0 or less."""
    open_for(membership.tenant)
    currency = membership.tenant.currency
    source = ledger.account(kind="adjust", tenant_id=membership.tenant_id, ledger=f"M:{currency}")
    line = ledger.Line(source.pk, book(membership, currency=currency).pk, amount_minor)
    return ledger.post(
        kind="credit", key=_gift(key), lines=[line], tenant_id=membership.tenant_id,
        actor_id=actor.pk if actor else None, memo=reason[:200],
    )  # fmt: skip


def _gift(key: str) -> str:
    return f"credit-gift:{key}"[:120]


def open_for(tenant: Tenant) -> GatewayAccount:
    """Return the payment account through which a shop's store credit pays, opened where there is credit to spend."""
    values = {"name": "", "token": secrets.token_hex(12)}
    return GatewayAccount.objects.get_or_create(tenant=tenant, driver=DRIVER, defaults=values)[0]


def part(attempt: PaymentAttempt) -> int:
    """Return how much of its order a payment takes from store credit: all, beside a gateway, or nothing."""
    return attempt.amount_minor if attempt.account.driver == DRIVER else attempt.credit_minor


def part_of(*, order: Order, account: GatewayAccount, payer: Membership | None, is_wanted: bool) -> int:
    """Return what store credit is to pay beside an account; raise NotCovered where it cannot do what is asked of it."""
    is_whole = account.driver == DRIVER
    if not is_whole and not is_wanted:
        return 0
    could = usable(order) if payer is not None and payer.pk == order.membership_id else 0
    if is_whole:
        if could < order.total_minor:
            raise NotCovered(_("Your store credit does not cover this order."))
        return 0
    if not 0 < could < order.total_minor:
        raise NotCovered(_("Your store credit pays no part of this order: pay it all with one of them."))
    return could


def hold(*, order: Order, attempt: PaymentAttempt) -> None:
    """Set a payment's part aside, within the caller's transaction. Raises NotCovered."""
    assert order.membership is not None  # noqa: S101  # `usable` gives guests nothing
    account = book(order.membership, currency=order.currency)
    try:
        ledger.hold(key=_key(attempt.pk), account_id=account.pk, amount=part(attempt), expires_at=order.reserved_until + _GRACE)
    except ledger.InsufficientFunds:
        raise NotCovered(_("Your store credit does not cover this order.")) from None


def is_held(attempt: PaymentAttempt) -> bool:
    """Tell whether a payment's part lies ready."""
    return Hold.objects.filter(key=_key(attempt.pk), state=Hold.State.OPEN).exists()


def release(*, order: Order) -> None:
    """Let go of what is held for an order; harmless when nothing is."""
    for key in list(_holds(order).values_list("key", flat=True)):
        ledger.void(key=key)


def drop(attempt: PaymentAttempt) -> None:
    """Let go of what one payment holds: it has failed."""
    if is_held(attempt):
        ledger.void(key=_key(attempt.pk))


def covers(*, order: Order, attempt: PaymentAttempt) -> bool:
    """Tell whether a payment's part can be taken now, and keep it so until the transaction ends. What was held is free by then."""
    wanted = part(attempt)
    if not wanted:
        return True
    return order.membership is not None and _locked_free(order.membership, order.currency) >= wanted


def take(*, order: Order, attempt: PaymentAttempt) -> int:
    """Let store credit pay its part beside a gateway, as far as it goes, once a payment; return how much that was."""
    amount = 0
    if attempt.credit_minor and order.membership is not None:
        amount = min(attempt.credit_minor, _locked_free(order.membership, order.currency))
    if amount and order.membership is not None:
        revenue = ledger.account(kind="revenue", tenant_id=order.tenant_id, ledger=f"M:{order.currency}")
        line = ledger.Line(book(order.membership, currency=order.currency).pk, revenue.pk, amount)
        ledger.post(kind="payment", key=f"pay-credit:{attempt.pk}", lines=[line], tenant_id=order.tenant_id, reference=f"order:{order.pk}")
    return amount


def pay_back(refund: Refund) -> None:
    """Give back what a refund says store credit had paid, once."""
    order = refund.attempt.order
    if refund.credit_minor and order.membership is not None:
        revenue = ledger.account(kind="revenue", tenant_id=order.tenant_id, ledger=f"M:{order.currency}")
        ledger.transfer(
            kind="refund", key=f"refund-credit:{refund.pk}", src_id=revenue.pk, amount=refund.credit_minor,
            dst_id=book(order.membership, currency=order.currency).pk, reference=f"refund:{refund.pk}",
        )  # fmt: skip


def worth(attempt: PaymentAttempt, amount_minor: int) -> int:
    """Return what an amount of a payment's currency is in the shop's, by the rate of that payment; 0 where nobody can say."""
    order, currency = attempt.order, attempt.received_currency or attempt.currency
    if currency == order.tenant.currency:
        return amount_minor
    if order.currency != order.tenant.currency or currency != attempt.currency:
        return 0
    return amount_minor * (order.total_minor - attempt.credit_minor) // attempt.amount_minor


def keep(refund: Refund, *, due: LedgerAccount, kept: LedgerAccount) -> None:
    """Turn money that is due to a buyer (in `due`) into store credit, once: the shop keeps the money (in `kept`) and owes the credit."""
    order = refund.attempt.order
    assert order.membership is not None  # noqa: S101  # `refunds.start` makes no such refund for a guest
    open_for(order.tenant)
    currency = order.tenant.currency
    credit, reference = book(order.membership, currency=currency), f"refund:{refund.pk}"
    if refund.currency == currency and due.tenant_id == order.tenant_id:
        ledger.transfer(
            kind="refund", key=f"refund:{refund.pk}", src_id=due.pk, dst_id=credit.pk, amount=refund.amount_minor, reference=reference
        )
        return
    ledger.transfer(
        kind="exchange", key=f"refund-kept:{refund.pk}", src_id=due.pk, dst_id=kept.pk, amount=refund.amount_minor, reference=reference
    )
    revenue = ledger.account(kind="revenue", tenant_id=order.tenant_id, ledger=f"M:{currency}")
    ledger.transfer(
        kind="refund", key=f"refund:{refund.pk}", src_id=revenue.pk, dst_id=credit.pk, reference=reference,
        amount=worth(refund.attempt, refund.amount_minor),
    )  # fmt: skip


def _orders_of(references: list[str]) -> dict[str, str]:
    """Return order numbers by the references `order:…` and `refund:…` of journals."""
    ids: dict[str, list[int]] = {"order": [], "refund": []}
    for reference in references:
        what, _colon, number = reference.partition(":")
        if what in ids and number.isdecimal():
            ids[what].append(int(number))
    orders = {f"order:{pk}": number for pk, number in Order.objects.filter(pk__in=ids["order"]).values_list("pk", "number")}
    rows = Refund.objects.filter(pk__in=ids["refund"]).values_list("pk", "attempt__order__number")
    return orders | {f"refund:{pk}": number for pk, number in rows}


def _locked_free(membership: Membership, currency: str) -> int:
    account = LedgerAccount.objects.select_for_update(no_key=True).get(pk=book(membership, currency=currency).pk)
    return max(0, account.balance - account.held)


def _holds(order: Order) -> QuerySet[Hold]:
    keys = [_key(pk) for pk in order.attempts.values_list("pk", flat=True)]
    return Hold.objects.filter(key__in=keys, state=Hold.State.OPEN).order_by("pk")


def _key(attempt_id: int) -> str:
    return f"credit:{attempt_id}"
