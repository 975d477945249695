"""A gateway made of buttons, for the demo and for drills: its page stands in for a bank. Never in production."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models import GatewayAccount, PaymentAttempt
from billing.payments.base import BadCallback, Driver, Links, Message, ProviderEvent, Redirect, Reply

# What its buttons say happened.
BUTTONS = {"pay": "paid", "again": "paid", "wrong": "paid", "fail": "failed"}


class Sandbox(Driver):
    """Let the buyer decide how the payment ends."""

    slug: ClassVar[str] = "sandbox"
    label = _("Sandbox")

    def is_ready(self, account: GatewayAccount) -> bool:
        """Tell whether this is a place to play."""
        return account.is_enabled and not settings.PRODUCTION

    def start(self, attempt: PaymentAttempt, *, links: Links) -> Redirect:
        """Send the buyer to the page with the buttons."""
        return Redirect(url=reverse("pay_sandbox", kwargs={"token": attempt.token}))

    def parse(self, account: GatewayAccount, message: Message) -> Sequence[ProviderEvent]:
        """Translate a pressed button; the amount is what the attempt asks for, or one unit more."""
        button = message.form.get("button", "")
        attempt = PaymentAttempt.objects.filter(account=account, token=message.attempt).first()
        if button not in BUTTONS or attempt is None:
            raise BadCallback("no such button or payment")
        suffix = "-again" if button == "again" else ""
        event = ProviderEvent(
            attempt_token=attempt.token, event_id=f"{button}:{attempt.token}", kind=BUTTONS[button],
            transaction=f"sandbox-{attempt.pk}{suffix}", amount_minor=attempt.amount_minor + (button == "wrong"),
            currency=attempt.currency, occurred_at=timezone.now(), raw={"button": button},
        )  # fmt: skip
        return [event]

    def refund(self, attempt: PaymentAttempt, *, amount_minor: int, key: str) -> str:
        """Pretend to pay back."""
        return f"sandbox-refund-{key}"

    def reply(self, *, is_taken: bool) -> Reply:
        """Answer in plain text; the page of buttons redirects instead."""
        return Reply(200, "ok") if is_taken else Reply(500, "again")
