"""Money that came past all gateways (cash, a transfer whose message was lost): staff note it on the order, buyers are never offered it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from billing.models import GatewayAccount, PaymentAttempt
from billing.payments.base import BadCallback, CannotRefund, Driver, GatewayError, Links, Message, ProviderEvent, Redirect


class Manual(Driver):
    """What staff confirm by hand; `outside.py` writes it."""

    slug: ClassVar[str] = GatewayAccount.MANUAL
    label = _("Cash or transfer")
    is_for_buyers: ClassVar[bool] = False

    def start(self, attempt: PaymentAttempt, *, links: Links) -> Redirect:
        """Refuse: nobody pays here."""
        raise GatewayError("staff confirm such payments on the order")

    def parse(self, account: GatewayAccount, message: Message) -> Sequence[ProviderEvent]:
        """Refuse: no message confirms anything here."""
        raise BadCallback("staff confirm such payments on the order: no message speaks of them")

    def refund(self, attempt: PaymentAttempt, *, amount_minor: int, key: str) -> str:
        """Refuse: money that came by hand goes back by hand."""
        raise CannotRefund("this money came past all gateways: pay it back the same way, then mark the refund as done")
