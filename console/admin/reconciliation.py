"""Reconciliation: each run of the audit with what it found, and what is owed, covered and taken by vendors. For the platform."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.models.audit import AuditRun
from billing.money import format_minor
from channels_app.models import Channel
from console.admin import pages
from console.admin.base import DeskAdmin, ReadOnly
from console.admin.figures import label, moment, number
from foundation import queue
from gateway import tasks

AUDIT_WAITS_SECONDS = 3600
OUTCOMES = {"ok": "success", "notice": "warning", "wrong": "danger"}
FIGURES = (
    ("wallets", gettext_lazy("In wallets")),
    ("lots", gettext_lazy("Expiring credit")),
    ("codes", gettext_lazy("In codes")),
    ("outstanding", gettext_lazy("Customers may ask for")),
    ("needed", gettext_lazy("Which costs upstream about")),
    ("upstream", gettext_lazy("Accounts at vendors hold")),
    ("stock", gettext_lazy("Shops' stock")),
    ("held", gettext_lazy("Held by calls in flight")),
    ("debts", gettext_lazy("Owed by customers")),
)


class AuditRunAdmin(ReadOnly, DeskAdmin[AuditRun]):
    """Runs, the newest first; nothing can be edited."""

    list_display = ("at", "outcome", "duration")
    ordering = ("-started_at", "-id")
    fields = ("at", "outcome", "duration", "report")
    readonly_fields = fields
    actions_list = ("audit_now",)

    @pages.list_act(description=gettext_lazy("Audit now"), icon="rule", permission="act")
    def audit_now(self, request: HttpRequest) -> HttpResponse:
        """Have the books looked at in the background."""
        if request.method == "POST":
            if queue.send(tasks.audit_now.name, expires=AUDIT_WAITS_SECONDS):
                messages.success(request, _("The books are being looked at; the result appears in this list."))
            else:
                messages.error(request, _("The queue does not answer, so nothing was begun. Try again, or run manage.py audit_ledger."))
            return redirect(pages.list_url(self))
        explanation = _("Every invariant is recomputed in one snapshot. On large books this takes minutes; calls are not disturbed.")
        return pages.ask(request, self, title=_("Audit the books now?"), submit=_("Audit now"), explanation=explanation)

    @admin.display(description=gettext_lazy("at"), ordering="started_at")
    def at(self, run: AuditRun) -> SafeString:
        return moment(run.started_at)

    @label(description=gettext_lazy("result"), colours=OUTCOMES)
    def outcome(self, run: AuditRun) -> tuple[str, str]:
        if run.found:
            return "wrong", ngettext("%d finding", "%d findings", run.found) % run.found
        if run.notices:
            return "notice", ngettext("%d notice", "%d notices", run.notices) % run.notices
        return "ok", _("all agrees")

    @admin.display(description=gettext_lazy("duration"), ordering="duration_ms")
    def duration(self, run: AuditRun) -> SafeString:
        return number(f"{run.duration_ms:,} ms")

    @admin.display(description=gettext_lazy("report"))
    def report(self, run: AuditRun) -> SafeString:
        """Show findings, figures, vendors' accounts and the checks that were made."""
        figures: dict[str, Any] = run.figures
        names = dict(Channel.objects.values_list("pk", "name"))
        context = {
            "findings": list(run.findings.order_by("is_notice", "pk")),
            "figures": [(title, figures[name]) for name, title in FIGURES if name in figures],
            "bills": [bill | {"name": names.get(bill["channel"], f"#{bill['channel']}")} for bill in figures.get("bills", [])],
            "at_gateways": [_at_gateway(row) for row in figures.get("at_gateways", [])],
            "checks": sorted(run.checks.items(), key=lambda item: (len(item[0]), item[0])),
        }
        return render_to_string("console/admin/audit_run.html", context)


def _at_gateway(row: dict[str, Any]) -> tuple[str, str]:
    return f"#{row['account']}", format_minor(row["minor"], currency=row["currency"])
