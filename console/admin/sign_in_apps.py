"""Sign-in services of a shop in the back office: the secret is typed and never shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import social
from accounts.admin_scope import actor_of
from accounts.models import SignInApp, Tenant
from console.admin import pages
from console.admin.base import DeskAdmin
from console.admin.fields import SecretField
from console.admin.figures import mono
from foundation import outbound

LABELS = {
    "github": "GitHub",
    "google": "Google",
    "openid_connect": "OpenID Connect",
    "feishu": "Feishu 飞书",
    "dingtalk": "DingTalk 钉钉",
    "weixin": "WeChat 微信",
    "telegram": "Telegram",
}


class SignInAppForm(ModelForm[SignInApp]):
    """What the service calls the app, and its secret."""

    tenant_of_actor: Tenant

    provider = forms.ChoiceField(label=gettext_lazy("Service"), choices=[(name, LABELS[name]) for name in social.SERVICES])
    client_secret = SecretField(label=gettext_lazy("Secret"), required=False, help_text=gettext_lazy("Telegram: the bot's token."))
    server_url = forms.URLField(
        label=gettext_lazy("Address of the OpenID provider"), required=False, assume_scheme="https", widget=UnfoldAdminTextInputWidget
    )

    class Meta:
        model = SignInApp
        fields = ("provider", "name", "client_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            pages.dress(field.widget)
        self.initial.setdefault("server_url", (self.instance.settings or {}).get("server_url", ""))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not values.get("client_secret") and not (self.instance.settings or {}).get("sealed"):
            self.add_error("client_secret", _("This service needs one."))
        if values.get("provider") == "openid_connect":
            self._check(values.get("server_url") or "")
        twins = SignInApp.objects.filter(settings__tenant=self._tenant_id(), provider=values.get("provider")).exclude(pk=self.instance.pk)
        if values.get("provider") != "openid_connect" and twins.exists():
            self.add_error("provider", _("There is an app for this service already."))
        return values

    def save(self, commit: bool = True) -> SignInApp:
        values, kept = self.cleaned_data, dict(self.instance.settings or {})
        kept["tenant"] = self._tenant_id()
        if values.get("client_secret"):
            kept["sealed"] = social.seal(values["client_secret"])
        if values["provider"] == "openid_connect":
            kept["server_url"] = values["server_url"]
            self.instance.provider_id = self.instance.provider_id or f"oidc-{kept['tenant']}-{values['client_id'][:40]}"
        self.instance.settings, self.instance.secret = kept, ""
        row: SignInApp = super().save(commit)
        return row

    def _tenant_id(self) -> int:
        return int((self.instance.settings or {}).get("tenant", self.tenant_of_actor.pk))

    def _check(self, url: str) -> None:
        try:
            outbound.check_address(url, allow_private=False)
        except outbound.OutboundError as error:
            self.add_error("server_url", str(error))


class SignInAppAdmin(DeskAdmin[SignInApp]):
    """One app a service; several OpenID providers."""

    form = SignInAppForm
    list_display = ("name", "service", "client_id")
    ordering = ("id",)
    fields = ("provider", "name", "client_id", "client_secret", "server_url", "callback")
    readonly_fields = ("callback",)
    delete_roles = ("owner", "manager")
    SECRET = ("sealed",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # The form writes what allauth's row cannot: it is used as it stands.
        return type("SignInAppForm", (SignInAppForm,), {"tenant_of_actor": actor_of(request).tenant})

    def get_fields(self, request: HttpRequest, obj: SignInApp | None = None) -> Any:
        return self.fields if obj else self.fields[:-1]

    def facts(self, obj: Any) -> dict[str, Any]:
        found = super().facts(obj)
        kept = {name: value for name, value in (found.get("settings") or {}).items() if name != "sealed"}
        return found | {"settings": kept}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = self.facts(SignInApp.objects.get(pk=obj.pk)) if change else {}
        obj.save()
        if change:
            self.record_change(request, "change", obj, before=before)
        else:
            self.record(request, "add", obj, after=self.facts(obj))

    @admin.display(description=gettext_lazy("service"), ordering="provider")
    def service(self, row: SignInApp) -> str:
        return LABELS.get(row.provider, str(row.provider))

    @admin.display(description=gettext_lazy("callback address"))
    def callback(self, row: SignInApp) -> SafeString:
        """Show what to enter at the service, on the shop's own host."""
        path = f"oidc/{row.provider_id}" if row.provider == "openid_connect" else row.provider
        return mono(f"https://<host>/accounts/{path}/login/callback/")
