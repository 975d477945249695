"""What the management API answered to writes that carried an idempotency key."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.identity import Membership


class ApiReply(models.Model):
    """One write and its answer, sealed: it may hold a secret that is shown once."""

    membership = models.ForeignKey(Membership, models.CASCADE, related_name="+", verbose_name=_("owner"))
    key = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    sealed = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    tenant_path: ClassVar[str] = "membership__tenant"
    owner_path: ClassVar[str] = "membership"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["membership", "key"], name="one_reply_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.status}"
