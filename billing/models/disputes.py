"""Payments that buyers dispute at their bank: one row a dispute."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.shop import PaymentAttempt


class Dispute(models.Model):
    """A disputed payment. `quota` maps who owes it while open or lost to µ$: memberships what they redeemed, `shop:…` its stock."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    attempt = models.ForeignKey(PaymentAttempt, models.PROTECT, related_name="disputes", verbose_name=_("payment"))
    reference = models.CharField(_("the gateway's number"), max_length=120)
    state = models.CharField(_("state"), max_length=4, choices=State.choices, default=State.OPEN)
    amount_minor = models.PositiveBigIntegerField(_("amount in minor units"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    quota = models.JSONField(_("quota in dispute"), default=dict)
    created_at = models.DateTimeField(_("opened"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    tenant_path: ClassVar[str] = "attempt__order__tenant"

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["attempt", "reference"], name="one_row_per_dispute"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.state}"
