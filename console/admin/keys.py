"""Sub-keys in the back office: issue one (its secret is shown once), change its limits, revoke it, see what it spent."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import keys, model_aliases
from accounts.models import ApiKey
from billing import limits, money
from console.admin import key_bulk, pages, spending
from console.admin.base import DeskAdmin, IdFilter, TenantColumn, facts
from console.admin.exports import Exported
from console.admin.fields import UsdField
from console.admin.figures import label, lines, moment, mono, number, usd
from console.admin.searching import IndexedSearch

STATE_LABELS = {"active": "success", "disabled": "warning", "revoked": "danger"}
# The form's fields and the scopes of the limits behind them.
ALLOWANCES = key_bulk.ALLOWANCES
LIMITS = (*ALLOWANCES, "expires_at", "models_allowed", "model_aliases", "networks_allowed", "rpm", "tpm", "concurrency", "tags")


class ApiKeyForm(ModelForm[ApiKey]):
    """Reads the networks as CIDR and the allowances as dollars."""

    total_micros = UsdField(label=gettext_lazy("Allowance in US dollars"), required=False)
    five_hours_micros = UsdField(label=gettext_lazy("US dollars in 5 hours"), required=False)
    day_micros = UsdField(label=gettext_lazy("US dollars a day"), required=False)
    week_micros = UsdField(label=gettext_lazy("US dollars a week"), required=False)
    month_micros = UsdField(label=gettext_lazy("US dollars a month"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial.update(key_bulk.allowances(limits.state(self.instance.pk)))

    def allowances(self) -> dict[str, int | None]:
        """Return the allowances as the limits' own verb takes them."""
        return {name: self.cleaned_data[name] for name in ALLOWANCES}

    def clean_networks_allowed(self) -> list[str]:
        try:
            return keys.clean_networks(self.cleaned_data["networks_allowed"])
        except ValueError:
            raise ValidationError(_("Write networks as CIDR, such as 203.0.113.0/24.")) from None

    def clean_model_aliases(self) -> list[str]:
        try:
            return model_aliases.clean(self.cleaned_data["model_aliases"], allowed=self.cleaned_data.get("models_allowed") or ())
        except ValueError:
            raise ValidationError(_("Write name=model, with a model that this key may call.")) from None


class HolderFilter(IdFilter):
    """The keys of one customer, named in the address."""

    title = gettext_lazy("owner")
    parameter_name = "holder"
    paths = ("membership_id",)


