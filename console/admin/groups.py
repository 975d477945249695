"""What customer groups pay of their seller's prices: a factor a group; a new one ends the one before."""

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

from accounts.admin_scope import actor_of
from accounts.models import Tenant
from billing import price_book
from billing.models.prices import GroupRate
from billing.money import MICROS
from console.admin import pages, tenant_choice
from console.admin.base import DeskAdmin, TenantColumn
from console.admin.figures import number
from console.admin.prices import CurrentFilter


class GroupForm(pages.DeskForm):
    """Which group pays how much."""

    group = forms.CharField(
        label=gettext_lazy("Customer group"),
        max_length=40,
        help_text=gettext_lazy("As it stands on memberships and channels, such as vip."),
    )
    tenant = forms.ModelChoiceField(queryset=Tenant.objects.none(), label=gettext_lazy("Tenant"), empty_label=None)
    factor = forms.DecimalField(
        label=gettext_lazy("Factor"),
        min_value=Decimal("0.000001"),
        max_value=100,
        decimal_places=6,
        help_text=gettext_lazy("0.9 is a tenth less, 1 the plain price. Nobody pays less than the wholesale price."),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant_choice.offer(self, request)


class GroupRateAdmin(TenantColumn, DeskAdmin[GroupRate]):
    """Factors by group, the current ones first."""

    list_display = ("group", "factor_shown", "valid_from", "valid_to")
    list_filter = (CurrentFilter,)
    list_select_related = ("book__tenant",)
    search_fields = ("group",)
    ordering = ("group", "-valid_from")
    fields = ("group", "tenant", "factor_shown", "valid_from", "valid_to")
    readonly_fields = fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = GroupForm(request.POST or None, request=request)
        if form.is_valid():
            values, actor = form.cleaned_data, actor_of(request)
            factor = int(values["factor"] * MICROS)
            try:
                rate = price_book.set_group(
                    group=values["group"].strip(), factor=factor, tenant=values.get("tenant") or actor.tenant, actor=actor.user
                )
            except price_book.BadPrice as error:
                form.add_error(None, str(error))
            else:
                told = {"group": rate.group, "factor": f"{rate.factor / MICROS:g}"}
                messages.success(request, _("The group %(group)s pays %(factor)s of the price from now on.") % told)
                return redirect(pages.list_url(self))
        return pages.ask(request, self, title=_("Set what a group pays"), submit=_("Set factor"), form=form)

    @admin.display(description=gettext_lazy("factor"), ordering="factor")
    def factor_shown(self, rate: GroupRate) -> SafeString:
        return number(f"× {rate.factor / MICROS:g}")

    @admin.display(description=gettext_lazy("tenant"), ordering="book__tenant__name")
    def tenant(self, rate: GroupRate) -> str:
        return str(rate.book.tenant)
