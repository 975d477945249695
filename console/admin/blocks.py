"""Buyers of whom a shop takes no orders: typed in one field, taken off again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import actor_of
from accounts.models import Tenant
from billing import blocks
from billing.models.blocks import BuyerBlock
from console.admin import pages, tenant_choice
from console.admin.base import DeskAdmin, TenantColumn


class BlockForm(pages.DeskForm):
    """Who, and why."""

    who = forms.CharField(
        label=gettext_lazy("Who"),
        max_length=254,
        help_text=gettext_lazy("An e-mail address, a domain such as @mail.example, a network such as 203.0.113.0/24, or another contact."),
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=200)
    tenant = forms.ModelChoiceField(queryset=Tenant.objects.none(), label=gettext_lazy("Tenant"), empty_label=None)

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant_choice.offer(self, request)

    def clean_who(self) -> str:
        """Refuse what names nobody, or everybody."""
        try:
            blocks.read(self.cleaned_data["who"])
        except blocks.BadBlock as error:
            raise forms.ValidationError(str(error)) from None
        return str(self.cleaned_data["who"])


class BuyerBlockAdmin(TenantColumn, DeskAdmin[BuyerBlock]):
    """Blocked buyers, the newest first; a block is made or taken off, never edited."""

    list_display = ("value", "kind", "note", "actor", "created_at")
    list_filter = ("kind",)
    list_select_related = ("tenant", "actor")
    search_fields = ("value", "note")
    ordering = ("-id",)
    fields = ("value", "kind", "note", "actor", "created_at")
    readonly_fields = fields
    delete_roles = ("owner", "manager")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form, actor = BlockForm(request.POST or None, request=request), actor_of(request)
        if form.is_valid():
            values = form.cleaned_data
            made = blocks.add(tenant=values.get("tenant") or actor.tenant, text=values["who"], note=values["note"], actor=actor.user)
            self.record(request, "add", made, after=self.facts(made))
            messages.success(request, _("No more orders are taken of %s.") % made)
            return redirect(pages.list_url(self))
        text = _("They cannot order or pay any more, here and in sub-shops; what they bought they keep. They are not told why.")
        return pages.ask(request, self, title=_("Block a buyer"), submit=_("Block"), form=form, explanation=text)
