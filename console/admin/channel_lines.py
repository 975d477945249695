"""Many channels from one form: a line for each with its name, address and key; all are added or none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from accounts.admin_scope import actor_of
from channels_app import channels, registry, rounds
from channels_app.models import Channel
from channels_app.provider import Provider
from console.admin import channel_forms, pages
from console.admin.base import DeskAdmin
from console.admin.fields import ModelMapField

MOST_AT_ONCE = 200
_COMMON = ("groups", "tags", "priority", "weight")
_ADDRESS = re.compile(r"[a-z]+://", re.I)
Admin = DeskAdmin[Channel]


class BadLine(Exception):
    """A line makes no channel; the message says why and repeats nothing of the line, in which secrets may stand anywhere."""


@dataclass(frozen=True, slots=True)
class Line:
    """One channel as typed; `number` counts the lines of the box from 1, empty ones too."""

    number: int
    name: str
    base_url: str
    key: str


class LinesBox(forms.Textarea):
    """A box that never gives back what was typed into it: secrets stand there."""

    def format_value(self, value: Any) -> str:
        return ""


class LinesForm(pages.DeskForm):
    """The lines, and what all new channels have in common."""

    lines = forms.CharField(
        label=gettext_lazy("Channels"),
        widget=LinesBox(attrs={"rows": 10, "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy(
            "One a line: “name | key” or “name | base URL | key”. The box is empty again after an error: paste once more."
        ),
    )
    served = ModelMapField(
        label=gettext_lazy("Models"), help_text=gettext_lazy("One a line: the public name, or “public = name upstream”.")
    )

    def __init__(self, *args: Any, vendor: Provider, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.vendor = vendor
        self.fields |= channel_forms.own_fields(vendor.slug) | forms.fields_for_model(Channel, fields=_COMMON)
        for field in self.fields.values():
            pages.dress(field.widget)
        self.initial["served"] = {name: name for name in vendor.default_models}

    @sensitive_variables()
    def clean_lines(self) -> list[Line]:
        rows = [(number, text) for number, text in enumerate(self.cleaned_data["lines"].splitlines(), 1) if text.strip()]
        if len(rows) > MOST_AT_ONCE:
            raise forms.ValidationError(_("At most %d channels at once.") % MOST_AT_ONCE)
        found, errors = [], []
        for number, text in rows:
            try:
                found.append(read(text, number=number, vendor=self.vendor))
            except BadLine as error:
                errors.append(_in_line(number, str(error)))
        if errors:
            raise forms.ValidationError(errors)
        return found

    def common(self) -> dict[str, Any]:
        """Return what the verb that adds a channel takes beside name, address and key."""
        values = self.cleaned_data
        options = {field.name: values[channel_forms.OPTION + field.name] for field in self.vendor.fields}
        named = {"models": values["served"], "options": {name: value for name, value in options.items() if value}}
        return {"provider": self.vendor.slug, **named, **{name: values[name] for name in _COMMON}}


@sensitive_variables()
def read(text: str, *, number: int, vendor: Provider) -> Line:
    """Read one line; a key may have bars of its own where the vendor's keys have parts. Raise BadLine."""
    name, *rest = (part.strip() for part in text.split("|"))
    has_address = bool(rest) and (bool(_ADDRESS.match(rest[0])) or (len(rest) > 1 and not vendor.key_parts))
    base_url = rest.pop(0).rstrip("/") if has_address else ""
    if not 0 < len(name) <= 80:
        raise BadLine(_("A name has 1 to 80 characters."))
    if len(rest) > max(1, len(vendor.key_parts)):
        raise BadLine(_("Too many parts: write “name | key” or “name | base URL | key”."))
    _check(vendor, base_url=base_url, parts=rest)
    return Line(number, name, base_url, "|".join(rest))


@sensitive_variables()
def _check(vendor: Provider, *, base_url: str, parts: list[str]) -> None:
    if not base_url and vendor.needs_address:
        raise BadLine(_("This vendor has no address that all share: type yours."))
    try:
        channels.check_address(base_url)
    except (ValueError, channels.BadAddress):
        raise BadLine(_("The base URL is no http or https address.")) from None
    if len(base_url) > 300:
        raise BadLine(_("The base URL is too long."))
    if vendor.needs_key and not any(parts):
        raise BadLine(_("The key is missing."))
    padded = [""] * (len(vendor.key_parts) - len(parts)) + parts
    if any(part.is_required and not text for part, text in zip(vendor.key_parts, padded, strict=False)):
        raise BadLine(_("This part of the key is missing."))


@sensitive_post_parameters()
def add(request: HttpRequest, admin: Admin, provider: str) -> HttpResponse:
    """Ask, then add: all of the channels or none."""
    vendor = registry.provider(provider)
    form = LinesForm(request.POST or None, vendor=vendor)
    if form.is_valid() and _add(admin, request, form):
        return HttpResponseRedirect(pages.list_url(admin))
    title = _("Add many channels: %s") % vendor.label
    text = _("All are added or, where one line is wrong, none. No page shows the keys again.")
    return pages.ask(request, admin, title=title, submit=_("Add"), form=form, explanation=text)


@sensitive_variables()
def _add(admin: Admin, request: HttpRequest, form: LinesForm) -> bool:
    """Add the channels; False, with the reason in the form and nothing added, where one cannot be."""
    common, tenant = form.common(), actor_of(request).tenant
    try:
        with transaction.atomic():
            for line in form.cleaned_data["lines"]:
                made = _made(line, tenant=tenant, **common)
                rounds.after_change(made)
                admin.record(request, "add", made, after=admin.facts(made))
    except BadLine as error:
        form.add_error("lines", str(error))
        return False
    count = len(form.cleaned_data["lines"])
    admin.message_user(request, ngettext("%d channel added.", "%d channels added.", count) % count)
    return True


@sensitive_variables()
def _made(line: Line, **common: Any) -> Channel:
    try:
        return channels.add(name=line.name, base_url=line.base_url, key=line.key, **common)
    except channels.NameTaken:
        raise BadLine(_in_line(line.number, _("There is a channel of this name already."))) from None
    except channels.ChannelError as error:
        raise BadLine(_in_line(line.number, str(error))) from None


def _in_line(number: int, reason: str) -> str:
    return _("Line %(number)d: %(reason)s") % {"number": number, "reason": reason}
