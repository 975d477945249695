"""Store credit as a way to pay a whole order: no gateway, no message; what is held is taken at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing import store_credit
from billing.models import GatewayAccount, PaymentAttempt
from billing.payments.base import BadCallback, Driver, Links, Message, ProviderEvent, Redirect


class Credit(Driver):
    """The cash that the shop keeps for the buyer."""

    slug: ClassVar[str] = store_credit.DRIVER
    label = _("Store credit")
    pays_at_once: ClassVar[bool] = True
    repeats_refunds: ClassVar[bool] = True

    def start(self, attempt: PaymentAttempt, *, links: Links) -> Redirect:
        """Stay with us: there is nothing to do elsewhere."""
        return Redirect(url=links.order)

    def parse(self, account: GatewayAccount, message: Message) -> Sequence[ProviderEvent]:
        """Refuse: nobody tells us of our own books."""
        raise BadCallback("store credit is paid on the order's page: no message speaks of it")

    def query(self, attempt: PaymentAttempt) -> ProviderEvent | None:
        """Tell that the payment has come while its money lies ready, and that it is over otherwise."""
        kind = "paid" if store_credit.is_held(attempt) else "expired"
        return ProviderEvent(
            attempt_token=attempt.token, event_id=f"{kind}:{attempt.token}", kind=kind, transaction=f"credit-{attempt.pk}",
            amount_minor=attempt.amount_minor, currency=attempt.currency, occurred_at=timezone.now(),
        )  # fmt: skip

    def refund(self, attempt: PaymentAttempt, *, amount_minor: int, key: str) -> str:
        """Name the refund; the books do the rest."""
        return f"credit-{key}"
