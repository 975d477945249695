"""The form of a channel: the common fields, and those the chosen vendor declares."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from channels_app import channel_settings, channels, registry
from channels_app.models import Channel
from channels_app.provider import Field, Provider
from console.admin import key_parts
from console.admin.fields import ModelMapField, SecretField
from console.admin.pages import dress

OPTION = "option_"
MASK = "…"
# Typed in place of a secret, it takes the stored one away.
NOTHING = "-"


class ChannelForm(forms.ModelForm[Channel]):
    """Never shows a stored credential; what is typed replaces it, what is left empty stays."""

    provider_slug: str = ""

    @property
    def vendor(self) -> Provider:
        """Return the vendor whose form this is."""
        return registry.provider(self.provider_slug)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            dress(field.widget)
        if self.instance.pk:
            self.initial["served"] = dict(self.instance.models.values_list("name", "upstream_name"))
            for name, value in self.instance.options.items():
                if OPTION + name in self.fields and not isinstance(self.fields[OPTION + name], SecretField):
                    self.initial[OPTION + name] = value
        else:
            self.initial["served"] = {name: name for name in registry.provider(self.provider_slug).default_models}

    def clean_base_url(self) -> str:
        address: str = self.cleaned_data["base_url"].strip().rstrip("/")
        if not address and registry.provider(self.provider_slug).needs_address:
            raise forms.ValidationError(_("This vendor has no address that all share: type yours."))
        try:
            channels.check_address(address)
        except channels.BadAddress as error:
            raise forms.ValidationError(str(error)) from None
        return address

    def clean_served(self) -> dict[str, str]:
        served: dict[str, str] = self.cleaned_data["served"]
        if not served:
            raise forms.ValidationError(_("Name the models this channel serves."))
        return served

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.vendor.key_parts:
            key_parts.join(self)
        try:
            channels.check_settings(self.options())
        except channels.BadOption as error:
            self.add_error(OPTION + error.name, error.reason)
        return cleaned

    def options(self) -> dict[str, Any]:
        """Return the options as typed; a secret left empty keeps its stored value, a dash takes it away."""
        kept = dict(self.instance.options or {})
        for declared in _declared(self.provider_slug):
            value = self.cleaned_data.get(OPTION + declared.name)
            if value and not (declared.is_secret and value == NOTHING):
                kept[declared.name] = value
            elif value or not declared.is_secret:
                kept.pop(declared.name, None)
        return kept


def form_for(provider: str, channel: Channel | None) -> type[ChannelForm]:
    """Build the form class of one vendor, so that the admin finds every field declared."""
    vendor = registry.provider(provider)
    shown = ", ".join(key.masked for key in channel.keys.all()) if channel else ""
    declared: dict[str, Any] = {
        "provider_slug": provider,
        "served": ModelMapField(
            label=gettext_lazy("Models"),
            help_text=gettext_lazy("One a line: the public name, or “public = name upstream”."),
            required=False,
        ),
    }
    if vendor.key_parts:
        declared |= key_parts.fields(vendor, channel)
    elif vendor.needs_key:
        declared["key"] = SecretField(label=key_parts.translated(vendor.key_label), stored=shown, required=channel is None)
    stored = channel.options if channel else {}
    for field in _declared(provider):
        declared[OPTION + field.name] = _option(field, str(stored.get(field.name, "")))
    return type("ChannelForm", (ChannelForm,), declared)


def key_names(provider: str) -> list[str]:
    """Return the names of the form fields that hold a vendor's credential."""
    vendor = registry.provider(provider)
    return key_parts.names(vendor) if vendor.key_parts else ["key"] if vendor.needs_key else []


def option_names(provider: str) -> list[str]:
    """Return the names of a vendor's own form fields."""
    return [OPTION + field.name for field in registry.provider(provider).fields]


def own_fields(provider: str) -> dict[str, forms.Field]:
    """Return empty form fields for what a vendor declares of its own, by their names."""
    return {OPTION + field.name: _option(field, "") for field in registry.provider(provider).fields}


def setting_names(provider: str) -> list[str]:
    """Return the names of the form fields that every channel has that calls somebody."""
    own = set(option_names(provider))
    return [OPTION + field.name for field in _declared(provider) if OPTION + field.name not in own]


def _declared(provider: str) -> tuple[Field, ...]:
    vendor = registry.provider(provider)
    return vendor.fields if vendor.is_local else (*vendor.fields, *channel_settings.FIELDS)


def masked(provider: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return options that may be shown or kept in the trail: secrets by their last four."""
    try:
        secret = {field.name for field in _declared(provider) if field.is_secret}
    except registry.UnknownProvider:
        secret = set(options)
    return {name: f"{MASK}{str(value)[-4:]}" if name in secret else value for name, value in options.items()}


def _option(field: Field, stored: str) -> forms.Field:
    label, told = key_parts.translated(field.label), key_parts.translated(field.help)
    if field.is_secret:
        shown = f"{MASK}{stored[-4:]}" if stored else ""
        return SecretField(label=label, stored=shown, required=field.is_required, help_text=told)
    widget = UnfoldAdminTextareaWidget(attrs={"rows": field.rows}) if field.rows > 1 else UnfoldAdminTextInputWidget()
    return forms.CharField(label=label, required=field.is_required, initial=field.default, help_text=told, widget=widget)
