"""Invitations in the back office: made with their link shown once and mailed, listed, withdrawn."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import invitations, tenants
from accounts.admin_scope import actor_of
from accounts.models import Invitation, Membership
from console.admin import pages
from console.admin.base import DeskAdmin, TenantColumn, facts
from console.admin.figures import label
from foundation import notify

STATE_LABELS = {"open": "info", "accepted": "success", "ended": ""}


class InviteForm(pages.DeskForm):
    """Whom to invite, and as what."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        required=False,
        help_text=gettext_lazy("The link is sent there and works for nobody else. Empty: for whoever has it."),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Membership.Role.choices, initial=Membership.Role.CUSTOMER)
    group = forms.CharField(label=gettext_lazy("Customer group"), max_length=40, initial="default")
    days = forms.IntegerField(label=gettext_lazy("Days it is open"), min_value=1, max_value=90, initial=7)

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if actor_of(request).role != Membership.Role.OWNER:
            role: Any = self.fields["role"]
            role.choices = [(Membership.Role.CUSTOMER.value, Membership.Role.CUSTOMER.label)]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("role") != Membership.Role.CUSTOMER and not values.get("email"):
            self.add_error("email", _("Staff are invited by their address."))
        return values


class InvitationAdmin(TenantColumn, DeskAdmin[Invitation]):
    """Only an owner invites staff."""

    list_display = ("__str__", "state_label", "invited_by", "created_at", "expires_at", "accepted_by")
    list_select_related = ("invited_by", "accepted_by", "tenant")
    search_fields = ("email",)
    ordering = ("-id",)
    fields = ("tenant", "email", "role", "group", "state_label", "invited_by", "created_at", "expires_at", "accepted_by", "accepted_at")
    readonly_fields = fields
    actions = ("withdraw",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_withdraw_permission(self, request: HttpRequest) -> bool:
        return self.has_act_permission(request)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = InviteForm(request.POST or None, request=request)
        if not form.is_valid():
            return pages.ask(request, self, title=_("Invite somebody"), submit=_("Invite"), form=form)
        return self._invite(request, form)

    @transaction.atomic
    def _invite(self, request: HttpRequest, form: InviteForm) -> HttpResponse:
        actor, values = actor_of(request), form.cleaned_data
        row, token = invitations.invite(
            tenant=actor.tenant,
            role=values["role"],
            by=actor.user,
            email=values["email"],
            group=values["group"],
            lifetime=datetime.timedelta(days=values["days"]),
        )
        self.record(request, "invite", row, after=facts(row))
        link = request.build_absolute_uri(reverse("accounts_join", args=[token]))
        if row.email:
            mail(row, link)
        told = [(_("Role"), row.get_role_display()), (_("Expires"), row.expires_at), (_("Sent to"), row.email or "—")]
        return pages.result(request, self, title=_("Invitation"), explanation=pages.once(), boxes=[pages.Box(_("Link"), link)], facts=told)

    @admin.action(description=gettext_lazy("Withdraw"), permissions=["withdraw"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """End invitations that nobody has accepted yet."""
        with transaction.atomic():
            for row in queryset.filter(accepted_at=None, expires_at__gt=timezone.now()):
                before = facts(row)
                invitations.withdraw(invitation=row)
                self.record_change(request, "withdraw", row, before=before)
        self.message_user(request, _("Withdrawn."))

    @label(description=gettext_lazy("state"), colours=STATE_LABELS)
    def state_label(self, row: Invitation) -> tuple[str, str]:
        if row.accepted_at is not None:
            return "accepted", _("accepted")
        return ("open", _("open")) if row.expires_at > timezone.now() else ("ended", _("ended"))


def mail(row: Invitation, link: str) -> None:
    """Mail an invitation's link to whom it is for."""
    shop = tenants.spoken(row.tenant, row.tenant.language)
    with translation.override(shop.language):
        role = str(Membership.Role(row.role).label)
    context = {"shop": shop.name, "role": role, "link": link, "until": f"{row.expires_at:%Y-%m-%d %H:%M} UTC"}
    notify.email(
        to=row.email,
        template="invitation",
        context=context,
        language=shop.language,
        sender_name=shop.name,
        account=shop.pk,
        reply_to=shop.reply_to,
    )
