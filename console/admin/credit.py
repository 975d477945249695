"""Give a customer store credit: asked with amount and reason, given once however often the form is sent."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import actor_of
from accounts.models import Membership
from billing import money, store_credit
from console.admin import pages
from console.admin.base import DeskAdmin
from console.admin.code_forms import ReasonForm


class CreditForm(ReasonForm):
    """How much, and why; the customer reads the reason. `once` makes a form that is sent twice count once."""

    amount = forms.CharField(label=gettext_lazy("Amount"), max_length=20, help_text=gettext_lazy("Such as 39.00"))
    once = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._currency = currency

    def clean_amount(self) -> int:
        """Read the amount in the shop's currency."""
        try:
            amount = money.parse_minor(self.cleaned_data["amount"], currency=self._currency)
        except money.BadAmount as error:
            raise forms.ValidationError(str(error)) from None
        if not amount:
            raise forms.ValidationError(_("Write an amount above 0."))
        return amount


def give(desk: DeskAdmin[Membership], request: HttpRequest, member: Membership) -> HttpResponse:
    """Ask how much and why, and give it."""
    back, currency = pages.object_url(desk.admin_site.name, member), member.tenant.currency
    form = CreditForm(request.POST or None, currency=currency, initial={"once": uuid.uuid4().hex})
    if not form.is_valid():
        has = money.format_minor(store_credit.free(member), currency=currency)
        explanation = _("%(name)s has %(amount)s. Store credit pays orders of this shop; it is no quota.") % {"name": member, "amount": has}
        title = _("Give store credit")
        return pages.ask(request, desk, title=title, submit=title, form=form, back=back, explanation=explanation)
    values, key = form.cleaned_data, f"{member.pk}:{form.cleaned_data['once']}"
    with transaction.atomic():
        Membership.objects.select_for_update(no_key=True).get(pk=member.pk)
        is_again = store_credit.is_given(key=key)
        store_credit.give(
            membership=member, amount_minor=values["amount"], reason=values["reason"], actor=actor_of(request).user,
            key=key,
        )  # fmt: skip
        if not is_again:
            desk.record(request, "credit", member, after={"amount_minor": values["amount"], "reason": values["reason"]})
    messages.success(request, _("%s given.") % money.format_minor(values["amount"], currency=currency))
    return redirect(back)
