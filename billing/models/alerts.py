"""What people were told of their limits and wallets, so that they are told once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from billing.models.shop import Product


class LimitAlert(models.Model):
    """A threshold of one window of one limit that somebody was told of; `subject` names all three."""

    subject = models.CharField(_("subject"), max_length=120, unique=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["created_at"], name="limit_alert_time")]

    def __str__(self) -> str:
        return self.subject


class StockWatch(models.Model):
    """How much of a product was left when it was last looked at: staff are told of turns for the worse."""

    class Level(models.TextChoices):
        ENOUGH = "enough", _("enough")
        LOW = "low", _("low")
        OUT = "out", _("sold out")

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="stock_watch", verbose_name=_("product"))
    level = models.CharField(_("level"), max_length=6, choices=Level.choices, default=Level.ENOUGH)

    tenant_path: ClassVar[str] = "product__tenant"

    class Meta:
        verbose_name = _("stock watch")
        verbose_name_plural = _("stock watches")

    def __str__(self) -> str:
        return f"{self.product_id}: {self.level}"


class WalletWatch(models.Model):
    """Below which balance (µ$) the owner of a wallet is told; 0 = never. Armed once there is more than that, until they are."""

    membership = models.OneToOneField(Membership, models.CASCADE, primary_key=True, related_name="+", verbose_name=_("customer"))
    below_micros = models.BigIntegerField(_("tell below"))
    is_armed = models.BooleanField(_("armed"), default=True)

    class Meta:
        verbose_name = _("watched wallet")
        verbose_name_plural = _("watched wallets")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(below_micros__gte=0), name="wallet_watch_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id}: {self.below_micros}"
