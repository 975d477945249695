"""Form fields of the back office."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.forms.widgets import Widget
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from billing import money, price_texts

R = TypeVar("R")


class UsdField(forms.Field):
    """An amount typed in dollars and kept in µ$."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        """Show µ$ as plain dollars; what somebody typed stays as it is."""
        return money.format_usd(value).removeprefix("$").replace(",", "") if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        """Return µ$, None for an empty field."""
        if value is None or isinstance(value, int):
            return value
        text = str(value).strip().removeprefix("$")
        if not text:
            return None
        try:
            return money.parse_usd(text)
        except money.BadAmount as error:
            raise forms.ValidationError(str(error)) from None

    def widget_attrs(self, widget: Widget) -> dict[str, Any]:
        return {"inputmode": "decimal", "autocomplete": "off"}


class FirstDayField(forms.DateField):
    """The first day on which codes are redeemed, in the time zone of who types it; kept as the moment it begins."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        label, text = gettext_lazy("Redeem from"), gettext_lazy("The first day. Empty: at once.")
        super().__init__(required=False, label=label, help_text=text, widget=widget, **kwargs)

    def clean(self, value: Any) -> datetime.datetime | None:
        """Return the midnight before that day."""
        day = super().clean(value)
        return None if day is None else timezone.make_aware(datetime.datetime.combine(day, datetime.time()))


class LastDayField(forms.DateField):
    """The last day on which codes are redeemed, in the time zone of who types it; kept as the moment it ends."""

    def __init__(self, **kwargs: Any) -> None:
        label, text = gettext_lazy("Redeem by"), gettext_lazy("The last day. Empty: for ever.")
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(required=False, label=label, help_text=text, widget=widget, **kwargs)

    def clean(self, value: Any) -> datetime.datetime | None:
        """Return the midnight after that day."""
        day = super().clean(value)
        if day is None:
            return None
        end = timezone.make_aware(datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time()))
        if end <= timezone.now():
            raise forms.ValidationError(_("This day is over."))
        return end


class SecretField(forms.CharField):
    """A credential that is typed and never shown again; empty keeps what is stored."""

    def __init__(self, *, stored: str = "", **kwargs: Any) -> None:
        if stored:
            more = kwargs.get("help_text", "")
            kwargs["help_text"] = (
                format_lazy("{} {}", gettext_lazy("Stored: %s. Leave empty to keep it.") % stored, more)
                if more
                else (gettext_lazy("Stored: %s. Leave empty to keep it.") % stored)
            )
            kwargs["required"] = False
        super().__init__(widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}), **kwargs)


class ModelMapField(forms.CharField):
    """Models a channel serves, one a line: the public name, and after = the name upstream where it differs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return "\n".join(name if name == upstream else f"{name} = {upstream}" for name, upstream in value.items())
        return value

    def clean(self, value: Any) -> dict[str, str]:
        text = str(super().clean(value) or "")
        found: dict[str, str] = {}
        for line in text.replace(",", "\n").splitlines():
            name, _, upstream = (part.strip() for part in line.partition("="))
            if name:
                found[name] = upstream or name
        return found


class UnitsField(forms.CharField):
    """Prices of what is no token, one a line: the name, then = and dollars."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(price_texts.unit_line(*item) for item in value.items()) if isinstance(value, dict) else value

    def clean(self, value: Any) -> dict[str, int]:
        return dict(_read_lines(str(super().clean(value) or ""), price_texts.unit))


class TiersField(forms.CharField):
    """Prices of long contexts, one a line: tokens, a colon, then bucket=dollars with commas between."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(price_texts.tier_line, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[dict[str, int]]:
        return _read_lines(str(super().clean(value) or ""), price_texts.tier)


def _read_lines(text: str, read: Callable[[str], R]) -> list[R]:
    try:
        return [read(line) for line in text.splitlines() if line.strip()]
    except money.BadAmount as error:
        raise forms.ValidationError(str(error)) from None
