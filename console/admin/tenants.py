"""Tenants and their hosts: the platform opens and suspends them, a reseller edits the own shop's brand."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminColorInputWidget

from accounts import tenants
from accounts.admin_scope import TenantTabularInline
from accounts.models import Tenant, TenantDomain
from accounts.tasks import TELL_MEMBERS
from console.admin import pages, purchases
from console.admin.base import DeskAdmin, ReadOnly, facts
from console.admin.figures import label
from console.admin.texts import TextsAdmin
from foundation import outbox

STATE_LABELS = {"open": "success", "suspended": "warning", "closed": "danger"}
BRAND = ("name", "colour", "logo_url", "announcement", "footer", "contact", "faq", "reply_to")
MANNERS = ("sign_up", "sign_up_domains", "captcha", "language", "languages", "zone", "currency", "quota_unit", "facade", "address_days")


class TenantForm(ModelForm[Tenant]):
    """Reads the brand colour as #rrggbb."""

    def clean_colour(self) -> str:
        colour: str = self.cleaned_data["colour"]
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
            raise ValidationError(_("Write the colour as #rrggbb."))
        return colour.lower()


def clean_host(typed: str) -> str:
    """Return a host name as requests carry it; raise ValidationError."""
    host = typed.strip().lower().rstrip(".")
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", host):
        raise ValidationError(_("Write the host name alone, such as shop.example.com."))
    return host


class DomainForm(ModelForm[TenantDomain]):
    """Keeps host names as requests carry them: lower case, no port, no path."""

    def clean_host(self) -> str:
        return clean_host(self.cleaned_data["host"])


class DomainInline(TenantTabularInline[TenantDomain, Tenant]):
    model = TenantDomain
    form = DomainForm
    fields = ("host", "is_primary", "proven_at")


class DomainLookInline(ReadOnly, DomainInline):
    """The reseller's own hosts, to be looked at: a new one is proven by the platform first."""

    readonly_fields = ("host", "is_primary", "proven_at")
    can_delete = False


class TenantAdmin(TextsAdmin, DeskAdmin[Tenant]):
    """All tenants, for the platform."""

    form = TenantForm
    list_display: tuple[str, ...] = ("name", "slug", "state_label", "parent", "hosts", "created_at")
    list_filter: tuple[str, ...] = ("state",)
    list_select_related = ("parent",)
    search_fields = ("name", "slug", "domains__host")
    ordering = ("id",)
    actions_detail: tuple[str, ...] = ("suspend", "close", "reopen")
    inlines = (DomainInline,)
    fieldsets: tuple[Any, ...] = (
        (None, {"fields": ("slug", "parent", "state_label", "may_bring_channels", "payouts_stopped")}),
        (gettext_lazy("Brand"), {"fields": BRAND}),
        (gettext_lazy("Manners"), {"fields": MANNERS}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        return super().get_queryset(request).prefetch_related("domains")

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        # Prices, escrow and the ledger hang on the chain of sellers: it is set once.
        return ("slug", "parent", "state_label") if obj else ("state_label",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "colour":
            kwargs["widget"] = UnfoldAdminColorInputWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.parent = obj.parent if change else obj.parent or tenants.root()
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @pages.act(description=gettext_lazy("Suspend"), icon="pause")
    def suspend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Stop keys and selling until it is opened again."""
        text = _("Keys are refused with a clear error and nothing is sold until you open it again. Its customers get a mail.")
        return self._turn(request, object_id, "suspend", _("Suspend %s"), text)

    @pages.act(description=gettext_lazy("Close"), icon="block")
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End selling and sign-up; wallets are honoured."""
        text = _("Nothing is sold any more and nobody signs up. Keys work on until the wallets are empty. Its customers get a mail.")
        return self._turn(request, object_id, "close", _("Close %s"), text)

    @pages.act(description=gettext_lazy("Open again"), icon="play_arrow")
    def reopen(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open a suspended or closed shop again."""
        return self._turn(request, object_id, "reopen", _("Open %s again"), _("Keys and selling go on. Its customers get a mail."))

    def _turn(self, request: HttpRequest, object_id: str, verb: str, title: str, text: str) -> HttpResponse:
        tenant = self.subject(request, object_id)
        back = pages.object_url(self.admin_site.name, tenant)
        if request.method != "POST" or tenant.is_root:
            asked = title % tenant.name
            text = _("The platform itself stays open.") if tenant.is_root else text
            return pages.ask(request, self, title=asked, submit=asked, explanation=text, back=back, is_danger=verb != "reopen")
        with transaction.atomic():
            before = facts(tenant)
            {"suspend": tenants.suspend, "close": tenants.close, "reopen": tenants.reopen}[verb](tenant=tenant)
            self.record_change(request, verb, tenant, before=before)
            outbox.put(topic=TELL_MEMBERS, payload={"tenant": tenant.pk})
        return redirect(back)

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
    fieldsets = ((None, {"fields": ("slug", "state_label")}), *TenantAdmin.fieldsets[1:])
    actions_detail = ("buy_quota",)

    @pages.act(description=gettext_lazy("Buy quota"), icon="add_shopping_cart")
    def buy_quota(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Buy stock of the seller above."""
        return purchases.run(self, request, self.subject(request, object_id))

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        return ("slug", "state_label", "currency")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
