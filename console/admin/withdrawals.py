"""Money of shops at the platform: what is owed, requests by shops, decisions by the platform, and a shop's statement as CSV."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib import messages as notes
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import actor_of
from accounts.models import Tenant
from billing import money, payables
from billing.models.withdrawals import Withdrawal
from console.admin import pages
from console.admin.base import DeskAdmin, ReadOnly, TenantColumn
from console.admin.code_forms import ReasonForm
from console.admin.figures import label, number

STATE_LABELS = {"requested": "warning", "approved": "info", "paid": "success", "declined": "default", "canceled": "default"}


class WithdrawalForm(pages.DeskForm):
    """How much, and where to; `once` makes a form that is sent twice ask once."""

    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    amount = forms.CharField(label=gettext_lazy("Amount"), max_length=20, help_text=gettext_lazy("Such as 39.00"))
    destination = forms.CharField(
        label=gettext_lazy("Where to"), max_length=200, help_text=gettext_lazy("The account that the platform pays to: bank, name, number.")
    )
    once = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, *args: Any, currencies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["currency"]
        field.choices = [(one, one) for one in currencies]

    def clean(self) -> dict[str, Any]:
        """Read the amount in its currency."""
        values = dict(super().clean() or {})
        try:
            values["amount"] = money.parse_minor(values.get("amount") or "0", currency=values.get("currency", "USD"))
        except money.BadAmount as error:
            self.add_error("amount", str(error))
        return values


class ReferenceForm(pages.DeskForm):
    """By which transfer it was paid."""

    reference = forms.CharField(label=gettext_lazy("Number of the transfer"), max_length=80)


class WithdrawalAdmin(TenantColumn, ReadOnly, DeskAdmin[Withdrawal]):
    """Requests of a shop; the shop asks for money here."""

    list_display = ("created_at", "amount", "state_label", "destination", "reference", "reason")
    list_filter = ("state",)
    list_select_related = ("tenant",)
    search_fields = ("reference", "destination")
    ordering = ("-id",)
    fields = ("created_at", "amount", "state_label", "destination", "reference", "reason", "asked_by", "decided_by", "ended_at")
    actions_list: tuple[str, ...] = ("ask", "statement")
    actions_detail: tuple[str, ...] = ("take_back",)

    def has_ask_permission(self, request: HttpRequest) -> bool:
        """Let owners and managers of a shop ask."""
        return actor_of(request).role in self.change_roles and not actor_of(request).tenant.is_root

    @pages.list_act(description=gettext_lazy("Ask for money"), icon="payments", permission="ask")
    def ask(self, request: HttpRequest) -> HttpResponse:
        """Ask for money that has matured."""
        shop = actor_of(request).tenant
        standings = payables.standings(shop)
        title, back = _("Ask for money"), pages.list_url(self)
        if not standings:
            text = _("The platform holds no money for this shop: buyers pay through your own accounts.")
            return pages.result(request, self, title=title, explanation=text, back=back)
        form = WithdrawalForm(request.POST or None, currencies=[one.currency for one in standings], initial={"once": uuid.uuid4().hex})
        if form.is_valid() and self._ask(request, shop, form):
            self.message_user(request, _("Asked for. The platform decides, and the state stands here."))
            return redirect(back)
        explanation = " ".join(_spell(one) for one in standings)
        return pages.ask(request, self, title=title, submit=title, form=form, back=back, explanation=explanation)

    @pages.act(description=gettext_lazy("Take back"), icon="undo")
    def take_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a request back that nobody has decided on yet."""
        form = pages.DeskForm(_typed(request))
        return self._change(request, object_id, payables.cancel, "take_back", _("Take %s back"), form)

    @pages.list_act(description=gettext_lazy("Statement as CSV"), icon="download", permission="view")
    def statement(self, request: HttpRequest) -> HttpResponse:
        """Download the movements of the shop's money with the platform and of its stock."""
        shop = actor_of(request).tenant
        response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")  # the mark makes spreadsheets read UTF-8
        response["Content-Disposition"] = 'attachment; filename="statement.csv"'
        response["Cache-Control"] = "no-store"
        writer = csv.writer(response)
        writer.writerow(("account", "at", "unit", "kind", "reference", "amount", "balance"))
        for kind in ("payable", "stock"):
            for line in payables.statement(shop, kind=kind, limit=10_000):
                unit = "µ$" if line.ledger == "Q" else line.ledger.removeprefix("M:")
                writer.writerow((kind, line.at.isoformat(), unit, line.kind, line.reference, line.amount, line.balance))
        return response

    def _ask(self, request: HttpRequest, shop: Tenant, form: WithdrawalForm) -> bool:
        values = form.cleaned_data
        try:
            with transaction.atomic():
                made = payables.request(
                    tenant=shop, currency=values["currency"], amount_minor=values["amount"], destination=values["destination"],
                    key=values["once"], actor=actor_of(request).user,
                )  # fmt: skip
                self.record(request, "ask", made, after=self.facts(made))
        except payables.WithdrawalError as error:
            form.add_error("amount", str(error))
            return False
        return True

    def _change(
        self, request: HttpRequest, object_id: str, act: Callable[..., None], verb: str, title: str, form: forms.Form
    ) -> HttpResponse:
        """Ask, then let the act be done, with a line in the trail."""
        row = self.subject(request, object_id)
        back = pages.object_url(self.admin_site.name, row)
        if not form.is_valid():
            shown = title % self.amount(row)
            explanation = " ".join(_spell(one) for one in payables.standings(row.tenant) if one.currency == row.currency)
            return pages.ask(request, self, title=shown, submit=shown, form=form, back=back, explanation=explanation)
        before = self.facts(row)
        try:
            with transaction.atomic():
                act(withdrawal=row, actor=actor_of(request).user, **form.cleaned_data)
                row.refresh_from_db()
                self.record_change(request, verb, row, before=before)
        except payables.WithdrawalError as error:
            self.message_user(request, str(error), level=notes.ERROR)
        return redirect(back)

    @admin.display(description=gettext_lazy("amount"), ordering="amount_minor")
    def amount(self, row: Withdrawal) -> SafeString:
        return number(money.format_minor(row.amount_minor, currency=row.currency))

    @label(description=gettext_lazy("state"), ordering="state", colours=STATE_LABELS)
    def state_label(self, row: Withdrawal) -> tuple[str, str]:
        return row.state, row.get_state_display()


