"""Promotions: which customer group is reached by which spending, and who falls back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin_scope import actor_of
from accounts.models import Tenant
from billing import money
from billing.models import PromotionRule
from console.admin.base import DeskAdmin, TenantColumn
from console.admin.fields import UsdField
from console.admin.figures import number


class PromotionForm(ModelForm[PromotionRule]):
    """Reads the amounts: what is paid in the shop's currency, what is used in US dollars."""

    paid = forms.CharField(
        label=gettext_lazy("Paid at least"),
        max_length=14,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text=gettext_lazy("In the shop's currency, such as 39.00: paid orders without what was refunded or is disputed."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule = self.instance
        if rule.pk and rule.paid_minor is not None:
            self.initial["paid"] = money.plain_minor(rule.paid_minor, currency=rule.tenant.currency)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        tenant: Tenant | None = values.get("tenant")
        text = values.get("paid", "").strip()
        self.instance.paid_minor = None
        if text and tenant is not None:
            try:
                self.instance.paid_minor = money.parse_minor(text, currency=tenant.currency)
            except money.BadAmount as error:
                self.add_error("paid", str(error))
        return values


class PromotionRuleAdmin(TenantColumn, DeskAdmin[PromotionRule]):
    """The ladder of groups, the best first; a task climbs it every hour."""

    form = PromotionForm
    list_display = ("group", "rank", "amount_shown", "days_shown", "falls_back")
    list_select_related = ("tenant",)
    search_fields = ("group",)
    ordering = ("tenant", "-rank")
    fields = ("tenant", "group", "rank", "paid", "used_micros", "days", "falls_back")
    delete_roles = ("owner", "manager")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "used_micros":
            return UsdField(
                label=gettext_lazy("Used at least"), required=False, help_text=gettext_lazy("In US dollars: what calls cost the customer.")
            )
        if db_field.name == "tenant":
            kwargs["initial"] = actor_of(request).tenant.pk
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write the amount that the form read from a field of its own."""
        form.changed_data = [*form.changed_data, "paid_minor"]
        super().save_model(request, obj, form, change)

    @admin.display(description=gettext_lazy("threshold"))
    def amount_shown(self, rule: PromotionRule) -> SafeString:
        if rule.paid_minor is not None:
            return number(_("%s paid") % money.format_minor(rule.paid_minor, currency=rule.tenant.currency))
        return number(_("%s used") % money.format_usd(rule.used_micros or 0))

    @admin.display(description=gettext_lazy("in the last days"), ordering="days")
    def days_shown(self, rule: PromotionRule) -> str:
        return _("ever") if rule.days is None else ngettext("%d day", "%d days", rule.days) % rule.days
