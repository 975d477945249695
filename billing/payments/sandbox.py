"""A gateway made of buttons, for the demo and for drills: its page stands in for a bank. Never in production."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from billing.models import GatewayAccount, PaymentAttempt
from billing.payments.base import BadCallback, Message, ProviderEvent, Redirect, Reply

# What its buttons say happened.
BUTTONS = {"pay": "paid", "fail": "failed"}


class Sandbox:
    """Let the buyer decide how the payment ends."""

    slug: ClassVar[str] = "sandbox"
    label: ClassVar[str] = "Sandbox"

    def is_ready(self, account: GatewayAccount) -> bool:
        """Tell whether this is a place to play."""
        return account.is_enabled and not settings.PRODUCTION

    def start(self, attempt: PaymentAttempt) -> Redirect:
        """Send the buyer to the page with the buttons."""
        return Redirect(url=reverse("pay_sandbox", kwargs={"token": attempt.token}))

    def parse(self, account: GatewayAccount, message: Message) -> Sequence[ProviderEvent]:
        """Translate a pressed button; the amount is what the attempt asks for."""
        button = message.form.get("button", "")
        kind = BUTTONS.get(button)
        attempt = PaymentAttempt.objects.filter(account=account, token=message.query.get("attempt", "")).first()
        if kind is None or attempt is None:
            raise BadCallback("no such button or payment")
        event = ProviderEvent(
            attempt_token=attempt.token, event_id=f"{kind}:{attempt.token}", kind=kind, transaction=f"sandbox-{attempt.pk}",
            amount_minor=attempt.amount_minor, currency=attempt.currency, occurred_at=timezone.now(), raw={"button": button},
        )  # fmt: skip
        return [event]

    def query(self, attempt: PaymentAttempt) -> ProviderEvent | None:
        """Know nothing: only buttons decide."""
        return None

    def refund(self, attempt: PaymentAttempt, *, amount_minor: int, key: str) -> str:
        """Pretend to pay back."""
        return f"sandbox-refund-{key}"

    def reply(self, *, is_taken: bool) -> Reply:
        """Answer in plain text; the page of buttons redirects instead."""
        return Reply(200, "ok") if is_taken else Reply(500, "again")