class PlatformWithdrawalAdmin(WithdrawalAdmin):
    """All requests; the platform decides and pays."""

    actions_list = ()
    actions_detail = ("approve", "decline", "mark_paid")

    @pages.act(description=gettext_lazy("Approve"), icon="thumb_up")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say that it will be paid."""
        return self._decide(request, object_id, "approve", _("Approve %s"), pages.DeskForm(_typed(request)))

    @pages.act(description=gettext_lazy("Decline"), icon="block")
    def decline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Refuse it; the shop reads the reason."""
        return self._decide(request, object_id, "decline", _("Decline %s"), ReasonForm(_typed(request)))

    @pages.act(description=gettext_lazy("Mark as paid"), icon="check")
    def mark_paid(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Note by which transfer it was paid."""
        return self._decide(request, object_id, "mark_paid", _("Mark %s as paid"), ReferenceForm(_typed(request)))

    def _decide(self, request: HttpRequest, object_id: str, verb: str, title: str, form: forms.Form) -> HttpResponse:
        acts: dict[str, Any] = {"approve": payables.approve, "decline": payables.decline, "mark_paid": payables.mark_paid}
        return self._change(request, object_id, acts[verb], verb, title, form)


def _spell(one: payables.Standing) -> str:
    """Say how a shop stands in a currency."""
    figures = {
        name: money.format_minor(amount, currency=one.currency)
        for name, amount in (
            ("balance", one.balance), ("held", one.held), ("maturing", one.maturing), ("available", one.available),
            ("review", one.in_review),
        )
    }  # fmt: skip
    told = [_("The platform holds %(balance)s: %(available)s can be withdrawn, %(maturing)s is maturing, %(held)s was asked for.")]
    told += [_("%(review)s is in review: the platform looks whether the shop has bought of itself.")] if one.in_review else []
    stopped = [_("Nothing is paid out to this shop at present: %(reason)s") % {"reason": one.stopped}] if one.stopped else []
    return " ".join([*(text % figures for text in told), *stopped])


def _typed(request: HttpRequest) -> Any:
    """Return what was posted, an empty form too; None when the page is only looked at."""
    return request.POST if request.method == "POST" else None
