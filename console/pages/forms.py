"""The console's forms: a new sub-key."""

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


class KeyForm(HouseForm):
    """Ask for a name and, when wanted, limits."""

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Where it will be used: “NextChat on my phone”."))
    lifetime = forms.ChoiceField(label=_("Expires"), choices=LIFETIMES, required=False)
    allowance = forms.DecimalField(
        label=_("Allowance in US dollars"),
        required=False,
        min_value=Decimal("0.000001"),
        max_value=Decimal(1_000_000),
        decimal_places=6,
        help_text=_("The key stops when this much is spent. Empty: all that is in the wallet."),
    )
    models = forms.MultipleChoiceField(
        label=_("Models"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None ticked: every model, also future ones.")
    )
    nonce = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, *args: Any, model_names: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        self.fields["allowance"].widget.attrs["inputmode"] = "decimal"
        if model_names:
            self.fields["models"].choices = [(name, name) for name in model_names]  # type: ignore[attr-defined]  # a choice field
        else:
            del self.fields["models"]

    def expires_at(self) -> datetime.datetime | None:
        """Give the moment the key ends, or None."""
        days = self.cleaned_data.get("lifetime")
        return timezone.now() + datetime.timedelta(days=int(days)) if days else None

    def allowance_micros(self) -> int | None:
        """Give the allowance in µ$, or None for no limit but the wallet."""
        amount: Decimal | None = self.cleaned_data.get("allowance")
        return None if amount is None else int(amount * amounts.MICROS)
