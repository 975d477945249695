"""Purchases that shops may have made in themselves, for the platform: what speaks for it, and what was decided."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib import messages as notes
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import actor_of
from billing import self_dealing
from billing.models.suspicions import Suspicion
from billing.money import format_minor
from console.admin import pages
from console.admin.base import DeskAdmin, ReadOnly, TenantColumn
from console.admin.code_forms import ReasonForm
from console.admin.figures import label, lines, number

STATES = {"open": "warning", "cleared": "success", "upheld": "danger"}


class SuspicionAdmin(TenantColumn, ReadOnly, DeskAdmin[Suspicion]):
    """Suspected own purchases, the newest first."""

    list_display = ("order_shown", "state_label", "amount", "signs_shown", "created_at", "decided_by")
    list_filter = ("state",)
    list_select_related = ("order__tenant", "decided_by")
    search_fields = ("order__number", "order__email")
    ordering = ("-id",)
    fields = ("order_shown", "state_label", "amount", "buyer", "signs_shown", "reason", "decided_by", "decided_at", "created_at")
    readonly_fields = fields
    actions_detail = ("clear", "uphold")

    @pages.act(description=gettext_lazy("Clear"), icon="verified")
    def clear(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say that it is an honest purchase."""
        text = _("An honest purchase: its money matures as if nothing had been, the shop can withdraw it.")
        return self._decide(request, object_id, "clear", _("Clear %s"), text)

    @pages.act(description=gettext_lazy("Uphold"), icon="gpp_bad")
    def uphold(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say that the shop bought of itself."""
        text = _("The shop bought of itself: the money stays with the platform. Pay it back to who paid on the order's page.")
        return self._decide(request, object_id, "uphold", _("Uphold %s"), text)

    def _decide(self, request: HttpRequest, object_id: str, verb: str, title: str, text: str) -> HttpResponse:
        row = self.subject(request, object_id)
        back = pages.object_url(self.admin_site.name, row)
        form = ReasonForm(request.POST or None)
        if not form.is_valid():
            asked, is_danger = title % row.order, verb == "uphold"
            return pages.ask(request, self, title=asked, submit=asked, form=form, explanation=text, back=back, is_danger=is_danger)
        acts: dict[str, Any] = {"clear": self_dealing.clear, "uphold": self_dealing.uphold}
        before = self.facts(row)
        try:
            with transaction.atomic():
                acts[verb](suspicion=row, actor=actor_of(request).user, reason=form.cleaned_data["reason"])
                self.record_change(request, verb, row, before=before)
        except self_dealing.WrongStep as error:
            self.message_user(request, str(error), level=notes.ERROR)
        return redirect(back)

    @admin.display(description=gettext_lazy("order"), ordering="order__number")
    def order_shown(self, row: Suspicion) -> SafeString:
        return format_html('<a href="{}">{}</a>', pages.object_url(self.admin_site.name, row.order), row.order)

    @admin.display(description=gettext_lazy("tenant"))
    def tenant(self, row: Suspicion) -> str:
        return str(row.order.tenant)

    @admin.display(description=gettext_lazy("buyer"))
    def buyer(self, row: Suspicion) -> str:
        return " · ".join(filter(None, (row.order.email, row.order.contact, row.order.address or ""))) or "—"

    @label(description=gettext_lazy("state"), ordering="state", colours=STATES)
    def state_label(self, row: Suspicion) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, row: Suspicion) -> SafeString:
        return number(format_minor(row.order.total_minor, currency=row.order.currency))

    @admin.display(description=gettext_lazy("signs"))
    def signs_shown(self, row: Suspicion) -> SafeString:
        return lines(Suspicion.Sign(sign).label for sign in row.signs)
