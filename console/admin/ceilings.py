"""The most that shops may add to their wholesale prices, for the platform: a new limit ends the one before."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import scope
from accounts.admin_scope import actor_of
from accounts.models import Tenant
from billing import price_book
from billing.models.prices import PriceCeiling
from billing.money import MICROS
from console.admin import pages
from console.admin.base import DeskAdmin
from console.admin.figures import number
from console.admin.prices import CurrentFilter


class CeilingForm(pages.DeskForm):
    """Which shop may add how much."""

    tenant = forms.ModelChoiceField(queryset=Tenant.objects.none(), label=gettext_lazy("Tenant"))
    percent = forms.DecimalField(
        label=gettext_lazy("Mark-up in %, at most"),
        required=False,
        min_value=0,
        max_value=9900,
        decimal_places=4,
        help_text=gettext_lazy("100 is twice the wholesale price; empty: any price."),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["tenant"]
        field.queryset = scope.narrow(actor_of(request), Tenant.objects.exclude(parent=None).order_by("pk"))


class PriceCeilingAdmin(DeskAdmin[PriceCeiling]):
    """Limits by shop, the current ones."""

    list_display = ("tenant", "percent", "valid_from", "valid_to")
    list_filter = (CurrentFilter,)
    list_select_related = ("book__tenant",)
    search_fields = ("book__tenant__name", "book__tenant__slug")
    ordering = ("book__tenant__name", "-valid_from")
    fields = list_display
    readonly_fields = fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = CeilingForm(request.POST or None, request=request)
        if form.is_valid():
            percent: Decimal | None = form.cleaned_data["percent"]
            factor = None if percent is None else MICROS + int(percent * MICROS / 100)
            price_book.set_ceiling(tenant=form.cleaned_data["tenant"], factor=factor, actor=actor_of(request).user)
            messages.success(request, _("It counts from now on: prices beyond it are lowered at every call."))
            return redirect(pages.list_url(self))
        explanation = _("No call costs a customer more than this, whatever the shop's prices say. The shop cannot type more.")
        return pages.ask(request, self, title=_("Limit a shop's mark-up"), submit=_("Set limit"), form=form, explanation=explanation)

    @admin.display(description=gettext_lazy("tenant"), ordering="book__tenant__name")
    def tenant(self, row: PriceCeiling) -> str:
        return str(row.book.tenant)

    @admin.display(description=gettext_lazy("mark-up, at most"), ordering="factor")
    def percent(self, row: PriceCeiling) -> SafeString:
        return number(f"+{Decimal(row.factor - MICROS) * 100 / MICROS:f} %")
