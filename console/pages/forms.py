"""The console's forms: a new sub-key, and when to warn of a low wallet."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console.pages import amounts
from foundation.forms import HouseForm

LIFETIMES = (
    ("", _("never")),
    ("1", _("in a day")),
    ("7", _("in a week")),
    ("30", _("in 30 days")),
    ("90", _("in 90 days")),
    ("365", _("in a year")),
)


class UsdField(forms.DecimalField):
    """An amount in US dollars, read as µ$; empty = None."""

    def __init__(self, *, least: str = "0.000001", **kwargs: Any) -> None:
        super().__init__(required=False, min_value=Decimal(least), max_value=Decimal(1_000_000), decimal_places=6, **kwargs)
        self.widget.attrs["inputmode"] = "decimal"

    def clean(self, value: Any) -> Any:
        amount: Decimal | None = super().clean(value)
        return None if amount is None else int(amount * amounts.MICROS)


class KeyForm(HouseForm):
    """Ask for a name and, when wanted, limits."""

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Where it will be used: “NextChat on my phone”."))
    lifetime = forms.ChoiceField(label=_("Expires"), choices=LIFETIMES, required=False)
    allowance = UsdField(
        label=_("Allowance in US dollars"), help_text=_("The key stops when this much is spent. Empty: all that is in the wallet.")
    )
    day = UsdField(label=_("US dollars a day"), help_text=_("The key pauses until the next day. Empty: no such limit."))
    month = UsdField(label=_("US dollars a month"), help_text=_("The key pauses until the next month. Empty: no such limit."))
    models = forms.MultipleChoiceField(
        label=_("Models"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None ticked: every model, also future ones.")
    )
    nonce = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, *args: Any, model_names: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        if model_names:
            self.fields["models"].choices = [(name, name) for name in model_names]  # type: ignore[attr-defined]  # a choice field
        else:
            del self.fields["models"]

    def expires_at(self) -> datetime.datetime | None:
        """Give the moment the key ends, or None."""
        days = self.cleaned_data.get("lifetime")
        return timezone.now() + datetime.timedelta(days=int(days)) if days else None

    def allowances(self) -> dict[str, int]:
        """Give the limits that were typed, in µ$, as the verb that sets them takes them."""
        names = {"total_micros": "allowance", "day_micros": "day", "month_micros": "month"}
        return {name: amount for name, field in names.items() if (amount := self.cleaned_data.get(field)) is not None}


class WatchForm(HouseForm):
    """Ask below which balance the owner of a wallet wants to be told."""

    below = UsdField(label=_("Mail me when less is left than (US dollars)"), least="0", help_text=_("0: never."))
