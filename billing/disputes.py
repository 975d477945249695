"""A buyer takes the money back through the bank: freeze what is left, let the rest be owed, undo it when the shop wins.

What was redeemed of a disputed payment becomes a debt (`dispute` of the customer, against a claim of the shop): it is paid
at once from what is free (balance − held), then from what relays give back and from the next money, before anything can be
leased. Quota that was paid back lies in the claim until the bank decides; then it goes to the shop's stock, or back.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts import events
from accounts.models import Membership, Tenant
from billing import cash, chart, code_shelf, ledger, orders, payables, ready_keys, stock_disputes
from billing.models import QUOTA, Code, Dispute, LedgerAccount, Order, OrderEvent, PaymentAttempt, Product, Refund, Transfer
from billing.money import format_minor
from foundation import notify

State = Dispute.State


@transaction.atomic
def begin(*, attempt: PaymentAttempt, reference: str, amount_minor: int, reason: str = "") -> Dispute:
    """Take in that a payment is disputed, once a reference."""
    order = orders.lock(attempt.order_id)
    received = attempt.received_minor or 0
    amount = min(amount_minor, received) or received
    values = {"amount_minor": amount, "currency": attempt.received_currency or attempt.currency, "reason": reason[:200]}
    dispute, is_new = Dispute.objects.get_or_create(attempt=attempt, reference=reference[:120], defaults=values)
    if not is_new:
        return dispute
    for batch, serials in code_shelf.open_of(order).items():
        code_shelf.freeze(batch=batch, actor=None, reason=f"dispute {dispute.pk}", serials=serials)
    owners = _redeemed(attempt, amount, received)
    dispute.quota = {str(owner): micros for owner, micros in owners.items()}
    dispute.quota |= stock_disputes.bought(attempt, amount=amount, received=received)
    dispute.save(update_fields=["quota"])
    for owner, micros in sorted(owners.items()):
        _owe(dispute, owner, micros)
    stock_disputes.owe(dispute, order)
    clearing = _cash(dispute, "clearing")
    lines = [ledger.Line(place, clearing, part) for place, part in _places(dispute)]
    ledger.post(kind="dispute", key=f"dispute:{dispute.pk}", lines=lines, reference=f"order:{order.pk}")
    _note(dispute, order, f"disputed: {format_minor(amount, currency=dispute.currency)}{f', {reason}' if reason else ''}"[:200])
    _tell(dispute, order)
    return dispute


@transaction.atomic
def end(*, dispute: Dispute, is_won: bool) -> None:
    """Take in what the bank decided, once: a won dispute undoes itself, a lost one stays owed.

    Of one that was won because the shop had paid back meanwhile (an inquiry is answered so) only the cash is undone.
    """
    order = orders.lock(dispute.attempt.order_id)
    to = State.WON if is_won else State.LOST
    if not Dispute.objects.filter(pk=dispute.pk, state=State.OPEN).update(state=to, ended_at=timezone.now()):
        return
    keeps = is_won and not _is_paid_back(dispute.attempt)
    _end_codes(dispute, order, keeps=keeps)
    for owner, micros in sorted((int(name), micros) for name, micros in dispute.quota.items() if name.isdecimal()):
        if keeps:
            _forgive(dispute, owner, micros)
        if not _open_of(owner).exists():
            _pools(owner).update(frozen=False)
    if keeps:
        stock_disputes.forgive(dispute, order)
    if is_won:
        lines = [ledger.Line(_cash(dispute, "clearing"), place, part) for place, part in _places(dispute)]
        ledger.post(kind="dispute", key=f"dispute-won:{dispute.pk}", lines=lines, reference=f"order:{order.pk}")
    _note(dispute, order, "the dispute was won" if is_won else "the dispute was lost")
    _emit(dispute, order, "dispute.closed", decision="won" if is_won else "lost")


def _end_codes(dispute: Dispute, order: Order, *, keeps: bool) -> None:
    """Let the buyer use the codes that are still open, or end them."""
    for batch, serials in code_shelf.open_of(order).items():
        if keeps:
            code_shelf.unfreeze(batch=batch, actor=None, reason=f"dispute {dispute.pk} won", serials=serials)
        else:
            code_shelf.revoke(batch=batch, actor=None, reason=f"dispute {dispute.pk} lost", serials=serials)


def _is_paid_back(attempt: PaymentAttempt) -> bool:
    given = attempt.refunds.filter(state__in=Refund.COUNTING).aggregate(sum=Sum("amount_minor"))["sum"] or 0
    return given > 0 and given >= (attempt.received_minor or 0)


def settle_claims(*, limit: int = 500) -> int:
    """Give shops what customers paid back of disputes that are decided; return how much that was (µ$)."""
    claims = LedgerAccount.objects.filter(kind="dispute", ledger=QUOTA, owner__lt=0, balance__gt=0).order_by("pk")
    return sum(_settle(pk) for pk in list(claims.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def _settle(claim_id: int) -> int:
    claim = LedgerAccount.objects.select_for_update(no_key=True).get(pk=claim_id)
    debt = -ledger.balance_of(ledger.account(kind="dispute", tenant_id=claim.tenant_id, owner=-claim.owner))
    paid = claim.balance - max(0, debt)
    if paid <= 0 or _open_of(-claim.owner).exists():
        return 0
    stock = ledger.account(kind="stock", tenant_id=claim.tenant_id)
    key = f"claim:{claim.pk}:{Transfer.objects.filter(src=claim).count()}"
    ledger.transfer(kind="claim", key=key, src_id=claim.pk, dst_id=stock.pk, amount=paid)
    return paid


def _redeemed(attempt: PaymentAttempt, amount: int, received: int) -> dict[int, int]:
    """Return who redeemed how much of what the disputed part of the payment bought."""
    found: dict[int, int] = {}
    if not attempt.settles_order or not received:
        return found
    total = attempt.order.total_minor
    bought = total - attempt.credit_minor  # what store credit paid is in no bank's dispute
    if attempt.order.kind == Product.Kind.TOPUP and attempt.order.membership_id is not None:
        micros = attempt.order.units_micros * attempt.order.quantity
        found[attempt.order.membership_id] = micros * amount * bought // (received * total)
    rows = attempt.order.codes.filter(state=Code.State.REDEEMED, journal__isnull=False).select_related("batch")
    for code in rows.order_by("pk"):
        owner = Transfer.objects.filter(journal__redeemed_code=code).order_by("-id").values_list("dst__owner", flat=True)[0]
        owner = ready_keys.owner_now(owner)
        found[owner] = found.get(owner, 0) + code.batch.units_micros * amount * bought // (received * total)
    return {owner: micros for owner, micros in found.items() if micros}


def _owe(dispute: Dispute, owner: int, micros: int) -> None:
    """Write the debt down, lease nothing more, call back what is leased, and take what is free now."""
    wallet = chart.wallet(membership_id=owner)
    debtor, claim = _debtor(owner), _claim(owner)
    list(_pools(owner).order_by("pk").select_for_update(no_key=True))
    _pools(owner).update(frozen=True, recall_at=timezone.now())
    LedgerAccount.objects.filter(pk=wallet.pk).update(floor=F("floor") + micros)
    ledger.transfer(
        kind="dispute", key=f"dispute:{dispute.pk}:{owner}", src_id=debtor.pk, dst_id=claim.pk, amount=micros,
        reference=f"dispute:{dispute.pk}",
    )  # fmt: skip
    ledger.repay(membership_id=owner)


def _forgive(dispute: Dispute, owner: int, micros: int) -> None:
    """Cancel what is still owed of a dispute, and give back what was paid."""
    list(_pools(owner).order_by("pk").select_for_update(no_key=True))
    wallet, debtor, claim = chart.wallet(membership_id=owner), _debtor(owner), _claim(owner)
    owed = min(micros, max(0, -ledger.balance_of(debtor)))
    lines = [ledger.Line(claim.pk, debtor.pk, owed)] if owed else []
    lines += [ledger.Line(claim.pk, wallet.pk, micros - owed)] if micros > owed else []
    # Before the money comes back, or it would pay the debt that is gone.
    LedgerAccount.objects.filter(pk=wallet.pk).update(floor=Greatest(F("floor") - owed, F("hard_floor")))
    ledger.post(kind="dispute", key=f"dispute-won:{dispute.pk}:{owner}", lines=lines, reference=f"dispute:{dispute.pk}")


def _pools(owner: int) -> QuerySet[LedgerAccount]:
    return LedgerAccount.objects.filter(kind__in=ledger.POOLS, owner=owner, ledger=QUOTA)


def _debtor(owner: int) -> LedgerAccount:
    return ledger.account(kind="dispute", tenant_id=_tenant_of(owner), owner=owner)


def _claim(owner: int) -> LedgerAccount:
    """Return what the shop may claim of a customer: an account of its own, by the negative number."""
    return ledger.account(kind="dispute", tenant_id=_tenant_of(owner), owner=-owner)


def _tenant_of(owner: int) -> int:
    return Membership.objects.values_list("tenant_id", flat=True).get(pk=owner)


def _open_of(owner: int) -> QuerySet[Dispute]:
    return Dispute.objects.filter(state=State.OPEN, quota__has_key=str(owner))


def _places(dispute: Dispute) -> list[tuple[int, int]]:
    """Return where the disputed money lies: with the shop if it bought something, else it is owed still.

    What bought nothing and became store credit is the shop's, too, where the platform had taken it for the shop.
    """
    attempt, amount = dispute.attempt, dispute.amount_minor
    if attempt.settles_order:
        return [(_cash(dispute, "revenue"), amount)]
    refunds = attempt.refunds.filter(state__in=Refund.COUNTING)
    gone = refunds.aggregate(sum=Sum("amount_minor"))["sum"] or 0
    kept = refunds.filter(to_credit=True).aggregate(sum=Sum("amount_minor"))["sum"] or 0 if payables.is_lent(attempt) else 0
    of_shop = min(max(0, amount - max(0, (attempt.received_minor or 0) - gone)), kept)
    parts = ((_cash(dispute, "revenue"), of_shop), (_cash(dispute, "refunds_due"), amount - of_shop))
    return [(place, part) for place, part in parts if part]


def _cash(dispute: Dispute, kind: str) -> int:
    return cash.of(dispute.attempt, kind, currency=dispute.currency).pk


def _note(dispute: Dispute, order: Order, reason: str) -> None:
    OrderEvent.objects.create(order=order, attempt=dispute.attempt, before=order.state, after=order.state, reason=reason)


def _emit(dispute: Dispute, order: Order, kind: str, **more: str) -> None:
    data = {"number": order.number, "amount": format_minor(dispute.amount_minor, currency=dispute.currency), **more}
    events.emit(tenant_id=order.tenant_id, kind=kind, data=data, key=str(dispute.pk))


def _tell(dispute: Dispute, order: Order) -> None:
    """Tell the shop's staff, its owners by mail in any case: a bank gives few days to answer."""
    _emit(dispute, order, "dispute.opened", reason=dispute.reason)
    shop: Tenant = order.tenant
    for member in Membership.objects.filter(tenant=shop, role=Membership.Role.OWNER).select_related("user"):
        if member.user.email:
            amount = format_minor(dispute.amount_minor, currency=dispute.currency)
            notify.email(
                to=member.user.email, template="disputed", language=member.user.language or shop.language, sender_name=shop.name,
                account=shop.pk,
                context={"shop": shop.name, "order": order.number, "amount": amount, "reason": dispute.reason},
            )  # fmt: skip
