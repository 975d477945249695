"""Rows that know no business: snapshot versions, the outbox, jobs with progress and the runs of scheduled tasks."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from foundation.ids import uuid7


class SnapshotVersion(models.Model):
    """The version of one kind of in-process knowledge, raised by database triggers on every change."""

    kind = models.CharField(primary_key=True, max_length=40)
    version = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


class OutboxMessage(models.Model):
    """Something that must be done after a transaction: written inside it, delivered by a sweeper."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        DEAD = "dead", _("given up")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    topic = models.CharField(_("topic"), max_length=60)
    key = models.CharField(_("key"), max_length=200, null=True, unique=True)
    payload = models.JSONField(_("payload"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    available_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("last error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True)

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outgoing messages")
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["available_at"], condition=models.Q(state="waiting"), name="outbox_due"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.id}"


class Job(models.Model):
    """Long work with progress that a page can show. `scope_id` is whatever the starter scopes by (a tenant's id)."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    tenant_path: ClassVar[str] = "scope_id"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=60)
    scope_id = models.BigIntegerField(null=True, db_index=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("total"), default=0)
    arguments = models.JSONField(_("arguments"), default=dict)
    result = models.JSONField(_("result"), default=dict)
    error = models.CharField(_("error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.done}/{self.total}"

    @property
    def percent(self) -> int:
        """Return the progress, 0 to 100."""
        if self.state == self.State.DONE:
            return 100
        return min(100, self.done * 100 // self.total) if self.total else 0


class ScheduledTask(models.Model):
    """The last run of one periodic task; also the row that a run claims, so that several clocks may tick."""

    name = models.CharField(_("name"), primary_key=True, max_length=80)
    every_seconds = models.PositiveIntegerField(_("every (seconds)"))
    started_at = models.DateTimeField(_("last start"), null=True)
    finished_at = models.DateTimeField(_("last end"), null=True)
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), null=True)
    result = models.CharField(_("result"), max_length=300, blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("task run")
        verbose_name_plural = _("task runs")
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name
