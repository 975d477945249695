"""The audit trail."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.identity import Tenant, User


class AuditEvent(models.Model):
    """Who changed what, when: written in the same transaction as the change, never edited."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="audit_events", verbose_name=_("tenant"))
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    action = models.CharField(_("action"), max_length=60)
    target = models.CharField(_("target"), max_length=120)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    address = models.GenericIPAddressField(_("address"), null=True)
    created_at = models.DateTimeField(_("at"), auto_now_add=True, db_index=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit trail")
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"
