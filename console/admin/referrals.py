"""Referrals in the back office: what a shop gives to who brings customers, whom they brought, and what was given."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin_scope import actor_of
from accounts.models import Referral, Tenant
from billing import money, referrals, self_referrals
from billing.models import ReferralProgram, ReferralReward
from billing.models.referrals import WHOLE
from console.admin import pages
from console.admin.base import DeskAdmin, ReadOnly, TenantColumn
from console.admin.exports import Exported
from console.admin.figures import label, number

DOUBTS = {"mailbox": "warning", "place": "warning", "allowed": "success", "refused": "danger"}

# The form's texts and the columns behind them: of a reward, its fixed amount and its share.
REWARDS = (("referrer", "referrer_fixed", "referrer_percent"), ("referred", "referred_fixed", "referred_percent"))
_TYPED = ("referrer", "referred", "cap_text", "least")


def _text(label: Any, help_text: Any = "") -> forms.CharField:
    widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
    return forms.CharField(label=label, required=False, max_length=16, help_text=help_text, widget=widget)


class ReferralProgramForm(ModelForm[ReferralProgram]):
    """Reads amounts as people type them: a share (10 %), or an amount in the shop's currency, or dollars of quota."""

    tenant_of_actor: Tenant

    referrer = _text(
        gettext_lazy("Reward of who brings"),
        gettext_lazy(
            "An amount such as 5.00 (the shop's currency, US dollars when it is quota), "
            "or a share of the first purchase with a percent sign. Empty: none."
        ),
    )
    referred = _text(gettext_lazy("Reward of who is brought"), gettext_lazy("As above."))
    cap_text = _text(gettext_lazy("One reward at most"), gettext_lazy("An amount. Empty: no limit."))
    least = _text(
        gettext_lazy("Smallest purchase"), gettext_lazy("In the shop's currency. The first purchase decides: a smaller one earns nothing.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        if row.pk:
            for name, fixed, percent in REWARDS:
                self.initial[name] = self._shown(getattr(row, fixed), getattr(row, percent))
            self.initial["cap_text"] = self._shown(row.cap, None)
            self.initial["least"] = money.plain_minor(row.least_minor, currency=row.tenant.currency) if row.least_minor else ""

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        tenant: Tenant = values.get("tenant") or (self.instance.tenant if self.instance.pk else self.tenant_of_actor)
        paid_in = values.get("paid_in", "")
        for name, fixed, percent in REWARDS:
            text = values.get(name, "").replace(" ", "")
            share = self._share(name, text) if text.endswith("%") else None
            setattr(self.instance, percent, share)
            setattr(self.instance, fixed, None if text.endswith("%") else self._amount(name, text, paid_in, tenant))
        self.instance.cap = self._amount("cap_text", values.get("cap_text", ""), paid_in, tenant)
        self.instance.least_minor = self._amount("least", values.get("least", ""), ReferralProgram.Paid.CREDIT, tenant) or 0
        return values

    def _share(self, name: str, text: str) -> int | None:
        try:
            share = Decimal(text.removesuffix("%")) * 100
        except InvalidOperation:
            share = Decimal(0)
        if share != share.to_integral_value() or not 0 < share <= WHOLE:
            self.add_error(name, _("Write a share between 0.01 % and 100 %."))
            return None
        return int(share)

    def _amount(self, name: str, text: str, paid_in: str, tenant: Tenant) -> int | None:
        if not text.strip():
            return None
        try:
            if paid_in == ReferralProgram.Paid.QUOTA:
                return money.parse_usd(text.strip().removeprefix("$")) or None
            return money.parse_minor(text.strip(), currency=tenant.currency) or None
        except money.BadAmount as error:
            self.add_error(name, str(error))
            return None

    def _shown(self, fixed: int | None, percent: int | None) -> str:
        if percent:
            return referrals.share_text(percent)
        if not fixed:
            return ""
        row = self.instance
        if row.paid_in == ReferralProgram.Paid.QUOTA:
            return money.format_usd(fixed).removeprefix("$").replace(",", "")
        return money.plain_minor(fixed, currency=row.tenant.currency)


class ReferralProgramAdmin(TenantColumn, DeskAdmin[ReferralProgram]):
    """A shop has one; customers see their link once it is active."""

    form = ReferralProgramForm
    list_display = ("is_active", "paid_in", "who_brings", "who_is_brought")
    list_select_related = ("tenant",)
    ordering = ("id",)

    def get_fields(self, request: HttpRequest, obj: ReferralProgram | None = None) -> Any:
        whose = ("tenant",) if actor_of(request).is_platform else ()
        return (*whose, "is_active", "paid_in", *_TYPED, "most_rewards", "wait_days")

    def get_readonly_fields(self, request: HttpRequest, obj: ReferralProgram | None = None) -> tuple[str, ...]:
        return ("tenant",) if obj is not None and actor_of(request).is_platform else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"tenant_of_actor": actor_of(request).tenant})

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A shop has one."""
        actor = actor_of(request)
        is_there = not actor.is_platform and ReferralProgram.objects.filter(tenant=actor.tenant).exists()
        return not is_there and super().has_add_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write the columns that the form read from texts."""
        behind = [column for _name, *columns in REWARDS for column in columns]
        form.changed_data = [*form.changed_data, *behind, "cap", "least_minor"]
        super().save_model(request, obj, form, change)

    @admin.display(description=gettext_lazy("who brings"))
    def who_brings(self, row: ReferralProgram) -> str:
        return referrals.spell(row, fixed=row.referrer_fixed, percent=row.referrer_percent) or "—"

    @admin.display(description=gettext_lazy("who is brought"))
    def who_is_brought(self, row: ReferralProgram) -> str:
        return referrals.spell(row, fixed=row.referred_fixed, percent=row.referred_percent) or "—"


