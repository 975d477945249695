"""Money of shops that lies with the platform, because buyers paid through a gateway account that the platform lends them.

It belongs to the shop (`payable`, less the account's fee), matures after the account's days, and leaves by a withdrawal: what
one asks for is held until it is paid, declined, or taken back by the shop before anybody decided. Both sides are told.
Refunds and disputes may take the payable below zero: then the shop owes. What may be the shop's own purchase
(`self_dealing`) does not mature until the platform has cleared it, and a shop whose payouts are stopped withdraws nothing.

WithdrawalError
├── NotAvailable   there is not so much that has matured
└── WrongStep      the withdrawal is not in a state for this
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Tenant, User
from billing import ledger, withdrawal_mail
from billing.models import Dispute, LedgerAccount, PaymentAttempt, Refund, Suspicion, Transfer, Withdrawal
from billing.money import ceil_div, format_minor

State = Withdrawal.State
_FOR_EVER = datetime.timedelta(days=3650)
_WHOLE = 10_000


class WithdrawalError(Exception):
    """The base of what withdrawals refuse; messages are for the people who asked."""


class NotAvailable(WithdrawalError):
    """There is not so much to withdraw."""


class WrongStep(WithdrawalError):
    """The withdrawal cannot do this now."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the platform owes a shop in a currency, in minor units: `held` for withdrawals, `maturing` not yet, the rest `available`.

    `in_review` may be the shop's own purchases: it waits for the platform, however old it is. `stopped` says why nothing is paid out.
    """

    currency: str
    balance: int
    held: int
    maturing: int
    in_review: int = 0
    stopped: str = ""

    @property
    def available(self) -> int:
        """Return what can be asked for now."""
        return 0 if self.stopped else max(0, self.balance - self.held - self.maturing - self.in_review)


@dataclass(frozen=True, slots=True)
class Line:
    """One movement of a shop's account: signed, with the balance after it, in the smallest unit of `ledger` (`Q` or `M:CNY`)."""

    at: datetime.datetime
    ledger: str
    kind: str
    reference: str
    amount: int
    balance: int


def is_lent(attempt: PaymentAttempt) -> bool:
    """Tell whether a payment goes through an account of the platform for another's order."""
    return attempt.account.tenant_id != attempt.order.tenant_id


def book(tenant_id: int, *, currency: str) -> LedgerAccount:
    """Return the account of what the platform owes a shop."""
    return ledger.account(kind="payable", tenant_id=tenant_id, ledger=f"M:{currency}")


def charge(attempt: PaymentAttempt) -> None:
    """Keep the lent account's fee of a payment that settled its order, once, within the caller's transaction."""
    fee = ceil_div((attempt.received_minor or 0) * attempt.account.lent_fee, _WHOLE)
    if not is_lent(attempt) or not fee:
        return
    currency = attempt.received_currency or attempt.currency
    income = ledger.account(kind="revenue", tenant_id=attempt.account.tenant_id, ledger=f"M:{currency}")
    PaymentAttempt.objects.filter(pk=attempt.pk).update(fee_minor=fee)
    ledger.transfer(
        kind="fee", key=f"lent-fee:{attempt.pk}", src_id=book(attempt.order.tenant_id, currency=currency).pk, dst_id=income.pk,
        amount=fee, reference=f"order:{attempt.order_id}",
    )  # fmt: skip


def standings(tenant: Tenant) -> list[Standing]:
    """Return what the platform owes a shop, a row a currency."""
    rows = LedgerAccount.objects.filter(kind="payable", tenant=tenant).select_related("tenant").order_by("ledger")
    return [_standing(row) for row in rows]


def lock(tenant_id: int, *, currency: str) -> LedgerAccount:
    """Return what the platform owes a shop, so that nothing else is decided about it until the transaction ends."""
    rows = LedgerAccount.objects.select_for_update(of=("self",), no_key=True).select_related("tenant")
    return rows.get(pk=book(tenant_id, currency=currency).pk)


