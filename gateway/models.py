"""One row per call that reached a vendor, partitioned by month over its id, its sums, and the lines that could not become one."""

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

    class Error(models.TextChoices):
        UNAVAILABLE = "upstream_unavailable", _("No provider could answer.")
        TIMEOUT = "upstream_timeout", _("No provider answered in time.")
        BAD_REQUEST = "bad_request", _("The provider refused the request as malformed.")
        CONTENT_FILTER = "content_filter", _("The provider's safety system refused the content.")
        LOOP = "relay_loop", _("The call had come back to a relay it went through.")
        BLOCKED = "sensitive_words_detected", _("The request held words that are not allowed here.")
        LEFT = "client_left", _("The client left before an answer came.")

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
    # Why each of these did not answer; for operators only.
    reasons = ArrayField(models.CharField(max_length=40), default=list, db_default=[], verbose_name=_("reasons of the channels tried"))
    # What the client was told where nobody answered: a code of ours.
    error = models.CharField(_("error"), max_length=40, blank=True, db_default="")
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
    def error_text(self) -> str:
        """Return in words why nobody answered; nothing of an answered call."""
        return str(self.Error(self.error).label) if self.error in self.Error.values else self.error

    @property
    def created_at(self) -> datetime.datetime:
        return time_of(self.id)

    def margin_micros(self, sink_id: int) -> int | None:
        """Return what the platform keeps of its part of the price (paid to its account `sink_id`) after the upstream's cost."""
        if self.cost_micros is None:
            return None
        part: int = sum(amount for account_id, amount in self.splits if account_id == sink_id)
        return part - self.cost_micros


class UsageSum(models.Model):
    """What calls of one hour or day (UTC) used, by columns that each table has. Made from usage rows, never edited."""

    start = models.DateTimeField(_("from"))
    tenant = models.ForeignKey(Tenant, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", verbose_name=_("tenant"))
    calls = models.BigIntegerField(_("calls"))
    partial_calls = models.BigIntegerField(_("cut short"))
    disconnected_calls = models.BigIntegerField(_("client left"))
    failed_calls = models.BigIntegerField(_("failed"))
    uncosted_calls = models.BigIntegerField(_("without a cost"))
    input_tokens = models.BigIntegerField(_("input tokens"))
    output_tokens = models.BigIntegerField(_("output tokens"))
    price_micros = models.BigIntegerField(_("price"))
    cost_micros = models.BigIntegerField(_("cost"))
    total_ms = models.BigIntegerField(_("ms in all"))
    last_at = models.DateTimeField(_("last call"))

    tenant_path: ClassVar[str] = "tenant"
    # What rows are grouped by beside `start`: columns of the table.
    group_columns: ClassVar[tuple[str, ...]]

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} {', '.join(str(getattr(self, name)) for name in self.group_columns)}: {self.calls}"


class UsageDetail(UsageSum):
    """Sums by everything usage is asked for by: nearly as many rows as calls where each customer calls seldom."""

    membership = models.ForeignKey(
        Membership, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", verbose_name=_("customer")
    )
    api_key = models.ForeignKey(ApiKey, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", verbose_name=_("sub-key"))
    model = models.CharField(_("model"), max_length=120)
    # 0: no channel answered. Not NULL, so that rows of one group are equal to each other.
    channel_id = models.BigIntegerField(_("channel"))

    owner_path: ClassVar[str] = "membership"
    group_columns: ClassVar[tuple[str, ...]] = ("tenant_id", "membership_id", "api_key_id", "model", "channel_id")

    class Meta(UsageSum.Meta):
        abstract = True
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["start", "tenant", "membership", "api_key", "model", "channel_id"], name="%(class)s_one_row_a_group"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "start"], name="%(class)s_tenant"),
            models.Index(fields=["membership", "start"], name="%(class)s_member"),
            models.Index(fields=["api_key", "start"], name="%(class)s_key"),
            models.Index(fields=["channel_id", "start"], name="%(class)s_channel"),
        ]


class UsageHour(UsageDetail):
    """The sums of one hour."""

    class Meta(UsageDetail.Meta):
        verbose_name = _("usage by hour")
        verbose_name_plural = _("usage by hour")


class UsageDay(UsageDetail):
    """The sums of one day in UTC."""

    class Meta(UsageDetail.Meta):
        verbose_name = _("usage by day")
        verbose_name_plural = _("usage by day")


class UsageTenantHour(UsageSum):
    """The sums of a tenant's hour."""

    group_columns: ClassVar[tuple[str, ...]] = ("tenant_id",)

    class Meta(UsageSum.Meta):
        verbose_name = _("usage of a tenant by hour")
        verbose_name_plural = _("usage of tenants by hour")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["start", "tenant"], name="usagetenanthour_one_row_a_group")
        ]


class UsageModelDay(UsageSum):
    """The sums of a tenant's day by model: what dashboards read."""

    model = models.CharField(_("model"), max_length=120)

    group_columns: ClassVar[tuple[str, ...]] = ("tenant_id", "model")

    class Meta(UsageSum.Meta):
        verbose_name = _("usage by model and day")
        verbose_name_plural = _("usage by model and day")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["start", "tenant", "model"], name="usagemodelday_one_row_a_group")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["tenant", "start"], name="usagemodelday_tenant")]


class UsageMemberDay(UsageSum):
    """The sums of a customer's day."""

    membership = models.ForeignKey(
        Membership, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", verbose_name=_("customer")
    )

    owner_path: ClassVar[str] = "membership"
    group_columns: ClassVar[tuple[str, ...]] = ("tenant_id", "membership_id")

    class Meta(UsageSum.Meta):
        verbose_name = _("usage by customer and day")
        verbose_name_plural = _("usage by customer and day")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["start", "tenant", "membership"], name="usagememberday_one_row_a_group")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "start"], name="usagememberday_tenant"),
            models.Index(fields=["membership", "start"], name="usagememberday_member"),
        ]


class UsageMemberMonth(UsageSum):
    """The sums of a customer's month in UTC: a large shop finds who spends most without adding up millions of days."""

    membership = models.ForeignKey(
        Membership, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", verbose_name=_("customer")
    )

    owner_path: ClassVar[str] = "membership"
    group_columns: ClassVar[tuple[str, ...]] = ("tenant_id", "membership_id")

    class Meta(UsageSum.Meta):
        verbose_name = _("usage by customer and month")
        verbose_name_plural = _("usage by customer and month")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["start", "tenant", "membership"], name="usagemembermonth_one_row_a_group")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["start", "tenant", "-price_micros", "membership"], name="usagemembermonth_shops_dearest"),
            models.Index(fields=["start", "-price_micros", "membership"], name="usagemembermonth_dearest"),
        ]


class UsageChange(models.Model):
    """A tenant's hour whose sums are to be made anew: written by a trigger in the transaction that inserts the usage rows.

    Rows become visible together with their mark, whatever the order of their ids and of the commits.
    """

    hour = models.DateTimeField()
    tenant_id = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["hour", "tenant_id"], name="usagechange_hour")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:%M} {self.tenant_id}"


class UsageRetention(models.Model):
    """How long a tenant's usage rows are kept, and up to when they are already gone. Sums of hours and days stay."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True, related_name="+", verbose_name=_("tenant"))
    # NULL: the platform's own setting.
    days = models.PositiveIntegerField(_("days kept"), null=True, blank=True)
    cleared_until = models.DateTimeField(_("cleared until"), null=True, editable=False)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("usage retention")
        verbose_name_plural = _("usage retention")

    def __str__(self) -> str:
        return f"{self.tenant_id}: {self.days}"


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
