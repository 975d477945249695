"""Book what a gateway has paid out, on the page of its account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import actor_of
from billing import coverage, money, payouts
from billing.models.shop import GatewayAccount
from console.admin import pages
from console.admin.base import DeskAdmin


class PayoutForm(pages.DeskForm):
    """What arrived, and what the gateway kept."""

    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    received = forms.CharField(label=gettext_lazy("Arrived at the bank"), help_text=gettext_lazy("Such as 39.00"))
    fee = forms.CharField(label=gettext_lazy("Kept as a fee"), required=False)
    reference = forms.CharField(
        label=gettext_lazy("Number of the payout"),
        max_length=80,
        help_text=gettext_lazy("The gateway's or the bank's: each is booked once."),
    )

    def __init__(self, *args: Any, currencies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["currency"]
        chosen.choices = [(one, one) for one in currencies]

    def clean(self) -> dict[str, Any]:
        """Read the amounts in their currency."""
        values = dict(super().clean() or {})
        for name in ("received", "fee"):
            try:
                values[name] = money.parse_minor(values.get(name) or "0", currency=values.get("currency", "USD"))
            except money.BadAmount as error:
                self.add_error(name, str(error))
        return values


def run(desk: DeskAdmin[Any], request: HttpRequest, account: GatewayAccount) -> HttpResponse:
    """Ask what has arrived and book it."""
    back = pages.object_url(desk.admin_site.name, account)
    due = [row for row in coverage.at_gateways() if row["account"] == account.pk]
    if not due:
        messages.info(request, _("This gateway owes nothing: everything it took has arrived."))
        return redirect(back)
    form = PayoutForm(request.POST or None, currencies=[row["currency"] for row in due])
    if form.is_valid():
        values = form.cleaned_data
        try:
            payouts.book(
                account=account, currency=values["currency"], received_minor=values["received"], fee_minor=values["fee"],
                reference=values["reference"], actor=actor_of(request).user,
            )  # fmt: skip
        except payouts.BadPayout as error:
            form.add_error(None, str(error))
        else:
            after = {name: values[name] for name in ("currency", "received", "fee", "reference")}
            desk.record(request, "payout", account, after=after)
            messages.success(request, _("Booked."))
            return redirect(back)
    owed = ", ".join(money.format_minor(row["minor"], currency=row["currency"]) for row in due)
    return pages.ask(request, desk, title=_("Book a payout"), submit=_("Book"), form=form, back=back, explanation=_("It owes %s.") % owed)