class ReferralAdmin(ReadOnly, TenantColumn, DeskAdmin[Referral]):
    """Who brought whom; what came of it stands with the rewards."""

    list_display = ("referred", "referrer", "doubt_label", "created_at", "settled_at")
    list_filter = ("doubt",)
    list_select_related = ("referrer__user", "referrer__tenant", "referred__user", "referred__tenant")
    search_fields = ("=referrer__user__email", "=referred__user__email")
    ordering = ("-id",)
    fields = ("referrer", "referred", "doubt_label", "created_at", "settled_at")
    actions_detail = ("allow", "refuse")

    @pages.act(description=gettext_lazy("Allow"), icon="thumb_up")
    def allow(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say that both are two people."""
        return self._decide(request, object_id, "allow", _("Allow the reward"), _("They are two people: the reward is paid as ever."))

    @pages.act(description=gettext_lazy("Refuse"), icon="block")
    def refuse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say that both are one person."""
        return self._decide(request, object_id, "refuse", _("Refuse the reward"), _("They are one person: nobody gets anything for it."))

    def _decide(self, request: HttpRequest, object_id: str, verb: str, title: str, text: str) -> HttpResponse:
        row = self.subject(request, object_id)
        back = pages.object_url(self.admin_site.name, row)
        if request.method != "POST":
            return pages.ask(request, self, title=title, submit=title, explanation=text, back=back, is_danger=verb == "refuse")
        before = self.facts(row)
        try:
            with transaction.atomic():
                {"allow": self_referrals.allow, "refuse": self_referrals.refuse}[verb](referral=row)
                self.record_change(request, verb, row, before=before)
        except self_referrals.WrongStep as error:
            self.message_user(request, str(error), level=messages.ERROR)
        return redirect(back)

    @label(description=gettext_lazy("doubt"), ordering="doubt", colours=DOUBTS)
    def doubt_label(self, row: Referral) -> tuple[str, str]:
        return row.doubt, row.get_doubt_display() if row.doubt else "—"

    @admin.display(description=gettext_lazy("tenant"))
    def tenant(self, row: Referral) -> str:
        return str(row.referrer.tenant)


class ReferralRewardAdmin(Exported, ReadOnly, TenantColumn, DeskAdmin[ReferralReward]):
    """What was given, for which order, and what was taken back."""

    list_display = ("member", "amount_shown", "taken_back_shown", "order", "created_at", "reversed_at")
    list_select_related = ("member__user", "member__tenant", "order")
    list_filter = ("paid_in",)
    search_fields = ("=member__user__email", "=order__number")
    ordering = ("-id",)
    fields = ("member", "referral", "order", "paid_in", "amount_shown", "taken_back_shown", "created_at", "reversed_at")
    export_columns = (
        ("id", "pk"),
        ("customer", "member__user__email"),
        ("order", "order__number"),
        ("paid_in", "paid_in"),
        ("currency", "currency"),
        ("amount", "amount"),
        ("taken_back", "taken_back"),
        ("at", "created_at"),
        ("reversed", "reversed_at"),
    )

    @admin.display(description=gettext_lazy("tenant"))
    def tenant(self, row: ReferralReward) -> str:
        return str(row.member.tenant)

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def amount_shown(self, row: ReferralReward) -> SafeString:
        return number(referrals.written(row, row.amount))

    @admin.display(description=gettext_lazy("taken back"))
    def taken_back_shown(self, row: ReferralReward) -> SafeString:
        return number(referrals.written(row, row.taken_back) if row.reversed_at else "—")
