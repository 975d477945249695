"""Channels in numbers: check a selection, change what they have in common, add one for each of many keys."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin_scope import actor_of
from channels_app import channels, rounds
from channels_app.models import Channel
from console.admin import pages
from console.admin.base import DeskAdmin
from console.admin.fields import UsdField

Admin = DeskAdmin[Channel]
_WORDS = ("groups", "tags")
_NUMBERS = ("priority", "weight", "rpm", "tpm", "concurrency", "daily_cost_micros", "check_seconds")


class ChangeForm(pages.DeskForm):
    """The new settings of a selection: what is left empty stays."""

    priority = forms.IntegerField(label=gettext_lazy("priority"), required=False)
    weight = forms.IntegerField(label=gettext_lazy("weight"), required=False, min_value=1)
    groups = forms.CharField(
        label=gettext_lazy("customer groups"),
        required=False,
        help_text=gettext_lazy("Several with commas between them. They take the place of those there are."),
    )
    tags = forms.CharField(
        label=gettext_lazy("tags"),
        required=False,
        help_text=gettext_lazy("Several with commas between them. They take the place of those there are."),
    )
    rpm = forms.IntegerField(label=gettext_lazy("calls per minute"), required=False, min_value=1)
    tpm = forms.IntegerField(label=gettext_lazy("tokens per minute"), required=False, min_value=1)
    concurrency = forms.IntegerField(label=gettext_lazy("calls at once"), required=False, min_value=1)
    daily_cost_micros = UsdField(label=gettext_lazy("upstream cost per day (UTC)"), required=False)
    check_seconds = forms.IntegerField(label=gettext_lazy("seconds between checks"), required=False, min_value=30)

    def typed(self) -> dict[str, Any]:
        """Return the settings in which something stands."""
        values = self.cleaned_data
        words = {name: [word.strip() for word in values[name].split(",") if word.strip()] for name in _WORDS if values[name].strip()}
        return {name: values[name] for name in _NUMBERS if values[name] is not None} | words


def check(admin: Admin, request: HttpRequest, chosen: QuerySet[Channel]) -> None:
    """Ask for a round of checks; its progress stands among the jobs."""
    job = rounds.ask_for(channels=list(chosen.values_list("pk", flat=True)), scope_id=actor_of(request).tenant.pk)
    text = ngettext("%d channel is being checked.", "%d channels are being checked.", job.total) % job.total
    admin.message_user(request, text)


def change(admin: Admin, request: HttpRequest, chosen: QuerySet[Channel]) -> HttpResponse | None:
    """Ask for the new settings of the selected channels, then set them."""
    form = ChangeForm(request.POST if "is_confirmed" in request.POST else None)
    for name in ("action", "select_across", ACTION_CHECKBOX_NAME):
        values = request.POST.getlist(name)
        form.fields[name] = forms.MultipleChoiceField(
            choices=[(value, value) for value in values], initial=values, required=False, widget=forms.MultipleHiddenInput
        )
    form.fields["is_confirmed"] = forms.CharField(initial="1", widget=forms.HiddenInput)
    if not form.is_valid():
        count = chosen.count()
        title = ngettext("Change %d channel", "Change %d channels", count) % count
        return pages.ask(request, admin, title=title, submit=_("Change"), form=form, explanation=_("What is left empty stays as it is."))
    _set(admin, request, list(chosen), form.typed())
    return None


@transaction.atomic
def _set(admin: Admin, request: HttpRequest, found: list[Channel], values: dict[str, Any]) -> None:
    for channel in found:
        before = admin.facts(channel)
        for name, value in values.items():
            setattr(channel, name, value)
        channel.save(update_fields=[*values])
        admin.record_change(request, "change", channel, before=before)
    channels.announce()
    admin.message_user(request, ngettext("%d channel changed.", "%d channels changed.", len(found)) % len(found))
