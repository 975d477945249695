"""Refunds: pay an order back, send again what a gateway refused, mark what was paid by hand, decline a buyer's wish."""

from __future__ import annotations

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
from billing import gateways, money, refunds
from billing.models.refunds import Refund
from billing.models.shop import Order, PaymentAttempt
from console.admin import pages
from console.admin.base import DeskAdmin, ReadOnly
from console.admin.code_forms import ReasonForm
from console.admin.figures import label, number

STATE_LABELS = {"requested": "warning", "submitted": "info", "succeeded": "success", "failed": "danger", "declined": "default"}


class PayBackForm(ReasonForm):
    """Why, and how much; without an amount what is fair is paid back and the quota taken back."""

    gesture = forms.CharField(
        label=gettext_lazy("Pay back only"), required=False, max_length=20,
        help_text=gettext_lazy("An amount as a gesture: the buyer keeps everything. Empty: all that was not used, which is taken back."),
    )  # fmt: skip
    to_credit = forms.BooleanField(
        label=gettext_lazy("As store credit"), required=False,
        help_text=gettext_lazy("The customer can buy with it here; the gateway pays nothing back."),
    )  # fmt: skip


def pay_back(desk: DeskAdmin[Order], request: HttpRequest, order: Order) -> HttpResponse:
    """Ask how much, pay back, and say what came of it."""
    back = pages.object_url(desk.admin_site.name, order)
    attempt = refunds.refundable(order)
    if attempt is None:
        has_failed = Refund.objects.filter(attempt__order=order, state=Refund.State.FAILED).exists()
        failed = _("A refund of this order failed and is owed still: send it again under Refunds, or mark it there as paid back.")
        desk.message_user(request, failed if has_failed else _("Nothing of this order can be paid back."), level=notes.ERROR)
        return redirect(back)
    form = PayBackForm(request.POST or None)
    if not form.is_valid():
        return _question(desk, request, order, attempt, form, back)
    try:
        gesture = form.cleaned_data["gesture"]
        amount = money.parse_minor(gesture, currency=attempt.received_currency or attempt.currency) if gesture else None
        refund = _start(desk, request, order, attempt, amount=amount, form=form)
    except (money.BadAmount, refunds.RefundError) as error:
        form.add_error("gesture", str(error))
        return _question(desk, request, order, attempt, form, back)
    _tell(desk, request, refunds.send(refund))
    return redirect(back)


def _question(
    desk: DeskAdmin[Order], request: HttpRequest, order: Order, attempt: PaymentAttempt, form: PayBackForm, back: str
) -> HttpResponse:
    could = refunds.offer(attempt)
    fair, left = (money.format_minor(value, currency=could.currency) for value in (could.amount_minor, could.left_minor))
    explanation = _(
        "%(fair)s can be paid back with the quota taken back (%(open)d codes not redeemed, %(redeemed)d redeemed); "
        "at most %(left)s as a gesture."
    ) % {"fair": fair, "open": could.open_codes, "redeemed": could.redeemed_codes, "left": left}
    title = _("Pay back %s") % order
    return pages.ask(request, desk, title=title, submit=title, form=form, explanation=explanation, back=back, is_danger=True)


@transaction.atomic
def _start(
    desk: DeskAdmin[Order], request: HttpRequest, order: Order, attempt: PaymentAttempt, *, amount: int | None, form: PayBackForm
) -> Refund:
    before = desk.facts(order)
    refund = refunds.start(
        attempt=attempt, actor=actor_of(request).user, reason=form.cleaned_data["reason"], gesture_minor=amount,
        to_credit=form.cleaned_data["to_credit"],
    )  # fmt: skip
    order.refresh_from_db()
    desk.record(
        request,
        "refund",
        order,
        before=before,
        after={**desk.facts(order), "refund_minor": refund.amount_minor, "to_credit": refund.to_credit},
    )
    return refund