def covers(attempt: PaymentAttempt, amount_minor: int) -> bool:
    """Tell whether a shop's money with the platform covers paying so much back, and keep it so until the transaction ends.

    A shop's own gateways always do.
    """
    if not is_lent(attempt) or not attempt.settles_order:
        return True
    row = lock(attempt.order.tenant_id, currency=attempt.received_currency or attempt.currency)
    return row.balance - row.held >= amount_minor


def statement(tenant: Tenant, *, kind: str = "payable", limit: int = 200) -> list[Line]:
    """Return the last movements of a shop's money with the platform (`payable`) or of its quota (`stock`), the newest first."""
    found: list[Line] = []
    for row in LedgerAccount.objects.filter(kind=kind, tenant=tenant, owner=0).order_by("ledger"):
        balance = row.balance
        moves = Transfer.objects.filter(Q(src=row) | Q(dst=row)).select_related("journal").order_by("-pk")[:limit]
        for move in moves:
            amount = move.amount if move.dst_id == row.pk else -move.amount
            found.append(Line(move.created_at, row.ledger, move.journal.kind, move.journal.reference, amount, balance))
            balance -= amount
    return found


@transaction.atomic
def request(*, tenant: Tenant, currency: str, amount_minor: int, destination: str, key: str, actor: User | None) -> Withdrawal:
    """Ask for money that has matured, and hold it; the same key asks once. Raises NotAvailable."""
    row = lock(tenant.pk, currency=currency)
    found = Withdrawal.objects.filter(key=key, tenant=tenant).first()
    if found is not None:
        return found
    standing = _standing(row)
    _check_stopped(standing)
    could = standing.available
    if not 0 < amount_minor <= could:
        raise NotAvailable(_("At most %(amount)s can be withdrawn now.") % {"amount": format_minor(could, currency=currency)})
    made = Withdrawal.objects.create(
        tenant=tenant, key=key, amount_minor=amount_minor, currency=currency, destination=destination[:200], asked_by=actor
    )
    ledger.hold(key=_key(made), account_id=row.pk, amount=amount_minor, expires_at=timezone.now() + _FOR_EVER)
    withdrawal_mail.tell_platform(made)
    return made


@transaction.atomic
def cancel(*, withdrawal: Withdrawal, actor: User | None) -> None:
    """Take a request back before anybody decided; the money can be asked for again at once. Raises WrongStep."""
    _step(withdrawal, before=(State.REQUESTED,), to=State.CANCELED, decided_by=actor, ended_at=timezone.now())
    ledger.void(key=_key(withdrawal))


@transaction.atomic
def approve(*, withdrawal: Withdrawal, actor: User | None) -> None:
    """Say that a request will be paid. Raises WrongStep, and NotAvailable where what it asks for is in review since, or gone."""
    standing = _standing(lock(withdrawal.tenant_id, currency=withdrawal.currency))
    _check_stopped(standing)
    left = standing.balance - standing.in_review
    if withdrawal.amount_minor > left:
        amount = format_minor(max(0, left), currency=withdrawal.currency)
        raise NotAvailable(
            _("Only %(amount)s of this shop's money is not in review: look at its suspected own purchases first.") % {"amount": amount}
        )
    _step(withdrawal, before=(State.REQUESTED,), to=State.APPROVED, decided_by=actor)
    withdrawal_mail.tell_shop(withdrawal)


@transaction.atomic
def decline(*, withdrawal: Withdrawal, actor: User | None, reason: str) -> None:
    """Refuse a request, with the reason; the money is the shop's to ask for again. Raises WrongStep."""
    _step(withdrawal, before=Withdrawal.OPEN, to=State.DECLINED, decided_by=actor, reason=reason[:200], ended_at=timezone.now())
    ledger.void(key=_key(withdrawal))
    withdrawal_mail.tell_shop(withdrawal)


