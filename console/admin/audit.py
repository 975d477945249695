"""The audit trail: every change by staff, before and after; never edited."""

from __future__ import annotations

from django.contrib import admin
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy

from accounts.models import AuditEvent
from console.admin.base import DeskAdmin, ReadOnly
from console.admin.figures import mono


class AuditEventAdmin(ReadOnly, DeskAdmin[AuditEvent]):
    """Who changed what."""

    list_display = ("created_at", "actor", "action", "target_shown", "difference", "address")
    list_select_related = ("actor",)
    search_fields = ("action", "target", "actor__email")
    ordering = ("-id",)
    fields = ("created_at", "actor", "action", "target_shown", "difference", "address")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("object"))
    def target_shown(self, event: AuditEvent) -> SafeString:
        return mono(event.target)

    @admin.display(description=gettext_lazy("change"))
    def difference(self, event: AuditEvent) -> SafeString:
        return mark_safe(f'<div class="k-diff">{render_to_string("console/admin/difference.html", {"event": event})}</div>')  # noqa: S308  # escaped by the template
