"""Limits for many at once: what each sub-key, each customer or a whole shop may do, by customer group and model."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import actor_of
from accounts.models import Tenant
from billing import money
from billing.models import LimitRule
from console.admin.base import DeskAdmin
from console.admin.fields import UsdField
from console.admin.figures import lines

RATES = ("rpm", "tpm", "concurrency")


class LimitRuleForm(ModelForm[LimitRule]):
    """Looks for the same subject also when its tenant is not asked for."""

    tenant_of_actor: ClassVar[Tenant]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "tenant" not in self.fields and self._twins(values).exists():
            raise ValidationError(_("There is a limit for this already."))
        return values

    def _twins(self, values: dict[str, Any]) -> QuerySet[LimitRule]:
        subject = {name: values.get(name) for name in ("scope", "group", "models_matched")}
        return LimitRule.objects.filter(tenant=self.tenant_of_actor, shop=None, **subject).exclude(pk=self.instance.pk)


class LimitRuleAdmin(DeskAdmin[LimitRule]):
    """A shop's staff see and set their own shop's limits; those that the platform sets for the shop are not theirs."""

    form = LimitRuleForm
    list_display = ("scope", "group_shown", "models_shown", "rpm", "tpm", "concurrency", "spending_shown")
    list_filter = ("scope",)
    list_select_related = ("tenant", "shop")
    search_fields = ("group", "models_matched")
    ordering = ("scope", "group", "models_matched")
    delete_roles = ("owner", "manager")

    def get_fieldsets(self, request: HttpRequest, obj: LimitRule | None = None) -> Any:
        whose = ("tenant", "shop") if actor_of(request).is_platform else ()
        spending = {"fields": LimitRule.SPENDING, "description": _("US dollars, for each customer over all their keys.")}
        return (
            (None, {"fields": (*whose, "scope", "group", "models_matched")}),
            (gettext_lazy("Rates"), {"fields": RATES, "description": _("Leave empty for no limit.")}),
            (gettext_lazy("Spending"), spending),
        )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.tenant_of_actor = actor_of(request).tenant
        return form

    def get_list_display(self, request: HttpRequest) -> list[str]:
        columns = list(self.list_display)
        return [columns[0], "tenant", "shop", *columns[1:]] if actor_of(request).is_platform else columns

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in LimitRule.SPENDING:
            return UsdField(label=db_field.verbose_name, required=False)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("customer group"), ordering="group")
    def group_shown(self, rule: LimitRule) -> str:
        return rule.group or _("every group")

    @admin.display(description=gettext_lazy("models"), ordering="models_matched")
    def models_shown(self, rule: LimitRule) -> str:
        return rule.models_matched or _("all models")

    @admin.display(description=gettext_lazy("spending"))
    def spending_shown(self, rule: LimitRule) -> SafeString:
        spans = (_("in 5 hours"), _("a day"), _("a week"), _("a month"))
        amounts = [(getattr(rule, name), span) for name, span in zip(LimitRule.SPENDING, spans, strict=True)]
        return lines(f"{money.format_usd(amount)} {span}" for amount, span in amounts if amount is not None)
