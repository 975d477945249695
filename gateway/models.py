"""One row per paid-for call, partitioned by month over its id, and the lines that could not become one."""

from __future__ import annotations

import datetime
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, Membership, Tenant
from foundation.ids import time_of, uuid7_floor


class UsageQuerySet(models.QuerySet["UsageRecord"]):
    def between(self, start: datetime.datetime, end: datetime.datetime) -> Self:
        """Keep what began in [start, end): by ids, so that only those months' partitions are read."""
        return self.filter(id__gte=uuid7_floor(start), id__lt=uuid7_floor(end))


class UsageRecord(models.Model):
    """What one call used and cost. Its id is the request's; the time is inside it. No prompt and no answer is kept.

    No foreign key is enforced here: rows outlive keys and channels, and a line that was served must never be refused.
    """

    class Status(models.TextChoices):
        OK = "ok", _("complete")
        PARTIAL = "partial", _("cut short")
        DISCONNECTED = "disconnected", _("client left")
        FAILED = "failed", _("failed")

    class Source(models.TextChoices):
        UPSTREAM = "upstream", _("by upstream")
        COUNTED = "counted", _("counted")
        ESTIMATED = "estimated", _("estimated")

    id = models.UUIDField(_("request"), primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", verbose_name=_("tenant"))
    membership = models.ForeignKey(
        Membership, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", verbose_name=_("customer")
    )
    api_key = models.ForeignKey(ApiKey, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", verbose_name=_("sub-key"))
    model = models.CharField(_("model"), max_length=120)
    upstream_model = models.CharField(_("upstream model"), max_length=120, blank=True)
    channel_id = models.BigIntegerField(_("channel"), null=True)
    channel_key_id = models.BigIntegerField(_("channel key"), null=True)
    tried = ArrayField(models.BigIntegerField(), default=list, verbose_name=_("channels tried"))
    # Disjoint buckets → tokens (or calls); the two sums are for lists and charts.
    usage = models.JSONField(_("buckets"), default=dict)
    input_tokens = models.BigIntegerField(_("input tokens"), default=0)
    output_tokens = models.BigIntegerField(_("output tokens"), default=0)
    usage_source = models.CharField(_("counted by"), max_length=10, choices=Source.choices, default=Source.UPSTREAM)
    price_micros = models.BigIntegerField(_("price"), default=0)
    # Σ tokens × price before the one rounding, in µ$ per million tokens × tokens.
    numerator = models.DecimalField(_("unrounded price"), max_digits=40, decimal_places=0, default=0)
    cost_micros = models.BigIntegerField(_("cost"), null=True)
    book = models.CharField(_("price book"), max_length=120, blank=True)
    main_account_id = models.BigIntegerField(_("main account"), default=0)
    parts = models.JSONField(_("paid from"), default=list)
    splits = models.JSONField(_("paid to"), default=list)
    budgets = ArrayField(models.BigIntegerField(), default=list, verbose_name=_("spending limits"))
    journal_id = models.BigIntegerField(_("journal"), null=True)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.OK)
    is_stream = models.BooleanField(_("streamed"), default=False)
    first_ms = models.IntegerField(_("ms to first content"), null=True)
    total_ms = models.IntegerField(_("ms in all"), default=0)

    objects = UsageQuerySet.as_manager()
    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("usage")
        verbose_name_plural = _("usage")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "id"], name="usage_tenant"),
            models.Index(fields=["membership", "id"], name="usage_membership"),
            models.Index(fields=["api_key", "id"], name="usage_api_key"),
            models.Index(fields=["channel_id", "id"], name="usage_channel"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def created_at(self) -> datetime.datetime:
        return time_of(self.id)


class UsageQuarantine(models.Model):
    """A spool line that could not be posted as it is: its raw bytes and why, for an operator to look at."""

    worker_id = models.UUIDField(_("relay worker"))
    segment = models.CharField(_("segment"), max_length=80, blank=True)
    raw = models.BinaryField()
    error = models.TextField(_("error"))
    was_charged = models.BooleanField(_("charged"), default=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("quarantined usage line")
        verbose_name_plural = _("quarantined usage lines")

    def __str__(self) -> str:
        return f"{self.worker_id} {self.segment}: {self.error[:60]}"
