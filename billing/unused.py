"""What of a paid order nobody used yet, and taking it back: codes are revoked, quota returns to the shop's stock."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from billing import code_shelf, direct, ledger, ready_keys, shelves
from billing.models import Code, CodeBatch, LedgerAccount, Order, PaymentAttempt, Refund, Transfer


@dataclass(frozen=True, slots=True)
class Unspent:
    """What of a redeemed code can be taken back, and where it lies."""

    code_id: int
    account_id: int
    micros: int


@dataclass(frozen=True, slots=True)
class Unused:
    """The part `back` of `whole` that was not used: codes that are open, quota that was not spent, a delivery that waits for staff.

    `moved` is the µ$ of `back` that an order had moved without codes.
    """

    whole: int
    back: int
    open_codes: tuple[Code, ...]
    unspent: tuple[Unspent, ...]
    moved: int = 0


def of(attempt: PaymentAttempt) -> Unused:
    """Return what is left of what the payment that settles an order bought. What was shown (a card, a text) is used."""
    order = attempt.order
    open_codes = tuple(code for code in order.codes.select_related("batch") if code.state in {Code.State.SOLD, Code.State.FROZEN})
    unspent = tuple(_unspent(attempt))
    if not order.units_micros:
        return Unused(1, int(_waits_for_staff(order)), open_codes, unspent)
    if order.kind in direct.KINDS:
        moved = 0 if _was_taken_back(attempt) else direct.left(order)
        return Unused(order.units_micros * order.quantity, moved, (), (), moved)
    back = order.units_micros * len(open_codes) + sum(part.micros for part in unspent)
    return Unused(order.units_micros * order.quantity, back, open_codes, unspent)


def take_back(order: Order, unused: Unused, *, refund: Refund, actor: User | None) -> None:
    """End it, within the caller's transaction. Raises ledger.InsufficientFunds when quota is being spent at this moment."""
    if _waits_for_staff(order):
        shelves.release(order=order)
    by_batch: dict[CodeBatch, list[int]] = {}
    for code in unused.open_codes:
        by_batch.setdefault(code.batch, []).append(code.serial)
    for batch, serials in by_batch.items():
        code_shelf.revoke(batch=batch, actor=actor, reason=f"refund {refund.pk}", serials=serials)
    if order.kind in direct.KINDS:
        direct.take_back(order, micros=unused.moved, key=f"refund-quota:{refund.pk}", actor_id=actor.pk if actor else None)
    stock = ledger.account(kind="stock", tenant_id=order.tenant_id).pk
    for part in unused.unspent:
        ledger.transfer(
            kind="refund", key=f"refund-quota:{refund.pk}:{part.code_id}", src_id=part.account_id, dst_id=stock, amount=part.micros,
            reference=f"code:{part.code_id}", actor_id=actor.pk if actor else None,
        )  # fmt: skip


def _waits_for_staff(order: Order) -> bool:
    return order.state == Order.State.PAID and shelves.waits_for_staff(order)


def _was_taken_back(attempt: PaymentAttempt) -> bool:
    return attempt.refunds.filter(takes_back=True, state__in=Refund.COUNTING).exists()


def _unspent(attempt: PaymentAttempt) -> list[Unspent]:
    """Return what redeemed codes left behind; several in one wallet share what is free there. Taken back once, nothing is left."""
    if _was_taken_back(attempt):
        return []
    free: dict[int, int] = {}
    found = []
    redeemed = attempt.order.codes.filter(state=Code.State.REDEEMED, journal__isnull=False).select_related("batch")
    for code in redeemed.order_by("pk"):
        paid_into = Transfer.objects.filter(journal__redeemed_code=code).order_by("-id").values_list("dst_id", flat=True)[0]
        account_id = ready_keys.account_now(paid_into)
        if account_id not in free:
            row = LedgerAccount.objects.get(pk=account_id)
            free[account_id] = max(0, row.balance - row.held - row.floor)
        part = min(code.batch.units_micros, free[account_id])
        free[account_id] -= part
        if part:
            found.append(Unspent(code.pk, account_id, part))
    return found
