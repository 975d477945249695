"""Replace the codes of a batch that leaked: new ones on the same terms take the place of all that were not redeemed.

What was sold stays its buyer's: the new code stands on the order's page, and a mail says so. The quota moves from one escrow to the
other, so that neither stock nor buyers lose any.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from billing import codes, ledger, order_mail
from billing.models import Code, CodeBatch, CodeEvent, Dispute, Order

State = Code.State
_OPEN = (State.AVAILABLE, State.RESERVED, State.SOLD, State.FROZEN)


@transaction.atomic
def reissue(*, batch: CodeBatch, actor: User | None, reason: str) -> CodeBatch:
    """End all open codes of a batch and return the batch of the new ones. Raises BadBatch and Unfinished.

    Frozen codes come back as what they were before, but for those of an open dispute.
    """
    locked = CodeBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    if locked.unminted:
        raise codes.Unfinished("this batch is still being minted: wait until all its codes are there")
    if locked.shared_spelling:
        raise codes.BadBatch("a promo code is a text of your own: revoke it and offer another one")
    rows = list(Code.objects.filter(batch=locked, state__in=_OPEN).order_by("pk").select_for_update(no_key=True))
    if not rows:
        raise codes.BadBatch("no code of this batch is open")
    made = CodeBatch.objects.create(
        tenant=locked.tenant, product=locked.product, units_micros=locked.units_micros, count=len(rows), unminted=len(rows),
        salt=os.urandom(16).hex(), is_offline=locked.is_offline, redeem_by=locked.redeem_by, valid_days=locked.valid_days,
        note=f"#{locked.pk}: {reason}"[:200], actor=actor,
    )  # fmt: skip
    codes.make(made, at_most=len(rows))
    _take_over(made, rows, actor=actor, reason=reason)
    _end(rows, actor=actor, reason=f"reissued in #{made.pk}: {reason}"[:200])
    line = ledger.Line(codes.escrow_of(locked), codes.escrow_of(made), locked.units_micros * len(rows))
    ledger.post(
        kind="reissue", key=f"reissue:{made.pk}", lines=[line], tenant_id=locked.tenant_id, actor_id=actor.pk if actor else None,
        reference=f"batch:{locked.pk}", memo=reason[:200],
    )  # fmt: skip
    sold = {row.order_id for row in rows if _was(row) == State.SOLD and row.order_id is not None}
    for order in Order.objects.filter(pk__in=sold).order_by("pk"):
        order_mail.write(order, "order_reissued", occasion=str(made.pk))
    return made


def _was(code: Code) -> str:
    """Return what a code is, or was before it froze."""
    return code.frozen_from if code.state == State.FROZEN else code.state


def _take_over(made: CodeBatch, rows: Sequence[Code], *, actor: User | None, reason: str) -> None:
    """Let each new code be what the old one in its place is: on the shelf, set aside, or an order's."""
    fresh = list(Code.objects.filter(batch=made).order_by("serial"))
    orders = {row.order_id for row in rows if row.state == State.FROZEN}
    disputed = set(Dispute.objects.filter(attempt__order__in=orders, state=Dispute.State.OPEN).values_list("attempt__order", flat=True))
    taken = []
    for new, old in zip(fresh, rows, strict=True):
        if _was(old) != State.AVAILABLE:
            new.state, new.order_id = _was(old), old.order_id
            if old.state == State.FROZEN and old.order_id in disputed:
                new.state, new.frozen_from = State.FROZEN, old.frozen_from
            taken.append(new)
    Code.objects.bulk_update(taken, ["state", "frozen_from", "order"], batch_size=1000)
    CodeEvent.objects.bulk_create(
        (
            CodeEvent(code=new, before=State.AVAILABLE, after=new.state, actor=actor, reason=reason[:200], order_id=new.order_id)
            for new in taken
        ),
        batch_size=1000,
    )  # fmt: skip


def _end(rows: Sequence[Code], *, actor: User | None, reason: str) -> None:
    """Revoke the old codes; those that were only set aside are no order's any more."""
    for state in {row.state for row in rows}:
        nobodys = {"order": None} if state == State.RESERVED else {}
        codes.step([row for row in rows if row.state == state], to=State.REVOKED, actor=actor, reason=reason, frozen_from="", **nobodys)
