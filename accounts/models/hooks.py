"""Whom a tenant tells when something happens: programs by webhook, staff by a messenger, and what became of each message."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.identity import Tenant
from foundation.ids import uuid7


class EventKind(models.TextChoices):
    """What may be told."""

    ORDER_PAID = "order.paid", _("order paid")
    ORDER_REVIEW = "order.review", _("payment needs a look")
    DELIVERY_WAITING = "delivery.waiting", _("order waits to be delivered by hand")
    CODE_REDEEMED = "code.redeemed", _("code redeemed")
    CODES_GUESSED = "codes.guessed", _("codes are being guessed")
    REFUND_ASKED = "refund.asked", _("refund asked for")
    REFUND_CREATED = "refund.created", _("refund made")
    REFUND_FAILED = "refund.failed", _("refund failed at the gateway")
    DISPUTE_OPENED = "dispute.opened", _("payment disputed")
    DISPUTE_CLOSED = "dispute.closed", _("dispute decided")
    INVOICE_ASKED = "invoice.asked", _("invoice asked for")
    STOCK_LOW = "stock.low", _("stock is low")
    STOCK_OUT = "stock.out", _("sold out")
    REFERRAL_REWARDED = "referral.rewarded", _("referral rewarded")
    REFERRAL_DOUBTED = "referral.doubted", _("referral needs a look")
    WITHDRAWAL_ASKED = "withdrawal.asked", _("withdrawal asked for")
    WITHDRAWAL_DECIDED = "withdrawal.decided", _("withdrawal decided")
    PURCHASE_SUSPECTED = "purchase.suspected", _("shop may have bought of itself")
    GATEWAY_FAILING = "gateway.failing", _("payment account fails")
    MAIL_BROKEN = "mail.broken", _("own mail text cannot be used")
    BALANCE_LOW = "balance.low", _("customer's balance is low")
    KEY_EXHAUSTED = "key.exhausted", _("sub-key is used up")
    CHANNEL_DOWN = "channel.down", _("channel is down")
    RECONCILIATION_MISMATCH = "reconciliation.mismatch", _("books and bill differ")
    PING = "ping", _("test")


class WebhookEndpoint(models.Model):
    """An address of the tenant's own program; its secret signs what is sent."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="webhooks", verbose_name=_("tenant"))
    url = models.CharField(_("address"), max_length=500)
    events = ArrayField(models.CharField(max_length=40, choices=EventKind.choices), default=list, verbose_name=_("events"))
    sealed = models.TextField(editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One message to one webhook, and how its last attempt went."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        DEAD = "dead", _("given up")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries", verbose_name=_("webhook"))
    event = models.UUIDField(_("event"), default=uuid.uuid4)
    kind = models.CharField(_("kind"), max_length=40, choices=EventKind.choices)
    data = models.JSONField(_("data"), default=dict)
    is_replay = models.BooleanField(_("sent again"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    status = models.PositiveSmallIntegerField(_("last answer"), null=True)
    error = models.CharField(_("last error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True)

    tenant_path: ClassVar[str] = "endpoint__tenant"

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["endpoint", "event"], condition=models.Q(is_replay=False), name="one_delivery_per_event"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class NotificationTarget(models.Model):
    """Where staff want to be told: a messenger or an address."""

    class Preset(models.TextChoices):
        EMAIL = "email", _("e-mail")
        TELEGRAM = "telegram", "Telegram"
        BARK = "bark", "Bark"
        SERVERCHAN = "serverchan", "ServerChan"
        WECOM = "wecom", _("WeCom robot")
        HTTP = "http", _("any HTTP address")

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="notification_targets", verbose_name=_("tenant"))
    preset = models.CharField(_("service"), max_length=12, choices=Preset.choices)
    address = models.CharField(
        _("address"), max_length=300, blank=True, help_text=_("E-mail address, Telegram chat id, Bark server, or an HTTP address.")
    )
    sealed = models.TextField(editable=False, blank=True)
    events = ArrayField(models.CharField(max_length=40, choices=EventKind.choices), default=list, verbose_name=_("events"))
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("notification target")
        verbose_name_plural = _("notification targets")
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_preset_display()} {self.address}".strip()
