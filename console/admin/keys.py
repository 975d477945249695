"""Sub-keys in the back office: issue one (its secret is shown once), change its limits, revoke it, see what it spent."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import keys
from accounts.admin_scope import actor_of
from accounts.models import ApiKey
from console.admin import pages, spending
from console.admin.base import DeskAdmin, facts
from console.admin.figures import label, mono, number, usd

STATE_LABELS = {"active": "success", "disabled": "warning", "revoked": "danger"}
LIMITS = ("expires_at", "models_allowed", "networks_allowed", "rpm", "tpm", "concurrency")


class ApiKeyForm(ModelForm[ApiKey]):
    """Reads the networks as CIDR."""

    def clean_networks_allowed(self) -> list[str]:
        try:
            return [str(ipaddress.ip_network(network.strip(), strict=False)) for network in self.cleaned_data["networks_allowed"]]
        except ValueError:
            raise ValidationError(_("Write networks as CIDR, such as 203.0.113.0/24.")) from None


class ApiKeyAdmin(DeskAdmin[ApiKey]):
    """The list shows prefix and last four; the secret exists on the page that answers the issue form, nowhere else."""

    form = ApiKeyForm
    list_display = ("name", "shown", "membership", "state_label", "expires_at", "last_used", "spent")
    list_filter = ("state",)
    list_select_related = ("membership__user", "membership__tenant", "tenant")
    search_fields = ("name", "prefix", "membership__user__email")
    autocomplete_fields = ("membership",)
    ordering = ("-id",)
    actions = ("revoke",)

    def get_fieldsets(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        limits = (gettext_lazy("Limits"), {"fields": LIMITS, "description": _("Leave empty for no limit.")})
        if obj is None:
            return ((None, {"fields": ("membership", "name")}), limits)
        seen = ("shown", "membership", "state_label", "created_at", "revoked_at")
        return ((None, {"fields": ("name", *seen)}), (gettext_lazy("Usage"), {"fields": ("last_used", "spent", "calls")}), limits)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return ("shown", "membership", "state_label", "created_at", "revoked_at", "last_used", "spent", "calls")

    def get_list_display(self, request: HttpRequest) -> list[str]:
        columns = list(self.list_display)
        return [columns[0], "tenant", *columns[1:]] if actor_of(request).is_platform else columns

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Read the spending of the page's keys in one query instead of one a row."""
        changelist = super().get_changelist_instance(request)
        spending.attach(list(changelist.result_list))
        return changelist

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ApiKey | None:
        key: ApiKey | None = super().get_object(request, object_id, from_field)
        if key is not None:
            spending.attach([key])
        return key

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Usage rows name the key for as long as they are kept: a key is revoked, not deleted.
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        issued = keys.issue(
            membership=obj.membership,
            name=obj.name,
            expires_at=obj.expires_at,
            models=tuple(obj.models_allowed),
            networks=tuple(obj.networks_allowed),
            rpm=obj.rpm,
            tpm=obj.tpm,
            concurrency=obj.concurrency,
        )
        obj.pk = issued.key.pk
        obj.refresh_from_db()
        obj.secret_once = issued.secret  # lives until the answer to this request
        self.record(request, "issue", obj, after=facts(obj))

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        secret: str = obj.secret_once  # type: ignore[attr-defined]  # set by save_model
        return pages.result(
            request,
            self,
            title=_("Sub-key %s") % obj.name,
            explanation=pages.once(),
            boxes=[pages.Box(_("Secret"), secret), pages.Box(_("Try it"), curl(request, secret))],
            facts=[(_("Owner"), obj.membership), (_("Prefix"), obj.prefix), (_("Expires"), obj.expires_at or _("never"))],
        )

    @admin.action(description=gettext_lazy("Revoke"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        with transaction.atomic():
            chosen = list(queryset.exclude(state=ApiKey.State.REVOKED))
            for key in chosen:
                before = facts(key)
                keys.revoke(key=key)
                key.refresh_from_db()
                self.record_change(request, "revoke", key, before=before)
        count = len(chosen)
        self.message_user(request, ngettext("%d sub-key revoked.", "%d sub-keys revoked.", count) % count)

    @admin.display(description=gettext_lazy("key"), ordering="prefix")
    def shown(self, key: ApiKey) -> str:
        return mono(f"{key.prefix}…{key.last4}")

    @label(description=gettext_lazy("state"), ordering="state", colours=STATE_LABELS)
    def state_label(self, key: ApiKey) -> tuple[str, str]:
        return key.state, key.get_state_display()

    @admin.display(description=gettext_lazy("last use"))
    def last_used(self, key: ApiKey) -> Any:
        return spending.of(key).last_used

    @admin.display(description=gettext_lazy("spent, 30 days"))
    def spent(self, key: ApiKey) -> str:
        return usd(spending.of(key).price_micros)

    @admin.display(description=gettext_lazy("calls, 30 days"))
    def calls(self, key: ApiKey) -> str:
        return number(spending.of(key).calls)


def curl(request: HttpRequest, secret: str) -> str:
    """Return a line that lists the models this key may use, on the host of this back office."""
    return f'curl {request.build_absolute_uri("/v1/models")} -H "Authorization: Bearer {secret}"'
