"""A credential of several parts in the form of a channel: a field for each, and the one text `a|b|c` that is kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from channels_app import channels
from channels_app.models import Channel
from channels_app.provider import Field, Provider
from console.admin.fields import SecretField

_PART = "part_"
_SEPARATOR = "|"


def translated(text: str) -> Any:
    """Return a vendor's label or help in the reader's language; nothing stays nothing."""
    return gettext_lazy(text) if text else text


def names(vendor: Provider) -> list[str]:
    """Return the names of the form fields of a vendor's parts."""
    return [_PART + part.name for part in vendor.key_parts]


def fields(vendor: Provider, channel: Channel | None) -> dict[str, forms.Field]:
    """Return a field for each part; of what is stored, secrets show their last four, the others themselves."""
    stored = channels.key_parts(channel) if channel else {}
    return {_PART + part.name: _field(part, stored.get(part.name, "")) for part in vendor.key_parts}


def _field(part: Field, stored: str) -> forms.Field:
    label, told = translated(part.label), translated(part.help)
    if part.is_secret:
        shown = f"…{stored[-4:]}" if len(stored) >= 12 else "…" if stored else ""
        return SecretField(label=label, stored=shown, required=False, help_text=told)
    return forms.CharField(label=label, required=False, initial=stored, help_text=told, widget=UnfoldAdminTextInputWidget())


def join(form: Any) -> None:
    """Put the parts together as `key` of the cleaned data, empty where nothing was typed; a whole `a|b|c` in one field counts."""
    vendor, channel = form.vendor, form.instance if form.instance.pk else None
    stored = channels.key_parts(channel) if channel else {}
    typed = {part.name: str(form.cleaned_data.get(_PART + part.name) or "").strip() for part in vendor.key_parts}
    whole = [text for text in typed.values() if text.count(_SEPARATOR) == len(typed) - 1 > 0]
    if whole:
        typed = dict(zip(typed, whole[0].split(_SEPARATOR), strict=True))
    merged = {name: text.strip() or stored.get(name, "") for name, text in typed.items()}
    for part in vendor.key_parts:
        if part.is_required and not merged[part.name]:
            form.add_error(_PART + part.name, _("This part of the key is missing."))
    form.cleaned_data["key"] = "" if merged == stored else _SEPARATOR.join(merged.values())
