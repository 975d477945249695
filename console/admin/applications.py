"""Applications for a shop: staff of the tenant above approve or decline them, and the applicant gets a mail."""

from __future__ import annotations

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import onboarding, tenants
from accounts.models import ShopApplication
from console.admin import pages
from console.admin.base import DeskAdmin, ReadOnly, facts
from console.admin.figures import label

STATE_LABELS = {"waiting": "warning", "approved": "success", "declined": "danger"}


class DeclineForm(pages.DeskForm):
    """Why: the applicant reads it."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


class ShopApplicationAdmin(ReadOnly, DeskAdmin[ShopApplication]):
    """Who wants a shop."""

    list_display = ("name", "slug", "applicant", "state_label", "created_at")
    list_select_related = ("applicant", "seller")
    list_filter = ("state",)
    search_fields = ("name", "slug", "=applicant__email")
    ordering = ("-id",)
    fields = ("name", "slug", "applicant", "about", "state_label", "reason", "created_at", "decided_at")
    readonly_fields = fields
    actions_detail = ("approve", "decline")

    @pages.act(description=gettext_lazy("Approve"), icon="check")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open the shop."""
        row = self.subject(request, object_id)
        if request.method != "POST":
            text = _("The shop is opened below yours, and its applicant becomes its owner.")
            return pages.ask(request, self, title=_("Approve %s") % row.name, submit=_("Approve"), explanation=text, back=self._back(row))
        return self._decide(request, row, "approve")

    @pages.act(description=gettext_lazy("Decline"), icon="close")
    def decline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say no."""
        row = self.subject(request, object_id)
        form = DeclineForm(request.POST or None)
        if not form.is_valid():
            title = _("Decline %s") % row.name
            return pages.ask(request, self, title=title, submit=_("Decline"), form=form, back=self._back(row), is_danger=True)
        return self._decide(request, row, "decline", reason=form.cleaned_data["reason"])

    def _decide(self, request: HttpRequest, row: ShopApplication, verb: str, reason: str = "") -> HttpResponse:
        before = facts(row)
        try:
            with transaction.atomic():
                if verb == "approve":
                    onboarding.approve(application=row)
                else:
                    onboarding.decline(application=row, reason=reason)
                row.refresh_from_db()
                self.record_change(request, verb, row, before=before)
                tell(row, request)
        except (onboarding.AlreadyDecided, tenants.TenantError) as refusal:
            self.message_user(request, str(refusal), "error")
        return redirect(self._back(row))

    def _back(self, row: ShopApplication) -> str:
        return pages.object_url(self.admin_site.name, row)

    @label(description=gettext_lazy("state"), ordering="state", colours=STATE_LABELS)
    def state_label(self, row: ShopApplication) -> tuple[str, str]:
        return row.state, row.get_state_display()


def tell(row: ShopApplication, request: HttpRequest) -> None:
    """Mail the applicant what was decided, with the way to the back office."""
    onboarding.tell(row, link=request.build_absolute_uri(reverse("reseller:index")))
