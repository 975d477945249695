"""Visits of staff in a customer's console: read-only, for a while, and known to the customer."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.identity import Membership, User


class SupportVisit(models.Model):
    """Somebody of the staff sees the console as a customer does, until it is ended or its time is over."""

    membership = models.ForeignKey(Membership, models.CASCADE, related_name="support_visits", verbose_name=_("customer"))
    visitor = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    reason = models.CharField(_("reason"), max_length=200)
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    ends_at = models.DateTimeField(_("ends"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    tenant_path: ClassVar[str] = "membership__tenant"
    owner_path: ClassVar[str] = "membership"

    class Meta:
        verbose_name = _("support visit")
        verbose_name_plural = _("support visits")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["ends_at"], condition=models.Q(ended_at=None), name="running_visits"),
        ]

    def __str__(self) -> str:
        return f"{self.membership} {self.started_at:%Y-%m-%d %H:%M}"
