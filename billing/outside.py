"""Money that no gateway reported: staff confirm it with a reason, and it pays its order by the rules that all money follows.

In the books it is cash received outside (`cash` → `revenue`, journal kind `manual`). A gateway that speaks of the same
money later has paid an order that was paid before: a double payment, for a person to look at.
"""

from __future__ import annotations

import secrets

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Tenant, User
from billing import capability, orders, settlement
from billing.models import GatewayAccount, Order, OrderEvent, PaymentAttempt
from billing.payments.base import ProviderEvent

_OPEN = frozenset({Order.State.PENDING, Order.State.EXPIRED, Order.State.CANCELED})


def confirm(*, order: Order, amount_minor: int, currency: str, reference: str, reason: str, actor: User | None) -> Order:
    """Note money that came for an unpaid order; it delivers, or goes to review where it is not the price. Return the order.

    `reference` is what proves it (a receipt, a transfer's number): the same one for the same order and amount counts once.
    Raises orders.BadOrder and orders.WrongState.
    """
    told = (reference.strip()[:100], reason.strip()[:200])
    if amount_minor <= 0 or not all(told):
        raise orders.BadOrder(_("Write the amount, what proves it, and why you confirm it."))
    try:
        return _confirm(order, (amount_minor, currency), *told, actor)
    except IntegrityError:  # two orders at once with one reference
        raise orders.BadOrder(_("This reference has been used already.")) from None


@transaction.atomic
def _confirm(order: Order, money: tuple[int, str], reference: str, reason: str, actor: User | None) -> Order:
    locked = orders.lock(order.pk)
    account = _account_of(locked.tenant)
    known = PaymentAttempt.objects.filter(account=account, provider_transaction=reference).first()
    if known is not None:
        if (known.order_id, known.received_minor, known.received_currency) != (locked.pk, *money):
            raise orders.BadOrder(_("This reference has been used already."))
        return locked
    if locked.state not in _OPEN:
        raise orders.WrongState(_("Only an unpaid order can be confirmed by hand."))
    attempt = PaymentAttempt.objects.create(
        order=locked, account=account, token=capability.spell(24), amount_minor=locked.total_minor, currency=locked.currency
    )
    OrderEvent.objects.create(order=locked, attempt=attempt, after=PaymentAttempt.State.PENDING, actor=actor, reason=reason)
    event = ProviderEvent(
        attempt_token=attempt.token, event_id=f"manual:{attempt.token}", kind="paid", transaction=reference, amount_minor=money[0],
        currency=money[1], occurred_at=timezone.now(),
    )  # fmt: skip
    return settlement.settle(account=account, event=event, actor=actor, reason=reason)


def _account_of(tenant: Tenant) -> GatewayAccount:
    """Return the shop's account of what is confirmed by hand, opened on first use, within an order's lock."""
    values = {"name": "", "token": secrets.token_hex(12)}
    return GatewayAccount.objects.get_or_create(tenant=tenant, driver=GatewayAccount.MANUAL, defaults=values)[0]
