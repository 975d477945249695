"""A shop's legal pages and which customer accepted which version."""

from __future__ import annotations

from typing import Any

from django.forms import ModelForm, ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import legal
from accounts.admin_scope import actor_of
from accounts.models import Acceptance, LegalPage, Tenant
from console.admin.base import DeskAdmin, ReadOnly, TenantColumn


class LegalPageForm(ModelForm[LegalPage]):
    """Finds a page's twin also when its tenant is not asked for."""

    tenant_of_actor: Tenant

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        twins = LegalPage.objects.filter(tenant=self.tenant_of_actor, kind=values.get("kind"), language=values.get("language") or "")
        if "tenant" not in self.fields and twins.exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("There is a page of this kind in this language already."))
        return values


class LegalPageAdmin(TenantColumn, DeskAdmin[LegalPage]):
    """Terms, privacy, refunds, imprint; a changed text is a new version."""

    form = LegalPageForm
    list_display = ("kind", "language", "version", "changed_at")
    list_select_related = ("tenant",)
    ordering = ("kind", "language")
    readonly_fields = ("version", "changed_at")
    delete_roles = ("owner", "manager")

    def get_fields(self, request: HttpRequest, obj: LegalPage | None = None) -> Any:
        whose = ("tenant",) if actor_of(request).is_platform else ()
        return (*whose, "kind", "language", "text", *(("version", "changed_at") if obj else ()))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"tenant_of_actor": actor_of(request).tenant})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "text" in form.changed_data:
            legal.renew(obj)


class AcceptanceAdmin(ReadOnly, TenantColumn, DeskAdmin[Acceptance]):
    """Who accepted what, when."""

    list_display = ("membership", "kind", "language", "version", "accepted_at")
    list_select_related = ("membership__user", "membership__tenant")
    list_filter = ("kind",)
    search_fields = ("=membership__user__email",)
    ordering = ("-id",)
    fields = ("membership", "kind", "language", "version", "accepted_at")
    readonly_fields = fields

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return list(self.list_display)
