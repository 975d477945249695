"""What is known of channels by looking at them: checks, what changed their state, balances, failures of calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from channels_app.models.channels import Channel, ChannelKey
from foundation.ids import time_of, uuid7


class ChannelCheck(models.Model):
    """The last health check of a channel; kept apart from it so that checks do not disturb what the relay knows."""

    class State(models.TextChoices):
        OK = "ok", _("answers")
        FAILED = "failed", _("fails")

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="check_result", verbose_name=_("channel"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, blank=True)
    latency_ms = models.PositiveIntegerField(_("latency, ms"), null=True, blank=True)
    first_ms = models.PositiveIntegerField(_("to the first token, ms"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=20, blank=True)
    message = models.CharField(_("message"), max_length=300, blank=True)
    failures_in_row = models.PositiveIntegerField(_("failures in a row"), default=0)
    # Key → how often it was refused in a row; kept here, for every change of a key is told to all relays.
    refused_keys = models.JSONField(_("refused keys"), default=dict)
    checked_at = models.DateTimeField(_("checked"), null=True)
    # Set while a check runs; what is older than a check may take belongs to one that died.
    started_at = models.DateTimeField(null=True, editable=False)

    tenant_path: ClassVar[str] = "channel__tenant"

    class Meta:
        verbose_name = _("health check")
        verbose_name_plural = _("health checks")

    def __str__(self) -> str:
        return f"{self.channel}: {self.get_state_display()}"


class CheckRun(models.Model):
    """One check that was made, kept for the history; partitioned by month over its id, which holds the time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(
        Channel, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+", verbose_name=_("channel")
    )
    kind = models.CharField(_("kind"), max_length=12)
    model = models.CharField(_("model"), max_length=120, blank=True)
    ok = models.BooleanField(_("answers"))
    latency_ms = models.PositiveIntegerField(_("latency, ms"))
    first_ms = models.PositiveIntegerField(_("to the first token, ms"), null=True)
    failure = models.CharField(_("failure"), max_length=20, blank=True)
    message = models.CharField(_("message"), max_length=300, blank=True)

    tenant_path: ClassVar[str] = "channel__tenant"

    class Meta:
        verbose_name = _("check")
        verbose_name_plural = _("checks")
        ordering: ClassVar[Sequence[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["channel", "id"], name="checkrun_channel")]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.failure or 'ok'}"

    @property
    def at(self) -> datetime:
        """Return when the check was made."""
        return time_of(self.id)


class ChannelEvent(models.Model):
    """A change of a channel's or a key's state, by whom and why: the timeline in the back office."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="events", verbose_name=_("channel"))
    key = models.ForeignKey(ChannelKey, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("key"))
    before = models.CharField(_("before"), max_length=15)
    after = models.CharField(_("after"), max_length=15)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("at"), db_default=Now(), editable=False)

    tenant_path: ClassVar[str] = "channel__tenant"

    class Meta:
        verbose_name = _("change of state")
        verbose_name_plural = _("changes of state")
        ordering: ClassVar[Sequence[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


class BalanceReading(models.Model):
    """What a channel's upstream account held at a time, as the vendor said it: never converted, never guessed."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="balances", verbose_name=_("channel"))
    key = models.ForeignKey(ChannelKey, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("key"))
    amount = models.DecimalField(_("amount"), max_digits=20, decimal_places=6)
    currency = models.CharField(_("currency"), max_length=12)
    at = models.DateTimeField(_("at"), db_default=Now(), editable=False)

    tenant_path: ClassVar[str] = "channel__tenant"

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
        ordering: ClassVar[Sequence[str]] = ["-at"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["channel", "at"], name="balance_channel")]

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.currency}"


class BalanceCheck(models.Model):
    """The last question for a channel's balance, whether or not it was answered, and the alarm that stands."""

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="balance_check", verbose_name=_("channel"))
    asked_at = models.DateTimeField(_("asked"))
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    alarm = models.CharField(_("alarm"), max_length=20, blank=True)

    tenant_path: ClassVar[str] = "channel__tenant"

    class Meta:
        verbose_name = _("question for a balance")
        verbose_name_plural = _("questions for balances")

    def __str__(self) -> str:
        return f"{self.channel_id} {self.problem or 'ok'}"


class FailureCount(models.Model):
    """How often calls failed at a channel in an hour, by kind: also those that were answered elsewhere afterwards."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="failures", verbose_name=_("channel"))
    hour = models.DateTimeField(_("hour"))
    kind = models.CharField(_("kind"), max_length=20)
    count = models.PositiveBigIntegerField(_("count"), default=0)

    tenant_path: ClassVar[str] = "channel__tenant"

    class Meta:
        verbose_name = _("failures of an hour")
        verbose_name_plural = _("failures by hour")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "hour", "kind"], name="failures_once_an_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:%M} {self.kind}: {self.count}"


class ModelListing(models.Model):
    """The models an upstream said it serves to us, when it was asked last."""

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="listing", verbose_name=_("channel"))
    names = ArrayField(models.CharField(max_length=200), default=list, verbose_name=_("models"))
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    asked_at = models.DateTimeField(_("asked"))

    tenant_path: ClassVar[str] = "channel__tenant"

    class Meta:
        verbose_name = _("list of models upstream")
        verbose_name_plural = _("lists of models upstream")

    def __str__(self) -> str:
        return f"{self.channel_id}: {len(self.names)}"
