"""What gateways told us, once per event; a row is a state machine of its own."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.shop import GatewayAccount


class WebhookInbox(models.Model):
    """What a gateway said, once per event, and what became of it."""

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        PROCESSED = "processed", _("processed")
        IGNORED = "ignored", _("ignored")
        FAILED = "failed", _("failed")

    account = models.ForeignKey(GatewayAccount, models.PROTECT, related_name="inbox", verbose_name=_("payment account"))
    event_id = models.CharField(_("event"), max_length=120)
    kind = models.CharField(_("kind"), max_length=40)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RECEIVED)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    body = models.JSONField(_("content"), default=dict)
    tries = models.PositiveIntegerField(_("deliveries"), default=0)
    created_at = models.DateTimeField(_("received"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    tenant_path: ClassVar[str] = "account__tenant"

    class Meta:
        verbose_name = _("gateway message")
        verbose_name_plural = _("gateway messages")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["account", "event_id"], name="one_inbox_row_per_event"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
