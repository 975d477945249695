"""What staff deliver themselves: the paid orders that wait, and the text they write for the buyer."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from billing import order_mail, orders, shelves
from billing.models import Order, OrderEvent
from foundation import vault

_CONTEXT = "delivery"
State = Order.State


@transaction.atomic
def deliver(*, order: Order, text: str, actor: User | None) -> None:
    """Give a paid order its text and tell the buyer; a delivered one gets the corrected text. The same text again changes nothing.

    Raises orders.WrongState and orders.BadOrder.
    """
    locked = orders.lock(order.pk)
    if not text.strip():
        raise orders.BadOrder(_("Write what the buyer gets."))
    if not shelves.waits_for_staff(locked) or locked.state not in {State.PAID, State.DELIVERED}:
        raise orders.WrongState(_("Only a paid order that is delivered by hand can be delivered so."))
    if locked.state == State.DELIVERED and text_of(locked) == text.strip():
        return
    sealed = vault.seal(text.strip(), context=_CONTEXT)
    occasion = ""
    if locked.state == State.PAID:
        orders.step(locked, to=State.DELIVERED, actor=actor, delivered_at=timezone.now(), delivery_sealed=sealed)
    else:
        Order.objects.filter(pk=locked.pk).update(delivery_sealed=sealed)
        event = OrderEvent.objects.create(order=locked, before=locked.state, after=locked.state, actor=actor, reason="delivered anew")
        occasion = str(event.pk)
    order_mail.write(locked, "order_delivered", occasion=occasion)


def text_of(order: Order) -> str:
    """Return what staff wrote, for the buyer and the shop only."""
    return vault.unseal(order.delivery_sealed, context=_CONTEXT) if order.delivery_sealed else ""