@transaction.atomic
def mark_paid(*, withdrawal: Withdrawal, actor: User | None, reference: str) -> None:
    """Note that the money has left the bank, by the transfer's number; the same once more changes nothing. Raises WrongStep."""
    wanted = reference.strip()[:80]
    if not wanted:
        raise WrongStep(_("Write the number of the bank's transfer."))
    if Withdrawal.objects.filter(pk=withdrawal.pk, state=State.PAID, reference=wanted).exists():
        return
    try:
        with transaction.atomic():
            _step(withdrawal, before=Withdrawal.OPEN, to=State.PAID, decided_by=actor, reference=wanted, ended_at=timezone.now())
    except IntegrityError:
        raise WrongStep(_("Another withdrawal was paid by this transfer.")) from None
    cash = ledger.account(kind="cash", ledger=f"M:{withdrawal.currency}")
    line = ledger.Line(book(withdrawal.tenant_id, currency=withdrawal.currency).pk, cash.pk, withdrawal.amount_minor)
    ledger.capture(
        key=_key(withdrawal), lines=[line], kind="withdrawal", reference=f"withdrawal:{withdrawal.pk}", actor_id=actor.pk if actor else None
    )
    withdrawal_mail.tell_shop(withdrawal)


def _check_stopped(standing: Standing) -> None:
    if standing.stopped:
        raise NotAvailable(_("Nothing is paid out to this shop at present: %(reason)s") % {"reason": standing.stopped})


def _standing(row: LedgerAccount) -> Standing:
    currency, shop = row.ledger.removeprefix("M:"), row.tenant
    rows = PaymentAttempt.objects.filter(_brought(), order__tenant=shop, received_currency=currency)
    lent = rows.exclude(account__tenant=shop).select_related("account")
    suspected = Q(order__suspicion__state__in=Suspicion.WITHHOLDING)
    in_review = sum(_left(attempt) for attempt in lent.filter(suspected))
    return Standing(currency, row.balance, row.held, _maturing(lent.exclude(suspected)), in_review, shop.payouts_stopped if shop else "")


def _maturing(lent: QuerySet[PaymentAttempt]) -> int:
    """Return what came lately and may still be taken back: payments younger than their account's days, less what has gone back."""
    total, now = 0, timezone.now()
    longest = max(lent.values_list("account__lent_days", flat=True), default=0)
    for attempt in lent.filter(ended_at__gt=now - datetime.timedelta(days=longest)):
        if attempt.ended_at is not None and attempt.ended_at > now - datetime.timedelta(days=attempt.account.lent_days):
            total += _left(attempt)
    return total


def _brought() -> Q:
    """Match payments that brought a shop money: those that settled their order, and others that became store credit of the shop's."""
    return Q(settles_order=True) | Q(pk__in=Refund.objects.filter(to_credit=True, state__in=Refund.COUNTING).values("attempt"))


def _left(attempt: PaymentAttempt) -> int:
    """Return what of a payment is the shop's and has not gone back. What became store credit is still the buyer's bank's to take."""
    counting = attempt.refunds.filter(state__in=Refund.COUNTING).order_by().values_list("to_credit").annotate(Sum("amount_minor"))
    refunded = {to_credit: int(amount) for to_credit, amount in counting}
    taken = attempt.disputes.exclude(state=Dispute.State.WON).aggregate(sum=Sum("amount_minor"))["sum"] or 0
    brought = (attempt.received_minor or 0) - attempt.fee_minor if attempt.settles_order else refunded.get(True, 0)
    return max(0, brought - (refunded.get(False, 0) if attempt.settles_order else 0) - int(taken))


def _step(withdrawal: Withdrawal, *, before: tuple[str, ...], to: str, **fields: object) -> None:
    if Withdrawal.objects.filter(pk=withdrawal.pk, state__in=before).update(state=to, **fields) != 1:
        raise WrongStep(_("The withdrawal has gone on meanwhile: look at it again."))
    withdrawal.refresh_from_db()


def _key(withdrawal: Withdrawal) -> str:
    return f"withdrawal:{withdrawal.pk}"