def _tell(desk: DeskAdmin[Any], request: HttpRequest, refund: Refund) -> None:
    shown = refunds.spell(refund)
    if refund.problem:
        text = _("%(amount)s is owed; the gateway did not pay: %(problem)s") % {"amount": shown, "problem": refund.problem}
        desk.message_user(request, text, level=notes.WARNING)
    else:
        desk.message_user(request, _("%s goes back to the buyer.") % shown)


class RefundAdmin(ReadOnly, DeskAdmin[Refund]):
    """Money that goes back."""

    list_display = ("created_at", "order", "amount", "state_label", "reason", "problem")
    list_filter = ("state",)
    list_select_related = ("attempt__order__tenant", "attempt__account")
    search_fields = ("attempt__order__number", "provider_number")
    ordering = ("-id",)
    fields = (
        "created_at", "order", "attempt", "amount", "to_credit", "takes_back", "state_label", "reason", "problem", "provider_number",
        "actor", "ended_at",
    )  # fmt: skip
    actions_detail = ("send_again", "mark_done", "decline")

    @pages.act(description=gettext_lazy("Send again"), icon="send")
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the gateway try again."""
        refund = self.subject(request, object_id)
        if request.method == "POST":
            _tell(self, request, refunds.send_again(refund))
            self.record(request, "send", refund)
            return redirect(pages.object_url(self.admin_site.name, refund))
        is_safe = gateways.driver_of(refund.attempt.account.driver).repeats_refunds
        explanation = (
            _("The gateway is asked to pay. It pays once.")
            if is_safe
            else _("This gateway pays each time it is asked: look there first whether the money has gone back already.")
        )
        return self._reason(request, refund, _("Send %s again"), forms.Form(), explanation)

    @pages.act(description=gettext_lazy("Mark as paid back"), icon="check")
    def mark_done(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Note that a person has paid it back at the gateway or otherwise."""
        explanation = _("You have paid this back at the gateway or otherwise. Say how, so that the books can be followed.")
        return self._decide(request, object_id, "finish", _("Mark %s as paid back"), explanation)

    @pages.act(description=gettext_lazy("Decline"), icon="block")
    def decline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Refuse a buyer's wish; the reason is shown to them."""
        return self._decide(request, object_id, "decline", _("Decline %s"), _("The buyer reads the reason on the order's page."))

    def _decide(self, request: HttpRequest, object_id: str, verb: str, title: str, explanation: str) -> HttpResponse:
        refund = self.subject(request, object_id)
        form = ReasonForm(request.POST or None)
        if not form.is_valid():
            return self._reason(request, refund, title, form, explanation)
        acts: dict[str, Any] = {"finish": refunds.finish, "decline": refunds.decline}
        try:
            with transaction.atomic():
                acts[verb](refund=refund, actor=actor_of(request).user, reason=form.cleaned_data["reason"])
                self.record(request, verb, refund, after={"reason": form.cleaned_data["reason"]})
        except refunds.RefundError as error:
            self.message_user(request, str(error), level=notes.ERROR)
        return redirect(pages.object_url(self.admin_site.name, refund))

    def _reason(self, request: HttpRequest, refund: Refund, title: str, form: forms.Form, explanation: str) -> HttpResponse:
        shown = title % self.amount(refund)
        back = pages.object_url(self.admin_site.name, refund)
        return pages.ask(request, self, title=shown, submit=shown, form=form, explanation=explanation, back=back)

    @admin.display(description=gettext_lazy("order"), ordering="attempt__order")
    def order(self, refund: Refund) -> str:
        return refund.attempt.order.number

    @admin.display(description=gettext_lazy("amount"), ordering="amount_minor")
    def amount(self, refund: Refund) -> SafeString:
        return number(refunds.spell(refund))

    @label(description=gettext_lazy("state"), ordering="state", colours=STATE_LABELS)
    def state_label(self, refund: Refund) -> tuple[str, str]:
        return refund.state, refund.get_state_display()
