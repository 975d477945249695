"""A shop's own mail server: its password is typed and never shown again, a button sends a mail to who presses it."""

from __future__ import annotations

from typing import Any

from django.core.mail import EmailMessage
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import mailing
from accounts.admin_scope import actor_of
from accounts.models import MailServer
from console.admin import pages
from console.admin.base import DeskAdmin, TenantColumn
from console.admin.fields import SecretField
from foundation import notify, outbound, smtp


class MailServerForm(ModelForm[MailServer]):
    """Refuses servers inside our own network."""

    password = SecretField(label=gettext_lazy("Password"), required=False, help_text=gettext_lazy("Empty keeps the one that is stored."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pages.dress(self.fields["password"].widget)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("host") and values.get("port"):
            try:
                outbound.address_of(values["host"], values["port"])
            except outbound.OutboundError as error:
                self.add_error("host", str(error))
        if self.instance.sealed and not values.get("password") and {"host", "port", "username"} & set(self.changed_data):
            # Else whoever may change the server could have it sent to one of their own.
            self.add_error("password", _("Type the password again: it is for another server or user now."))
        return values

    def save(self, commit: bool = True) -> MailServer:
        if self.cleaned_data.get("password"):
            self.instance.sealed = mailing.seal(self.cleaned_data["password"])
        row: MailServer = super().save(commit)
        return row


class MailServerAdmin(TenantColumn, DeskAdmin[MailServer]):
    """By what a tenant's mails leave; owners and managers change it."""

    form = MailServerForm
    list_display = ("sender", "host", "is_active", "failure")
    list_select_related = ("tenant",)
    ordering = ("id",)
    readonly_fields = ("failure", "failed_at")
    delete_roles = ("owner", "manager")
    actions_detail = ("try_out",)

    def get_fields(self, request: HttpRequest, obj: MailServer | None = None) -> Any:
        whose = ("tenant",) if actor_of(request).is_platform else ()
        seen = ("failure", "failed_at") if obj else ()
        return (*whose, "sender", "host", "port", "security", "username", "password", "is_active", *seen)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A shop has one."""
        actor = actor_of(request)
        is_there = not actor.is_platform and MailServer.objects.filter(tenant=actor.tenant).exists()
        return not is_there and super().has_add_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and form.cleaned_data.get("password"):
            obj.save(update_fields=["sealed"])

    @pages.act(description=gettext_lazy("Send a test"), icon="send")
    def try_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send a mail to who asks, by this server alone, and say what it answered."""
        row = self.subject(request, object_id)
        address = getattr(request.user, "email", "") or row.sender
        try:
            hand_in_test(row, to=address)
        except smtp.FAILURES as error:
            self.message_user(request, _("The server did not take it: %s") % smtp.reason(error), level="error")
        else:
            self.message_user(request, _("The server took a test for %s.") % address)
        return redirect(pages.object_url(self.admin_site.name, row))


def hand_in_test(row: MailServer, *, to: str) -> None:
    """Send a test by a shop's server alone; what it had failed with is forgotten. Raises one of smtp.FAILURES."""
    mail = EmailMessage(_("A test of %s") % row.tenant.name, _("Mails leave by this server."), notify.sender(row.tenant.name), [to])
    mailing.hand_in(mail, server=row)
    MailServer.objects.filter(pk=row.pk).update(failure="", failed_at=None)
