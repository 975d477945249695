"""Money that the platform took for a shop, asked for by the shop: one row a request, its steps by compare-and-swap."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant


class Withdrawal(models.Model):
    """A shop's request for money; what it asks for is held on the shop's payable account until it is paid, declined or taken back."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("asked for")
        APPROVED = "approved", _("approved")
        PAID = "paid", _("paid")
        DECLINED = "declined", _("declined")
        CANCELED = "canceled", _("taken back")

    OPEN: ClassVar[tuple[str, ...]] = (State.REQUESTED, State.APPROVED)

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="withdrawals", verbose_name=_("tenant"))
    # Made by the form: one that is sent twice asks once.
    key = models.CharField(max_length=40, unique=True, editable=False)
    amount_minor = models.PositiveBigIntegerField(_("amount in minor units"))
    currency = models.CharField(_("currency"), max_length=3)
    destination = models.CharField(_("where to"), max_length=200)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.REQUESTED)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    # The bank's number of the transfer.
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("asked by"))
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by"))
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="withdrawal_amount_positive"),
            models.UniqueConstraint(fields=["reference"], condition=~Q(reference=""), name="one_withdrawal_per_transfer"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency} {self.state}"
