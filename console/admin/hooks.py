"""Webhooks and notification targets of a shop: made, tried, looked after; deliveries are sent again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from accounts import notices, webhooks
from accounts.admin_scope import actor_of
from accounts.models import NotificationTarget, WebhookDelivery, WebhookEndpoint
from accounts.models.hooks import EventKind
from console.admin import pages
from console.admin.base import DeskAdmin, IdFilter, ReadOnly, TenantColumn, facts
from console.admin.fields import SecretField
from console.admin.figures import label
from foundation import outbound
from foundation.ids import uuid7

STATE_LABELS = {"waiting": "warning", "delivered": "success", "dead": "danger"}
EVENTS = [choice for choice in EventKind.choices if choice[0] != EventKind.PING]


class EventsField(forms.MultipleChoiceField):
    """Which events to tell."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=gettext_lazy("Events"), choices=EVENTS, widget=UnfoldAdminCheckboxSelectMultipleWidget, **kwargs)


def _checked(url: str) -> str:
    """Refuse an address inside our own network; raise ValidationError."""
    try:
        outbound.check_address(url, allow_private=False)
    except outbound.OutboundError as error:
        raise forms.ValidationError(str(error)) from None
    return url


class NewWebhookForm(pages.DeskForm):
    """Where to send what."""

    url = forms.URLField(label=gettext_lazy("Address"), max_length=500, assume_scheme="https")
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)
    events = EventsField()

    def clean_url(self) -> str:
        return _checked(self.cleaned_data["url"])


class WebhookForm(ModelForm[WebhookEndpoint]):
    """The same for one that exists."""

    url = forms.URLField(label=gettext_lazy("Address"), max_length=500, assume_scheme="https", widget=UnfoldAdminTextInputWidget)
    events = EventsField()

    def clean_url(self) -> str:
        return _checked(self.cleaned_data["url"])


class WebhookEndpointAdmin(TenantColumn, DeskAdmin[WebhookEndpoint]):
    """The secret is on the page that answers the form, nowhere else."""

    form = WebhookForm
    list_display = ("url", "is_active", "note", "created_at")
    list_select_related = ("tenant",)
    search_fields = ("url", "note")
    ordering = ("-id",)
    fields = ("url", "events", "is_active", "note")
    delete_roles = ("owner", "manager")
    actions_detail = ("try_out", "new_secret")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewWebhookForm(request.POST or None)
        if not form.is_valid():
            return pages.ask(request, self, title=_("New webhook"), submit=_("Make it"), form=form)
        with transaction.atomic():
            row, secret = webhooks.add(tenant=actor_of(request).tenant, **form.cleaned_data)
            self.record(request, "add", row, after=facts(row))
        return self._show(request, row, secret)

    @pages.act(description=gettext_lazy("Send a test"), icon="send")
    def try_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send a ping; how it went stands in the deliveries."""
        row = self.subject(request, object_id)
        webhooks.send(endpoint=row, kind=EventKind.PING, data={}, event=uuid7())
        self.message_user(request, _("A test is on its way: see the deliveries."))
        return redirect(pages.object_url(self.admin_site.name, row))

    @pages.act(description=gettext_lazy("New secret"), icon="autorenew")
    def new_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Replace the secret; the next message is signed with the new one."""
        row = self.subject(request, object_id)
        if request.method != "POST":
            back = pages.object_url(self.admin_site.name, row)
            return pages.ask(request, self, title=_("New secret"), submit=_("Make the secret"), back=back, is_danger=True)
        with transaction.atomic():
            secret = webhooks.new_secret(endpoint=row)
            self.record(request, "new_secret", row)
        return self._show(request, row, secret)

    def _show(self, request: HttpRequest, row: WebhookEndpoint, secret: str) -> HttpResponse:
        boxes = [pages.Box(_("Secret"), secret)]
        back = pages.object_url(self.admin_site.name, row)
        return pages.result(request, self, title=str(row), explanation=pages.once(), boxes=boxes, back=back)


class EndpointFilter(IdFilter):
    """The deliveries of one webhook."""

    title = gettext_lazy("webhook")
    parameter_name = "endpoint"
    paths = ("endpoint_id",)


class WebhookDeliveryAdmin(ReadOnly, DeskAdmin[WebhookDelivery]):
    """What was sent, and how it went."""

    list_display = ("created_at", "kind", "endpoint", "state_label", "attempts", "status", "error")
    list_select_related = ("endpoint",)
    list_filter = ("state", "kind", EndpointFilter)
    ordering = ("-id",)
    fields = (
        "id",
        "event",
        "endpoint",
        "kind",
        "data",
        "is_replay",
        "state_label",
        "attempts",
        "status",
        "error",
        "created_at",
        "delivered_at",
    )
    readonly_fields = fields
    actions = ("send_again",)

    @label(description=gettext_lazy("state"), ordering="state", colours=STATE_LABELS)
    def state_label(self, row: WebhookDelivery) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @admin.action(description=gettext_lazy("Send again"), permissions=["act"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        """Send the chosen messages once more."""
        with transaction.atomic():
            found = list(queryset.select_related("endpoint__tenant"))
            for row in found:
                webhooks.replay(delivery=row)
                self.record(request, "replay", row, after={"event": str(row.event)})
        self.message_user(request, _("%d messages are on their way again.") % len(found))


class TargetForm(ModelForm[NotificationTarget]):
    """A credential is typed and never shown again."""

    events = EventsField()
    credential = SecretField(
        label=gettext_lazy("Credential"),
        required=False,
        help_text=gettext_lazy("Telegram: the bot's token. Bark, ServerChan, WeCom: the key."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pages.dress(self.fields["credential"].widget)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        told = {"preset": values.get("preset") or "", "address": values.get("address") or ""}
        for name, text in notices.problems(**told, has_credential=bool(values.get("credential") or self.instance.sealed)).items():
            self.add_error(name, text)
        return values

    def save(self, commit: bool = True) -> NotificationTarget:
        if self.cleaned_data.get("credential"):
            self.instance.sealed = notices.seal(self.cleaned_data["credential"])
        row: NotificationTarget = super().save(commit)
        return row


class NotificationTargetAdmin(TenantColumn, DeskAdmin[NotificationTarget]):
    """Where staff are told."""

    form = TargetForm
    list_display = ("preset", "address", "is_active", "created_at")
    list_select_related = ("tenant",)
    ordering = ("-id",)
    delete_roles = ("owner", "manager")
    actions_detail = ("try_out",)

    def get_fields(self, request: HttpRequest, obj: NotificationTarget | None = None) -> Any:
        whose = ("tenant",) if actor_of(request).is_platform else ()
        return (*whose, "preset", "address", "credential", "events", "is_active")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and form.cleaned_data.get("credential"):
            obj.save(update_fields=["sealed"])

    @pages.act(description=gettext_lazy("Send a test"), icon="send")
    def try_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send a test message."""
        row = self.subject(request, object_id)
        notices.send(target=row, kind=EventKind.PING, data={}, event=uuid7())
        self.message_user(request, _("A test is on its way."))
        return redirect(pages.object_url(self.admin_site.name, row))
