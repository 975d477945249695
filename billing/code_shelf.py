"""Codes on the shelf: set aside for an order, sold, put back, frozen, revoked, expired.

All verbs lock the codes they move; ended codes give their quota back in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from billing import catalogue, ledger
from billing.codes import SoldOut, Unfinished, escrow_of, is_past, step, stock_of
from billing.models import Code, CodeBatch, Order, Product

State = Code.State


def available(*, product: Product) -> int:
    """Return how many codes of a product can be sold now."""
    return _free(product).count()


def reserve(*, product: Product, count: int, order: Order) -> list[Code]:
    """Set codes of a product aside for an order, within the caller's transaction; raise SoldOut."""
    rows = list(_free(product).order_by("pk").select_for_update(of=("self",), no_key=True, skip_locked=True)[:count])
    if len(rows) < count:
        raise SoldOut(f"only {len(rows)} left" if rows else "sold out")
    step(rows, to=State.RESERVED, for_order=order, order=order)
    return rows


def refill(*, order: Order) -> None:
    """Set other codes aside in place of those an order lost while it was open, within the caller's transaction; raise SoldOut."""
    kept = len(order.codes.filter(state=State.RESERVED).order_by("pk").select_for_update(no_key=True))
    if kept < order.quantity:
        reserve(product=order.product, count=order.quantity - kept, order=order)


def release(*, order: Order) -> None:
    """Put an order's reserved codes back on the shelf."""
    rows = list(order.codes.filter(state=State.RESERVED).order_by("pk").select_for_update(no_key=True))
    step(rows, to=State.AVAILABLE, for_order=order, order=None)


def sell(*, order: Order) -> int:
    """Hand an order's reserved codes over to the buyer and return how many they are."""
    rows = list(order.codes.filter(state=State.RESERVED).order_by("pk").select_for_update(no_key=True))
    step(rows, to=State.SOLD, for_order=order)
    return len(rows)


def open_of(order: Order) -> dict[CodeBatch, list[int]]:
    """Return the serials of an order's codes that nobody redeemed yet, by batch."""
    found: dict[CodeBatch, list[int]] = {}
    for code in order.codes.filter(state__in=(State.SOLD, State.FROZEN)).select_related("batch").order_by("pk"):
        found.setdefault(code.batch, []).append(code.serial)
    return found


@transaction.atomic
def freeze(*, batch: CodeBatch, actor: User | None, reason: str, serials: Iterable[int] | None = None) -> int:
    """Stop codes of a batch (all, or those) that could still be redeemed (a leak, a dispute); return how many. Raises Unfinished.

    What unpaid orders had set aside they have no more: `refill` finds them other codes.
    """
    _want_finished(batch, serials)
    rows = _loose(_locked(batch, (State.AVAILABLE, State.RESERVED, State.SOLD), serials), actor=actor, reason=reason)
    for state in (State.AVAILABLE, State.SOLD):
        step([row for row in rows if row.state == state], to=State.FROZEN, actor=actor, reason=reason, frozen_from=state)
    return len(rows)


@transaction.atomic
def unfreeze(*, batch: CodeBatch, actor: User | None, reason: str, serials: Iterable[int] | None = None) -> int:
    """Let frozen codes (all, or those) go back to what they were."""
    rows = _locked(batch, (State.FROZEN,), serials)
    for state in (State.AVAILABLE, State.SOLD):
        step([row for row in rows if row.frozen_from == state], to=state, actor=actor, reason=reason, frozen_from="")
    return len(rows)


@transaction.atomic
def revoke(*, batch: CodeBatch, actor: User | None, reason: str, serials: Iterable[int] | None = None) -> int:
    """End codes that were not redeemed; their quota goes back to the tenant's stock. Return how many. Raises Unfinished."""
    _want_finished(batch, serials)
    rows = _locked(batch, (State.AVAILABLE, State.RESERVED, State.SOLD, State.FROZEN), serials)
    return _end(batch, _loose(rows, actor=actor, reason=reason), to=State.REVOKED, actor=actor, reason=reason)


@transaction.atomic
def expire(*, batch: CodeBatch) -> int:
    """End the codes of a batch that was to be redeemed by now."""
    if not is_past(batch.redeem_by):
        return 0
    return _end(batch, _locked(batch, (State.AVAILABLE, State.SOLD)), to=State.EXPIRED, actor=None, reason="redeem_by")


def expire_due() -> int:
    """End the codes of all batches whose time to redeem is over; return how many."""
    live = Q(codes__state__in=[State.AVAILABLE, State.SOLD], redeem_by__lte=timezone.now())
    return sum(expire(batch=batch) for batch in CodeBatch.objects.filter(live).distinct())


def _want_finished(batch: CodeBatch, serials: Iterable[int] | None) -> None:
    """Refuse to stop a whole batch of which a worker still makes codes: these would escape. The number only falls."""
    if serials is None and CodeBatch.objects.filter(pk=batch.pk, unminted__gt=0).exists():
        raise Unfinished("this batch is still being minted: wait until all its codes are there")


def _locked(batch: CodeBatch, states: Sequence[str], serials: Iterable[int] | None = None) -> list[Code]:
    wanted = Q() if serials is None else Q(serial__in=list(serials))
    return list(Code.objects.filter(wanted, batch=batch, state__in=states).order_by("pk").select_for_update(no_key=True))


def _loose(rows: list[Code], *, actor: User | None, reason: str) -> list[Code]:
    """Take those of locked codes that are set aside from their unpaid orders."""
    kept = [row for row in rows if row.state == State.RESERVED]
    step(kept, to=State.AVAILABLE, actor=actor, reason=reason, order=None)
    for row in kept:
        row.state, row.order = State.AVAILABLE, None
    return rows


def _free(product: Product) -> QuerySet[Code]:
    return catalogue.free_codes().filter(batch__product=product)


def _end(batch: CodeBatch, rows: Sequence[Code], *, to: str, actor: User | None, reason: str) -> int:
    """End codes and move their quota from escrow to stock; quota the platform's codes held goes to breakage when they expire."""
    if not rows:
        return 0
    for state in {row.state for row in rows}:
        step([row for row in rows if row.state == state], to=to, actor=actor, reason=reason)
    is_breakage = to == State.EXPIRED and batch.tenant.is_root
    target = ledger.account(kind="breakage", tenant_id=batch.tenant_id).pk if is_breakage else stock_of(batch.tenant_id)
    ledger.post(
        kind=to, key=f"{to}:{rows[0].pk}", lines=[ledger.Line(escrow_of(batch), target, batch.units_micros * len(rows))],
        tenant_id=batch.tenant_id, actor_id=actor.pk if actor else None, reference=f"batch:{batch.pk}", memo=reason[:200],
    )  # fmt: skip
    return len(rows)
