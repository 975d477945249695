"""Tenants and their hosts: the platform opens and suspends them, a reseller edits the own shop's brand."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminColorInputWidget

from accounts import tenants
from accounts.admin_scope import TenantTabularInline
from accounts.models import Tenant, TenantDomain
from console.admin.base import DeskAdmin, ReadOnly
from console.admin.figures import label

STATE_LABELS = {"open": "success", "suspended": "warning", "closed": "danger"}
BRAND = ("name", "colour", "logo_url", "announcement", "footer", "contact", "reply_to")
MANNERS = ("sign_up", "sign_up_domains", "language", "languages", "zone", "currency")


class TenantForm(ModelForm[Tenant]):
    """Reads the brand colour as #rrggbb."""

    def clean_colour(self) -> str:
        colour: str = self.cleaned_data["colour"]
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
            raise ValidationError(_("Write the colour as #rrggbb."))
        return colour.lower()


class DomainForm(ModelForm[TenantDomain]):
    """Keeps host names as requests carry them: lower case, no port, no path."""

    def clean_host(self) -> str:
        host: str = self.cleaned_data["host"].strip().lower().rstrip(".")
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", host):
            raise ValidationError(_("Write the host name alone, such as shop.example.com."))
        return host


class DomainInline(TenantTabularInline[TenantDomain, Tenant]):
    model = TenantDomain
    form = DomainForm
    fields = ("host", "is_primary", "proven_at")


class DomainLookInline(ReadOnly, DomainInline):
    """The reseller's own hosts, to be looked at: a new one is proven by the platform first."""

    readonly_fields = ("host", "is_primary", "proven_at")
    can_delete = False


class TenantAdmin(DeskAdmin[Tenant]):
    """All tenants, for the platform."""

    form = TenantForm
    list_display: tuple[str, ...] = ("name", "slug", "state_label", "parent", "hosts", "created_at")
    list_filter: tuple[str, ...] = ("state",)
    list_select_related = ("parent",)
    search_fields = ("name", "slug", "domains__host")
    ordering = ("id",)
    inlines = (DomainInline,)
    fieldsets: tuple[Any, ...] = (
        (None, {"fields": ("slug", "parent", "state", "may_bring_channels")}),
        (gettext_lazy("Brand"), {"fields": BRAND}),
        (gettext_lazy("Manners"), {"fields": MANNERS}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        return super().get_queryset(request).prefetch_related("domains")

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        # Prices, escrow and the ledger hang on the chain of sellers: it is set once.
        return ("slug", "parent") if obj else ()

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "colour":
            kwargs["widget"] = UnfoldAdminColorInputWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.parent = obj.parent if change else obj.parent or tenants.root()
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @label(description=gettext_lazy("state"), ordering="state", colours=STATE_LABELS)
    def state_label(self, tenant: Tenant) -> tuple[str, str]:
        return tenant.state, tenant.get_state_display()

    @admin.display(description=gettext_lazy("hosts"))
    def hosts(self, tenant: Tenant) -> str:
        return ", ".join(domain.host for domain in tenant.domains.all()) or "—"


class ShopAdmin(TenantAdmin):
    """The reseller's own shop: brand and manners can be changed."""

    list_display = ("name", "slug", "state_label", "hosts")
    list_filter = ()
    inlines = (DomainLookInline,)
    fieldsets = ((None, {"fields": ("slug", "state")}), *TenantAdmin.fieldsets[1:])

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        return ("slug", "state", "currency")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
