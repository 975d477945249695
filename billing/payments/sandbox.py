"""A gateway made of buttons, for the demo and for drills: its page stands in for a bank. Never in production."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models import GatewayAccount, PaymentAttempt
from billing.payments.base import BadCallback, Driver, Links, Message, ProviderEvent, Redirect, Reply


@dataclass(frozen=True, slots=True)
class Button:
    """One thing that can happen: the events it sends as (kind, part of their names), and whether money must have come before."""

    label: Promise
    says: tuple[tuple[str, str], ...]
    is_after_payment: bool = False
    amount_off: int = 0
    is_late: bool = False


BUTTONS = {
    "pay": Button(_("Pay"), (("paid", ""),)),
    "late": Button(_("Pay when the order's time is over"), (("paid", ""),), is_late=True),
    "wrong": Button(_("Pay a wrong amount"), (("paid", ""),), amount_off=1),
    "twice": Button(_("Pay twice"), (("paid", ""), ("paid", "-again"))),
    "fail": Button(_("Let it fail"), (("failed", ""),)),
    "refund": Button(_("Pay back at the bank"), (("refunded", "refund-"),), is_after_payment=True),
    "dispute": Button(_("Dispute it"), (("disputed", "dispute-"),), is_after_payment=True),
    "won": Button(_("The shop wins the dispute"), (("dispute_won", "dispute-"),), is_after_payment=True),
    "lost": Button(_("The shop loses the dispute"), (("dispute_lost", "dispute-"),), is_after_payment=True),
}


class Sandbox(Driver):
    """Let the buyer decide how the payment ends."""

    repeats_refunds: ClassVar[bool] = True
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
        button = BUTTONS.get(message.form.get("button", ""))
        attempt = PaymentAttempt.objects.filter(account=account, token=message.attempt).first()
        if button is None or attempt is None:
            raise BadCallback("no such button or payment")
        if button.is_after_payment and attempt.state != PaymentAttempt.State.SUCCEEDED:
            raise BadCallback("nothing was paid yet")
        name = message.form["button"]
        return [_event(attempt, name, kind, part, amount_off=button.amount_off) for kind, part in button.says]

    def refund(self, attempt: PaymentAttempt, *, amount_minor: int, key: str) -> str:
        """Pretend to pay back."""
        return f"sandbox-refund-{key}"

    def reply(self, *, is_taken: bool) -> Reply:
        """Answer in plain text; the page of buttons redirects instead."""
        return Reply(200, "ok") if is_taken else Reply(500, "again")


def _event(attempt: PaymentAttempt, button: str, kind: str, part: str, *, amount_off: int) -> ProviderEvent:
    is_payment = kind in {"paid", "failed"}
    amount = attempt.amount_minor if is_payment or attempt.received_minor is None else attempt.received_minor
    return ProviderEvent(
        attempt_token=attempt.token, event_id=f"{button}:{attempt.token}{part if kind == 'paid' else ''}", kind=kind,
        transaction=f"sandbox-{attempt.pk}{part if is_payment else ''}", amount_minor=amount + amount_off, currency=attempt.currency,
        occurred_at=timezone.now(), reference="" if is_payment else f"sandbox-{part}{attempt.pk}", raw={"button": button},
    )  # fmt: skip
