"""People and their memberships: staff change what somebody is at the tenant, never the person's sign-in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import actor_of
from accounts.models import Membership, User
from billing import ledger
from console.admin.base import DeskAdmin, TenantColumn
from console.admin.figures import label, usd

ROLE_LABELS = {"owner": "primary", "manager": "info", "support": "warning"}


class UserAdmin(DeskAdmin[User]):
    """The platform's list of people. E-mail, password and factors stay with the person."""

    list_display = ("email", "name", "is_active", "date_joined")
    list_filter = ("is_active",)
    search_fields = ("email", "name")
    ordering = ("-id",)
    fields = ("email", "name", "language", "is_active", "date_joined", "last_login", "places")
    readonly_fields = ("email", "date_joined", "last_login", "places")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("memberships"))
    def places(self, person: User) -> str:
        rows = person.memberships.select_related("tenant").order_by("id")
        return format_html_join("", "<div>{} · {}</div>", ((row.tenant.name, row.get_role_display()) for row in rows)) or "—"


class MembershipForm(ModelForm[Membership]):
    """Refuses what would lock a tenant out or lift somebody above the one who types it."""

    request: HttpRequest

    def clean_role(self) -> str:
        role: str = self.cleaned_data["role"]
        if role == self.initial.get("role"):
            return role
        actor = actor_of(self.request)
        if not actor.is_platform and actor.role != Membership.Role.OWNER:
            raise ValidationError(_("Only an owner gives or takes roles."))
        if actor.user is None or self.instance.user_id == actor.user.pk:
            raise ValidationError(_("Nobody changes their own role."))
        return role


class MembershipAdmin(TenantColumn, DeskAdmin[Membership]):
    """Customers and staff of a tenant: role, group and note can be changed."""

    form = MembershipForm
    list_display = ("user", "role_label", "group", "joined_at")
    list_filter = ("role",)
    list_select_related = ("user", "tenant")
    search_fields = ("user__email", "user__name", "username", "note")
    ordering = ("-id",)
    fields = ("user", "tenant", "username", "balance", "role", "group", "note", "joined_at")
    readonly_fields = ("user", "tenant", "username", "balance", "joined_at")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"request": request})

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @label(description=gettext_lazy("role"), ordering="role", colours=ROLE_LABELS)
    def role_label(self, membership: Membership) -> tuple[str, str]:
        return membership.role, membership.get_role_display()

    @admin.display(description=gettext_lazy("balance"))
    def balance(self, membership: Membership) -> str:
        found = ledger.balance(membership_id=membership.pk)
        return usd(found.available_micros)
