"""The forms of the shop's pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.orders import MOST_PER_ORDER
from foundation.forms import HouseForm


class BuyForm(HouseForm):
    """How many, and how to reach the buyer: by e-mail or otherwise."""

    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=MOST_PER_ORDER, initial=1)
    email = forms.EmailField(
        label=_("E-mail"), required=False, widget=forms.EmailInput(attrs={"autocomplete": "email", "placeholder": "you@example.com"})
    )
    contact = forms.CharField(label=_("Phone, QQ or other contact"), required=False, max_length=80)

    def clean(self) -> dict[str, Any]:
        """Ask for one way to reach the buyer."""
        values = super().clean() or self.cleaned_data
        if not self.errors and not values.get("email") and not values.get("contact"):
            self.add_error("email", _("Leave an e-mail address or another contact, so that you can find the order again."))
        return values


class RedeemForm(HouseForm):
    """One code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=60,
        widget=forms.TextInput(
            attrs={
                "class": "font-mono",
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "placeholder": "XXXXX-XXXXX-XXXXX-XXXXX",
            }
        ),
    )


class LookupForm(HouseForm):
    """An order's number and the address it was placed with."""

    number = forms.CharField(label=_("Order number"), max_length=24)
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))
