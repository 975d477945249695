"""Confirm by hand that an order's money came, where no gateway says so: the password again, the proof, the reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import RegexValidator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import actor_of
from billing import money, orders, outside
from billing.models.shop import Order
from console.admin import pages
from console.admin.base import DeskAdmin


class ConfirmForm(pages.DeskForm):
    """What came, how it is known, and why a person confirms it."""

    amount = forms.CharField(label=gettext_lazy("Amount that came"), max_length=20, help_text=gettext_lazy("Such as 39.00"))
    currency = forms.CharField(label=gettext_lazy("Currency"), max_length=3, validators=[RegexValidator(r"^[A-Z]{3}$")])
    reference = forms.CharField(
        label=gettext_lazy("What proves it"), max_length=100,
        help_text=gettext_lazy("The number of the transfer or of your receipt; each counts once."),
    )  # fmt: skip
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)

    def clean(self) -> dict[str, Any]:
        """Read the amount in its currency."""
        values = dict(super().clean() or {})
        try:
            values["amount"] = money.parse_minor(values.get("amount") or "0", currency=values.get("currency") or "USD")
        except money.BadAmount as error:
            self.add_error("amount", str(error))
        return values


def page(model_admin: DeskAdmin[Order], request: HttpRequest, order: Order) -> HttpResponse:
    """Ask for the proof, then let the money pay the order."""
    back = pages.object_url(model_admin.admin_site.name, order)
    digits = money.minor_digits(order.currency)
    amount = f"{order.total_minor / 10**digits:.{digits}f}"
    form = ConfirmForm(request.POST or None, initial={"amount": amount, "currency": order.currency})
    if not form.is_valid() or not _confirm(model_admin, request, order, form):
        text = _(
            "Only for money that no gateway reports: a buyer shows the proof, or paid in cash. The order is delivered as after any payment;"
            " an amount that is not the price puts it under review. What the gateway says later counts as paid twice."
        )
        return pages.ask(
            request, model_admin, title=_("Confirm the payment of %s") % order, submit=_("Confirm"), form=form, explanation=text, back=back,
            is_danger=True,
        )  # fmt: skip
    return redirect(back)


def _confirm(model_admin: DeskAdmin[Order], request: HttpRequest, order: Order, form: ConfirmForm) -> bool:
    values, before = form.cleaned_data, model_admin.facts(order)
    proof = {"reference": values["reference"], "reason": values["reason"]}
    try:
        with transaction.atomic():
            outside.confirm(order=order, amount_minor=values["amount"], currency=values["currency"], **proof, actor=actor_of(request).user)
            order.refresh_from_db()
            came = money.format_minor(values["amount"], currency=values["currency"])
            after = {"state": order.state, "amount": came, **proof}
            model_admin.record(request, "confirm", order, before={"state": before["state"]}, after=after)
    except orders.OrderError as error:
        form.add_error(None, str(error))
        return False
    state = order.get_state_display()
    messages.success(request, _("Confirmed: the order is now %s.") % state)
    return True
