"""A shop's hosts in the back office: claimed with the record that proves them, looked up, let go."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms import CharField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import domains, tenants
from accounts.admin_scope import actor_of
from accounts.models import TenantDomain
from console.admin import pages
from console.admin.base import DeskAdmin, TenantColumn, facts
from console.admin.figures import flag, mono
from console.admin.tenants import clean_host


class ClaimForm(pages.DeskForm):
    """Which host."""

    host = CharField(label=gettext_lazy("host"), max_length=253)

    def clean_host(self) -> str:
        return clean_host(self.cleaned_data["host"])


class TenantDomainAdmin(TenantColumn, DeskAdmin[TenantDomain]):
    """Claims and proven hosts."""

    list_display = ("host", "is_primary", "proven", "checked_at", "failure")
    list_select_related = ("tenant",)
    search_fields = ("host",)
    ordering = ("-id",)
    fields = ("host", "proven", "record_shown", "proof_shown", "checked_at", "failure")
    readonly_fields = fields
    delete_roles = ("owner", "manager")
    actions_detail = ("prove",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # The host on which somebody works is not taken away under them.
        return super().has_delete_permission(request, obj) and (obj is None or not obj.is_primary)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ClaimForm(request.POST or None)
        if form.is_valid():
            try:
                with transaction.atomic():
                    row = domains.claim(tenant=actor_of(request).tenant, host=form.cleaned_data["host"])
                    self.record(request, "claim", row, after=facts(row))
            except tenants.HostTaken as error:
                form.add_error("host", str(error))
            else:
                return self._told(request, row)
        return pages.ask(request, self, title=_("Add a domain"), submit=_("Add a domain"), form=form)

    def _told(self, request: HttpRequest, row: TenantDomain) -> HttpResponse:
        boxes = [pages.Box(_("Name"), domains.record_name(row)), pages.Box(_("Text"), row.proof)]
        back = pages.object_url(self.admin_site.name, row)
        text = _("Write this TXT record into the domain's DNS, then press “Prove it”.")
        return pages.result(request, self, title=row.host, boxes=boxes, explanation=text, back=back)

    @pages.act(description=gettext_lazy("Prove it"), icon="verified")
    def prove(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Look the record up."""
        row = self.subject(request, object_id)
        before = facts(row)
        if domains.prove(domain=row):
            self.record_change(request, "prove", row, before=before)
            self.message_user(request, _("Proven. The shop answers on this host now."))
        else:
            self.message_user(request, _("Not proven yet: %s") % row.failure, messages.WARNING)
        return redirect(pages.object_url(self.admin_site.name, row))

    def delete_model(self, request: HttpRequest, obj: TenantDomain) -> None:
        super().delete_model(request, obj)
        tenants.announce()

    @admin.display(description=gettext_lazy("proven"), ordering="proven_at")
    def proven(self, row: TenantDomain) -> SafeString:
        return flag(row.proven_at is not None)

    @admin.display(description=gettext_lazy("name of the TXT record"))
    def record_shown(self, row: TenantDomain) -> SafeString:
        return mono(domains.record_name(row))

    @admin.display(description=gettext_lazy("proof"))
    def proof_shown(self, row: TenantDomain) -> SafeString:
        return mono(row.proof or "—")
