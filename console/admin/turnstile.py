"""A shop's human check by Cloudflare: its secret is typed and never shown again, a button asks whether Cloudflare knows it."""

from __future__ import annotations

from typing import Any

from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import turnstile
from accounts.admin_scope import actor_of
from accounts.models import Turnstile
from console.admin import pages
from console.admin.base import DeskAdmin, TenantColumn
from console.admin.fields import SecretField


class TurnstileForm(ModelForm[Turnstile]):
    """The keys of a widget at Cloudflare."""

    secret = SecretField(label=gettext_lazy("Secret"), required=False, help_text=gettext_lazy("Empty keeps the one that is stored."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pages.dress(self.fields["secret"].widget)

    def clean_secret(self) -> str:
        secret: str = (self.cleaned_data["secret"] or "").strip()
        if not secret and not self.instance.sealed:
            self.add_error("secret", _("This service needs one."))
        return secret

    def save(self, commit: bool = True) -> Turnstile:
        if self.cleaned_data["secret"]:
            self.instance.sealed = turnstile.seal(self.cleaned_data["secret"])
        row: Turnstile = super().save(commit)
        return row


class TurnstileAdmin(TenantColumn, DeskAdmin[Turnstile]):
    """Where a tenant has Cloudflare ask; owners and managers change it."""

    form = TurnstileForm
    list_display = ("site_key", "mode", "is_active", "failure")
    list_select_related = ("tenant",)
    ordering = ("id",)
    readonly_fields = ("failure", "failed_at")
    delete_roles = ("owner", "manager")
    actions_detail = ("try_out",)

    def get_fields(self, request: HttpRequest, obj: Turnstile | None = None) -> Any:
        whose = ("tenant",) if actor_of(request).is_platform else ()
        seen = ("failure", "failed_at") if obj else ()
        return (*whose, "site_key", "secret", "mode", "is_active", *seen)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A shop has one."""
        actor = actor_of(request)
        is_there = not actor.is_platform and Turnstile.objects.filter(tenant=actor.tenant).exists()
        return not is_there and super().has_add_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and form.cleaned_data.get("secret"):
            obj.save(update_fields=["sealed"])

    @pages.act(description=gettext_lazy("Test the secret"), icon="verified_user")
    def try_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask Cloudflare about an answer that is none: it says whether it knows the secret."""
        row = self.subject(request, object_id)
        if problem := try_secret(row):
            self.message_user(request, _("Cloudflare gave no verdict: %s") % problem, level="error")
        else:
            self.message_user(request, _("Cloudflare knows this secret."))
        return redirect(pages.object_url(self.admin_site.name, row))


def try_secret(row: Turnstile) -> str:
    """Return why Cloudflare gave no verdict about an answer that is none; empty when it knows the secret, which is then used again."""
    try:
        turnstile.ask(row, token="none")  # noqa: S106  # no secret: an answer that no widget gave
    except turnstile.Unusable as error:
        return str(error)
    turnstile.mend(row)
    return ""
