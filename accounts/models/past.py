"""What another system's log said before its people came: to be read, never counted. No money moves by these rows."""

from __future__ import annotations

import datetime
from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.identity import Membership, Tenant
from foundation.ids import time_of, uuid7_floor


class PastQuerySet(models.QuerySet["PastEntry"]):
    def between(self, start: datetime.datetime, end: datetime.datetime) -> Self:
        """Keep what happened in [start, end): by ids, so that only those months' partitions are read."""
        return self.filter(id__gte=uuid7_floor(start), id__lt=uuid7_floor(end))


class PastEntry(models.Model):
    """A line of that log; its id holds its time and follows from where it came from, so that it comes once."""

    class Kind(models.TextChoices):
        CALL = "call", _("call")
        FAILED = "failed", _("failed call")
        TOP_UP = "topup", _("top-up")
        REFUND = "refund", _("refund")
        NOTE = "note", _("note")

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", verbose_name=_("tenant"))
    membership = models.ForeignKey(
        Membership, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", verbose_name=_("customer")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    model = models.CharField(_("model"), max_length=120, blank=True)
    key_name = models.CharField(_("sub-key"), max_length=60, blank=True)
    amount_micros = models.BigIntegerField(_("amount"), default=0)
    input_tokens = models.BigIntegerField(_("input tokens"), default=0)
    output_tokens = models.BigIntegerField(_("output tokens"), default=0)
    total_ms = models.IntegerField(_("ms in all"), default=0)
    text = models.CharField(_("text"), max_length=500, blank=True)

    objects = PastQuerySet.as_manager()
    tenant_path: ClassVar[str] = "tenant"
    owner_path: ClassVar[str] = "membership"

    class Meta:
        verbose_name = _("entry from before the move")
        verbose_name_plural = _("before the move")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "id"], name="past_tenant"),
            models.Index(fields=["membership", "id"], name="past_membership"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def created_at(self) -> datetime.datetime:
        return time_of(self.id)
