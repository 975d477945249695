"""The forms of the shop's pages."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import questions
from billing.models import Product
from foundation.forms import HouseForm

MOST_CODES = 20


class BuyForm(HouseForm):
    """How many, for which coupon, how to reach the buyer (by e-mail or otherwise), and that the shop's pages, if any, are accepted."""

    quantity = forms.IntegerField(label=_("Quantity"))
    coupon = forms.CharField(
        label=_("Coupon"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    email = forms.EmailField(
        label=_("E-mail"), required=False, widget=forms.EmailInput(attrs={"autocomplete": "email", "placeholder": "you@example.com"}),
        help_text=_("This or another contact below: one of them finds the order again."),
    )  # fmt: skip
    contact = forms.CharField(label=_("Phone, QQ or other contact"), required=False, max_length=80)

    accepts = forms.BooleanField(
        label=_("I accept:"), error_messages={"required": _("Read what you accept, and tick the box.")}
    )  # fmt: skip

    def __init__(self, *args: Any, product: Product, has_terms: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_terms:
            del self.fields["accepts"]
        self.asked = questions.of(product)
        for number, one in enumerate(self.asked):
            self.fields[f"answer_{number}"] = _answer_field(one)
        least, most = product.least_pieces, product.most_pieces
        self.fields["quantity"] = forms.IntegerField(
            label=_("Quantity"), min_value=least, max_value=most, initial=least, widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            help_text=gettext("%(least)d to %(most)d in one order.") % {"least": least, "most": most},
        )  # fmt: skip

    def look_at_first_error(self) -> None:
        """Let the browser show the first field that must be changed, also where the form lies below other things."""
        if wrong := next((name for name in self.fields if name in self.errors), None):
            self.fields[wrong].widget.attrs["autofocus"] = True

    def answers(self) -> dict[str, str]:
        """Return what was answered, by the questions' labels."""
        return {one["label"]: self.cleaned_data.get(f"answer_{number}") or "" for number, one in enumerate(self.asked)}

    def clean(self) -> dict[str, Any]:
        """Ask for one way to reach the buyer."""
        values = super().clean() or self.cleaned_data
        if not self.errors and not values.get("email") and not values.get("contact"):
            self.add_error("email", _("Leave an e-mail address or another contact, so that you can find the order again."))
        return values


def _answer_field(one: questions.Question) -> forms.Field:
    label, required = one["label"], one["required"]
    if not one["choices"]:
        return forms.CharField(label=label, required=required, max_length=questions.LONGEST_ANSWER)
    return forms.ChoiceField(label=label, required=required, choices=[("", "—"), *((choice, choice) for choice in one["choices"])])


class RedeemForm(HouseForm):
    """One code, or several, one a line: `code` becomes the list of them."""

    code = forms.CharField(
        label=_("Code"),
        max_length=4000,
        help_text=_("Several at once: one a line, up to 20."),
        widget=forms.Textarea(
            attrs={
                "rows": 2,
                "class": "font-mono",
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "placeholder": "XXXXX-XXXXX-XXXXX-XXXXX",
                "data-groups": "",
            }
        ),
    )

    def clean_code(self) -> list[str]:
        """Return the codes; commas and semicolons part them too, blanks do not: people type them within one."""
        found = [line.strip() for line in re.split(r"[\r\n,;，；、]+", self.cleaned_data["code"]) if line.strip()]
        if not found:
            raise forms.ValidationError(self.fields["code"].error_messages["required"])
        if len(found) > MOST_CODES:
            text = _("%(count)d codes are too many at once: send up to %(most)d. None was redeemed yet.")
            raise forms.ValidationError(text, params={"count": len(found), "most": MOST_CODES})
        return found


class LookupCodeForm(HouseForm):
    """The code that a mail brought."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(attrs={"class": "font-mono", "autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class InvoiceForm(HouseForm):
    """In whose name an invoice is wanted."""

    title = forms.CharField(label=_("Title of the invoice"), max_length=120)
    tax_number = forms.CharField(label=_("Tax number"), required=False, max_length=30, help_text=_("Empty for a person."))
    note = forms.CharField(label=_("Note"), required=False, max_length=200)


class LookupForm(HouseForm):
    """An order's number and the address it was placed with."""

    number = forms.CharField(label=_("Order number"), max_length=24)
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class RestockForm(HouseForm):
    """Where to tell that something is there again."""

    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email", "placeholder": "you@example.com"}))
