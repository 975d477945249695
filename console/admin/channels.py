"""Channels in the back office: add one by its vendor's own fields, test it now, switch it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin_scope import actor_of
from channels_app import channels, registry, rounds
from channels_app.models import Channel, ChannelCheck
from console.admin import channel_acts, channel_bulk, channel_forms, channel_insight, channel_lines, pages
from console.admin.base import DeskAdmin, TenantColumn, facts
from console.admin.fields import UsdField
from console.admin.figures import label, moment, number
from console.admin.guides import Guides

CHECK_LABELS = {"ok": "success", "failed": "danger", "none": "info"}


class ChannelAdmin(Guides, TenantColumn, DeskAdmin[Channel]):
    """A shop sees and edits its own channels; the platform's serve everybody and are seen by the platform."""

    list_display = ("name", "provider", "state_label", "check_label", "latency", "checked_at", "priority", "weight")
    list_filter = ("state",)
    list_select_related = ("check_result", "tenant")
    search_fields = ("name", "base_url", "models__name", "tags")
    ordering = ("-priority", "name")
    actions_list = (*Guides.actions_list, "add_many")
    actions = ("enable", "disable", "check_selected", "change_selected")
    actions_detail = (
        "look",
        "test_now",
        "keys",
        {"title": gettext_lazy("More"), "icon": "more_horiz", "items": ["upstream_models", "ask_balance", "drill", "copy"]},
    )
    actions_row = ("look", "test_now")

    def provider_of(self, request: HttpRequest, obj: Channel | None) -> str:
        """Return the vendor of the form: the channel's, or the one chosen in the address."""
        wanted = obj.provider if obj else request.GET.get("provider", "")
        return wanted if wanted in registry.providers() else ""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A shop brings channels of its own where the platform lets it."""
        actor = actor_of(request)
        return super().has_add_permission(request, obj) and (actor.is_platform or actor.tenant.may_bring_channels)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Ask for the vendor first: its fields make the form."""
        if self.provider_of(request, None) or not self.has_add_permission(request):
            answer: HttpResponse = super().add_view(request, form_url, extra_context)
            return answer
        return self._ask_vendor(request)

    @pages.list_act(description=gettext_lazy("Add many"), icon="playlist_add")
    def add_many(self, request: HttpRequest) -> HttpResponse:
        """Ask for the vendor, then for a line for each channel."""
        provider = self.provider_of(request, None)
        return channel_lines.add(request, self, provider) if provider else self._ask_vendor(request)

    def _ask_vendor(self, request: HttpRequest) -> HttpResponse:
        context = self.admin_site.each_context(request)
        context.update(title=_("Which vendor?"), opts=self.opts, vendors=registry.providers().values())
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "console/admin/vendors.html", context)

    def get_form(self, request: HttpRequest, obj: Channel | None = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = channel_forms.form_for(self.provider_of(request, obj), obj)
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        provider = self.provider_of(request, obj)
        if not provider or not self.has_change_permission(request, obj):
            return ((None, {"fields": ("name", "provider", "base_url", "state", "reason")}),)
        is_platform = actor_of(request).is_platform
        # A key typed here replaces all: pools are kept on a page of their own.
        secret = channel_forms.key_names(provider) if obj is None or obj.keys.count() <= 1 else []
        settings = channel_forms.setting_names(provider)
        owner = ["tenant"] if is_platform and obj is None else []
        private = ["allow_private"] if is_platform else []
        check = ("state_label", "reason", "check_label", "latency", "checked_at", "failure")
        own = [*owner, "name", "base_url", *secret, *channel_forms.option_names(provider), "served"]
        return (
            (None, {"fields": own, "description": self.guide_link(provider)}),
            *([(gettext_lazy("The request upstream"), {"fields": settings, "classes": ("collapse",)})] if settings else []),
            (gettext_lazy("Routing"), {"fields": ["groups", "tags", "priority", "weight", "key_order", "allow_loss", *private]}),
            (
                gettext_lazy("Limits"),
                {"fields": ["rpm", "tpm", "concurrency", "daily_cost_micros", "low_balance"], "classes": ("collapse",)},
            ),
            (
                gettext_lazy("Checks"),
                {"fields": ["is_watched", "check_kind", "check_model", "check_seconds"], "classes": ("collapse",)},
            ),
            *([(gettext_lazy("Last check"), {"fields": check})] if obj else []),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Channel | None = None) -> tuple[str, ...]:
        return ("state_label", "reason", "check_label", "latency", "checked_at", "failure") if obj else ()

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "daily_cost_micros":
            return UsdField(label=db_field.verbose_name, required=False)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "tenant":
            kwargs["initial"] = actor_of(request).tenant.pk
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.provider = form.provider_slug
        before = self.facts(Channel.objects.get(pk=obj.pk)) if change else {}
        obj.options = form.options()
        if not change:
            for name, value in channels.first_state(obj.provider).items():
                setattr(obj, name, value)
        if not change and not actor_of(request).is_platform:
            obj.tenant = actor_of(request).tenant
        obj.save()
        channels.serve(channel=obj, served=form.cleaned_data["served"])
        if form.cleaned_data.get("key") or not change:
            channels.set_key(channel=obj, key=form.cleaned_data.get("key", ""))
        channels.announce()
        rounds.after_change(obj)
        if not change:
            self.record(request, "add", obj, after=self.facts(obj))
        else:
            self.record_change(request, "change", obj, before=before)

    def facts(self, obj: Model) -> dict[str, Any]:
        """Return what the trail may keep: models and masked credentials included."""
        found = facts(obj)
        if isinstance(obj, Channel):
            found["options"] = channel_forms.masked(obj.provider, obj.options)
            found["models"] = sorted(str(model) for model in obj.models.all())
            found["keys"] = [f"{key.masked} #{key.pk}" for key in obj.keys.order_by("pk")]
        return found

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        if obj.state == Channel.State.ENABLED:
            self.message_user(request, _("%s is enabled. Test it now to see whether it answers.") % obj)
        else:
            told = {"channel": obj, "reason": obj.reason}
            self.message_user(request, _("%(channel)s is disabled: %(reason)s Test it now, and enable it if it answers.") % told)
        answer: HttpResponse = super().response_post_save_add(request, obj)
        return answer

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Usage rows name the channel: it is disabled, not deleted.
        return False

    @pages.act(description=gettext_lazy("Test now"), icon="network_check")
    def test_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return channel_acts.test(self, request, self.subject(request, object_id))

    @pages.act(description=gettext_lazy("Look"), icon="monitor_heart")
    def look(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return channel_insight.page(self, request, self.subject(request, object_id))

    @pages.act(description=gettext_lazy("Keys"), icon="key")
    def keys(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return channel_acts.keys(self, request, self.subject(request, object_id))

    @pages.act(description=gettext_lazy("Models upstream"), icon="list_alt")
    def upstream_models(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return channel_acts.models(self, request, self.subject(request, object_id))

    @pages.act(description=gettext_lazy("Ask for the balance"), icon="account_balance_wallet")
    def ask_balance(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return channel_acts.balance(self, request, self.subject(request, object_id))

    @pages.act(description=gettext_lazy("Drill"), icon="local_fire_department")
    def drill(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return channel_acts.drill(self, request, self.subject(request, object_id))

    @pages.act(description=gettext_lazy("Copy"), icon="content_copy")
    def copy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return channel_acts.copy(self, request, self.subject(request, object_id))

    @admin.action(description=gettext_lazy("Check now"), permissions=["change"])
    def check_selected(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        channel_bulk.check(self, request, queryset)

    @admin.action(description=gettext_lazy("Change settings"), permissions=["change"])
    def change_selected(self, request: HttpRequest, queryset: QuerySet[Channel]) -> HttpResponse | None:
        return channel_bulk.change(self, request, queryset)

    @admin.action(description=gettext_lazy("Enable"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        self._switch(request, queryset, "enable")

    @admin.action(description=gettext_lazy("Disable"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        self._switch(request, queryset, "disable")

    def _switch(self, request: HttpRequest, queryset: QuerySet[Channel], verb: str) -> None:
        with transaction.atomic():
            chosen = list(queryset)
            for channel in chosen:
                before = self.facts(channel)
                channels.enable(channel=channel) if verb == "enable" else channels.disable(channel=channel)
                self.record_change(request, verb, channel, before=before)
        self.message_user(request, ngettext("%d channel switched.", "%d channels switched.", len(chosen)) % len(chosen))

    @label(description=gettext_lazy("state"), ordering="state", colours=channel_insight.STATE_LABELS)
    def state_label(self, channel: Channel) -> tuple[str, str]:
        return channel.state, channel.get_state_display()

    @label(description=gettext_lazy("last check"), colours=CHECK_LABELS)
    def check_label(self, channel: Channel) -> tuple[str, str]:
        check = _check(channel)
        return (check.state, check.get_state_display()) if check and check.state else ("none", _("not yet"))

    @admin.display(description=gettext_lazy("latency"), ordering="check_result__latency_ms")
    def latency(self, channel: Channel) -> SafeString:
        check = _check(channel)
        return number(f"{check.latency_ms:,} ms" if check and check.latency_ms is not None else "—")

    @admin.display(description=gettext_lazy("checked"))
    def checked_at(self, channel: Channel) -> SafeString:
        check = _check(channel)
        return moment(check.checked_at if check else None)

    @admin.display(description=gettext_lazy("failure"))
    def failure(self, channel: Channel) -> str:
        check = _check(channel)
        return f"{check.failure}: {check.message}" if check and check.failure else "—"


def _check(channel: Channel) -> ChannelCheck | None:
    return getattr(channel, "check_result", None)
