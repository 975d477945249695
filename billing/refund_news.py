"""What gateways say of refunds: of ours, and of those that a person made there, past us."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from billing import orders, refunds
from billing.models import PaymentAttempt, Refund


@transaction.atomic
def tell(*, attempt: PaymentAttempt, kind: str, number: str, key: str, amount_minor: int) -> None:
    """Take in what a gateway says (`kind`: refunded, refund_failed) of a refund, ours by `key` or its number.

    One that was made there takes back what was not used where it is all that was left of the price; a part of it is a gesture.
    """
    orders.lock(attempt.order_id)
    found = attempt.refunds.filter(Q(key=key) | Q(provider_number=number)).first()
    if found is not None and found.state == Refund.State.FAILED:
        return  # that was the last word: what comes now was said before it
    if found is None and kind == "refunded":
        found = _tried_anew(attempt, amount_minor) or _made_there(attempt, amount_minor)
    if found is None:
        return
    Refund.objects.filter(pk=found.pk, provider_number=None).update(provider_number=number)
    if kind == "refunded":
        refunds.finish(refund=found)
    else:
        refunds.fail(refund=found, problem="the gateway could not pay back")


def _tried_anew(attempt: PaymentAttempt, amount_minor: int) -> Refund | None:
    """Return the failed refund of this amount: a person had it paid once more, at the gateway."""
    found = attempt.refunds.filter(state=Refund.State.FAILED, to_credit=False, amount_minor=amount_minor).order_by("pk").first()
    return found if found is not None and refunds.renew(found) else None


def _made_there(attempt: PaymentAttempt, amount_minor: int) -> Refund | None:
    left = refunds.offer(attempt).left_minor
    if left <= 0:
        return None
    gesture, is_whole = min(amount_minor, left), amount_minor >= left
    return refunds.start(attempt=attempt, actor=None, reason="made at the gateway", gesture_minor=gesture, is_whole=is_whole)
