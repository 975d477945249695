"""The console's small forms: amounts in the unit the shop shows quota in, and when to warn of a low wallet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import quota_units
from billing.money import MICROS
from foundation.forms import HouseForm

MOST_MICROS = 1_000_000 * MICROS


class QuotaField(forms.DecimalField):
    """An amount of quota in the unit that is active when the form is made, read as µ$, rounded down; empty = None.

    `typed` writes an amount as the field takes it; in a shop's currency that is not exact. So the form says what it showed
    (a hidden field), and `kept` leaves alone what was not changed.
    """

    unit = quota_units.DOLLARS

    def __init__(self, *, least_micros: int = 1, **kwargs: Any) -> None:
        self.least_micros = least_micros
        super().__init__(required=False, decimal_places=6, **kwargs)
        self.widget.attrs["inputmode"] = "decimal"

    def __deepcopy__(self, memo: dict[int, Any]) -> QuotaField:
        """Give each form its own field, with the limits of the unit."""
        found: QuotaField = super().__deepcopy__(memo)
        unit = quota_units.current()
        found.unit, found.show_hidden_initial = unit, not unit.is_dollars
        found.widget.attrs |= found.widget_attrs(found.widget)
        return found

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        limits = {"min": self.unit.typed(self.least_micros, up=True), "max": self.unit.typed(MOST_MICROS)}
        return limits | super().widget_attrs(widget)

    def clean(self, value: Any) -> Any:
        amount: Decimal | None = super().clean(value)
        micros = None if amount is None else self.unit.read(amount)
        if micros is None or self.least_micros <= micros <= MOST_MICROS:
            return micros
        bounds = {"least": self.unit.short(self.least_micros, up=True), "most": self.unit.short(MOST_MICROS)}
        raise forms.ValidationError(gettext("Write an amount from %(least)s to %(most)s.") % bounds)


def typed(micros: int | None) -> str:
    """Write an amount (µ$) as it is typed into a field of quota; None is empty."""
    return "" if micros is None else quota_units.current().typed(micros)


def kept(form: forms.Form, name: str, micros: int | None) -> int | None:
    """Return what a valid form says of an amount that is `micros` now: just that, where the field still shows it."""
    shown = form.data.get(form.add_initial_prefix(name), typed(micros))
    if form.data.get(form.add_prefix(name), "").strip() == shown:
        return micros
    found: int | None = form.cleaned_data.get(name)
    return found


class WatchForm(HouseForm):
    """Ask below which balance the owner of a wallet wants to be told."""

    below = QuotaField(label=quota_units.named(_("Mail me when less is left than (%(unit)s)")), least_micros=0, help_text=_("0: never."))