class ApiKeyAdmin(Exported, TenantColumn, IndexedSearch, DeskAdmin[ApiKey]):
    """The list shows prefix and last four; the secret exists on the page that answers the issue form, nowhere else."""

    form = ApiKeyForm
    list_display = ("name", "shown", "holder", "state_label", "expires_at", "last_used", "spent")
    list_filter = ("state", HolderFilter)
    list_select_related = ("membership__user", "membership__tenant", "tenant")
    search_fields = ("name", "prefix", "membership__user__email", "tags")
    indexed_search = (("sk-", "prefix"), ("@", "membership__user__email"))
    searched_words = ((ApiKey, "pk"),)
    export_columns = (
        ("id", "pk"),
        ("owner", "membership_id"),
        ("email", "membership__user__email"),
        ("name", "name"),
        ("prefix", "prefix"),
        ("last4", "last4"),
        ("state", "state"),
        ("made", "created_at"),
        ("expires", "expires_at"),
        ("revoked", "revoked_at"),
        ("models", "models_allowed"),
        ("other names", "model_aliases"),
        ("networks", "networks_allowed"),
        ("rpm", "rpm"),
        ("tpm", "tpm"),
        ("concurrency", "concurrency"),
        ("tags", "tags"),
    )
    autocomplete_fields = ("membership",)
    ordering = ("-id",)
    actions = ("change_limits", "pause", "unpause", "revoke")
    actions_list = ("issue_many", "export")
    actions_detail = ("rotate",)

    def get_fieldsets(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        bounds = (gettext_lazy("Limits"), {"fields": LIMITS, "description": _("Leave empty for no limit.")})
        if obj is None:
            return ((None, {"fields": ("membership", "name")}), bounds)
        seen = ("shown", "membership", "state_label", "created_at", "revoked_at")
        usage = (gettext_lazy("Usage"), {"fields": ("last_used", "spent", "calls", "used_of_limits")})
        return ((None, {"fields": ("name", *seen)}), usage, bounds)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return ("shown", "membership", "state_label", "created_at", "revoked_at", "last_used", "spent", "calls", "used_of_limits")

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
            self._change_allowances(request, obj, form)
            return
        issued = keys.issue(
            membership=obj.membership,
            name=obj.name,
            expires_at=obj.expires_at,
            models=tuple(obj.models_allowed),
            aliases=tuple(obj.model_aliases),
            networks=tuple(obj.networks_allowed),
            rpm=obj.rpm,
            tpm=obj.tpm,
            concurrency=obj.concurrency,
            tags=tuple(obj.tags),
        )
        obj.pk = issued.key.pk
        obj.refresh_from_db()
        obj.secret_once = issued.secret  # lives until the answer to this request
        allowances = {name: amount for name, amount in form.allowances().items() if amount is not None}
        if allowances:
            limits.set_allowance(api_key_id=obj.pk, **allowances)
        self.record(request, "issue", obj, after=facts(obj) | allowances)

    def _change_allowances(self, request: HttpRequest, obj: ApiKey, form: ApiKeyForm) -> None:
        before, after = key_bulk.allowances(limits.state(obj.pk)), form.allowances()
        names = [name for name in ALLOWANCES if after[name] != before[name]]
        if names:
            limits.set_allowance(api_key_id=obj.pk, **after)
            self.record(request, "limit", obj, before={n: before[n] for n in names}, after={n: after[n] for n in names})

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

    @pages.list_act(description=gettext_lazy("Issue many"), icon="playlist_add")
    def issue_many(self, request: HttpRequest) -> HttpResponse:
        """Issue many keys at once; their secrets are in the downloaded file and nowhere else."""
        return key_bulk.issue(self, request)

    @pages.act(description=gettext_lazy("New secret"), icon="autorenew")
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the key a new secret; the old one may work on for a while."""
        return key_bulk.rotate(self, request, self.subject(request, object_id))

    @admin.action(description=gettext_lazy("Change limits"), permissions=["change"])
    def change_limits(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse | None:
        return key_bulk.change_limits(self, request, queryset)

    @admin.action(description=gettext_lazy("Pause"), permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        key_bulk.pause(self, request, queryset, is_paused=True)

    @admin.action(description=gettext_lazy("Go on"), permissions=["change"])
    def unpause(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        key_bulk.pause(self, request, queryset, is_paused=False)

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

    @admin.display(description=gettext_lazy("owner"), ordering="membership")
    def holder(self, key: ApiKey) -> str:
        return str(key.membership.user)

    @admin.display(description=gettext_lazy("key"), ordering="prefix")
    def shown(self, key: ApiKey) -> str:
        return mono(f"{key.prefix}…{key.last4}")

    @label(description=gettext_lazy("state"), ordering="state", colours=STATE_LABELS)
    def state_label(self, key: ApiKey) -> tuple[str, str]:
        return key.state, key.get_state_display()

    @admin.display(description=gettext_lazy("last use"))
    def last_used(self, key: ApiKey) -> SafeString:
        return moment(spending.of(key).last_used)

    @admin.display(description=gettext_lazy("spent, 30 days"))
    def spent(self, key: ApiKey) -> str:
        return usd(spending.of(key).price_micros)

    @admin.display(description=gettext_lazy("calls, 30 days"))
    def calls(self, key: ApiKey) -> str:
        return number(spending.of(key).calls)

    @admin.display(description=gettext_lazy("used of the limits"))
    def used_of_limits(self, key: ApiKey) -> str:
        return lines(_used_text(one) for one in limits.state(key.pk).windows)


def _used_text(window: limits.Window) -> str:
    spans = {"key": _("in all"), "5h": _("in 5 hours"), "day": _("today"), "week": _("this week"), "month": _("this month")}
    amounts = {"used": money.format_usd(window.spent_micros), "limit": money.format_usd(window.limit_micros)}
    return f"{_('%(used)s of %(limit)s') % amounts} {spans[window.scope]}"


def curl(request: HttpRequest, secret: str) -> str:
    """Return a line that lists the models this key may use, on the host of this back office."""
    return f'curl {request.build_absolute_uri(f"{get_script_prefix()}v1/models")} -H "Authorization: Bearer {secret}"'
