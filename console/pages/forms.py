"""The console's small forms: amounts in dollars, and when to warn of a low wallet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console.pages import amounts
from foundation.forms import HouseForm


class UsdField(forms.DecimalField):
    """An amount in US dollars, read as µ$; empty = None."""

    def __init__(self, *, least: str = "0.000001", **kwargs: Any) -> None:
        super().__init__(required=False, min_value=Decimal(least), max_value=Decimal(1_000_000), decimal_places=6, **kwargs)
        self.widget.attrs["inputmode"] = "decimal"

    def clean(self, value: Any) -> Any:
        amount: Decimal | None = super().clean(value)
        return None if amount is None else int(amount * amounts.MICROS)


class WatchForm(HouseForm):
    """Ask below which balance the owner of a wallet wants to be told."""

    below = UsdField(label=_("Mail me when less is left than (US dollars)"), least="0", help_text=_("0: never."))
