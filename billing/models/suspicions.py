"""Purchases that a shop may have made in itself: one row an order, decided by the platform."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.shop import Order


class Suspicion(models.Model):
    """Why an order may be the shop's own purchase; its money does not mature unless this is cleared."""

    class Sign(models.TextChoices):
        ACCOUNT = "account", _("bought by the shop's staff")
        EMAIL = "email", _("e-mail of the shop's staff")
        ADDRESS = "address", _("network address of the shop's staff")
        BROWSER = "browser", _("placed in a browser of the shop's staff")
        PAYMENT = "payment", _("paid by the means with which the shop pays")
        REDEEMED = "redeemed", _("redeemed by the shop's staff")

    class State(models.TextChoices):
        OPEN = "open", _("to be looked at")
        CLEARED = "cleared", _("cleared")
        UPHELD = "upheld", _("upheld")

    # Those keep money back.
    WITHHOLDING: ClassVar[tuple[str, ...]] = (State.OPEN, State.UPHELD)

    order = models.OneToOneField(Order, models.PROTECT, related_name="suspicion", verbose_name=_("order"))
    signs = ArrayField(models.CharField(max_length=10, choices=Sign.choices), verbose_name=_("signs"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by"))
    decided_at = models.DateTimeField(_("decided"), null=True)
    created_at = models.DateTimeField(_("noticed"), auto_now_add=True)

    tenant_path: ClassVar[str] = "order__tenant"

    class Meta:
        verbose_name = _("suspected own purchase")
        verbose_name_plural = _("suspected own purchases")

    def __str__(self) -> str:
        return f"{self.order} {self.state}"
