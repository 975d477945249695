"""What runs by itself: periodic tasks with their last run, long jobs, outgoing messages. For the platform, to be looked at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.admin.base import DeskAdmin, ReadOnly
from console.admin.figures import label, number
from foundation.models import Job, OutboxMessage, ScheduledTask

OUTCOMES = {"ok": "success", "failed": "danger", "never": "warning"}


class ScheduledTaskAdmin(ReadOnly, DeskAdmin[ScheduledTask]):
    """One row a periodic task: last run, duration, result."""

    list_display = ("name", "outcome", "started_at", "duration", "interval", "result")
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name", "interval", "started_at", "finished_at", "duration", "result", "error")
    readonly_fields = fields

    @label(description=gettext_lazy("last run"), colours=OUTCOMES)
    def outcome(self, task: ScheduledTask) -> tuple[str, str]:
        if task.finished_at is None:
            return "never", _("not yet")
        return ("failed", _("failed")) if task.error else ("ok", _("ok"))

    @admin.display(description=gettext_lazy("duration"), ordering="duration_ms")
    def duration(self, task: ScheduledTask) -> SafeString:
        return number("—" if task.duration_ms is None else f"{task.duration_ms:,} ms")

    @admin.display(description=gettext_lazy("every"), ordering="every_seconds")
    def interval(self, task: ScheduledTask) -> SafeString:
        return number(f"{task.every_seconds:,} s")


class JobAdmin(ReadOnly, DeskAdmin[Job]):
    """Long work and how far it is."""

    list_display = ("kind", "state", "progress", "created_at", "finished_at", "error")
    list_filter = ("state",)
    ordering = ("-id",)
    fields = ("kind", "state", "progress", "arguments", "result", "error", "created_at", "started_at", "finished_at")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, job: Job) -> SafeString:
        return number(f"{job.done:,} / {job.total:,} ({job.percent} %)")


class OutboxMessageAdmin(ReadOnly, DeskAdmin[OutboxMessage]):
    """Messages that wait, left, or were given up; bodies stay unread: they may hold personal data."""

    list_display = ("created_at", "topic", "state", "attempts", "available_at", "error")
    list_filter = ("state",)
    ordering = ("-id",)
    fields = ("topic", "state", "attempts", "available_at", "created_at", "delivered_at", "error")
    readonly_fields = fields
