"""What staff do with one channel: test it, look at it, take over its models, ask for its balance, drill it, copy it, keep its keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from channels_app import asking, balances, channels, health, listings, rounds
from channels_app.health import ProbeResult
from channels_app.models import Channel, ChannelCheck, ChannelKey
from console.admin import pages
from console.admin.base import DeskAdmin

Admin = DeskAdmin[Channel]
_MINUTES = 10


class DrillForm(pages.DeskForm):
    """Which failure is played, for how many calls, for how long."""

    fault = forms.ChoiceField(label=gettext_lazy("Failure"), choices=Channel.Fault.choices, required=False)
    percent = forms.IntegerField(label=gettext_lazy("Share of calls, %"), min_value=1, max_value=100, initial=100)
    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), min_value=1, max_value=1440, initial=_MINUTES)


class KeysForm(pages.DeskForm):
    """Keys to add, one a line, and what becomes of those there are."""

    added = forms.CharField(
        label=gettext_lazy("New keys"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("One a line. They are sealed, and never shown again."),
    )
    used = forms.MultipleChoiceField(label=gettext_lazy("Keys in use"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget)
    removed = forms.MultipleChoiceField(
        label=gettext_lazy("Keys to delete"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keys = list(channel.keys.order_by("pk"))
        choices = [(str(key.pk), f"#{key.pk} {key.masked} · {key.get_state_display()}") for key in keys]
        for name in ("used", "removed"):
            field: Any = self.fields[name]
            field.choices = choices
        self.fields["used"].initial = [str(key.pk) for key in keys if key.state != ChannelKey.State.DISABLED]


class ModelsForm(pages.DeskForm):
    """What is taken over of the upstream's list."""

    add = forms.MultipleChoiceField(label=gettext_lazy("Serve these too"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget)
    remove = forms.MultipleChoiceField(
        label=gettext_lazy("Serve these no more"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    def __init__(self, *args: Any, found: listings.Difference, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, names in (("add", found.new), ("remove", found.gone)):
            field: Any = self.fields[name]
            field.choices = [(one, one) for one in names]
            field.initial = list(names) if name == "remove" else []


def test(admin: Admin, request: HttpRequest, channel: Channel) -> HttpResponse:
    """Ask the upstream a real question and show it with the answer, without secrets."""
    back = pages.object_url(admin.admin_site.name, channel)
    title = _("Test %s") % channel.name
    if request.method != "POST":
        text = _("Sends a real call for one token to the upstream. It may cost a fraction of a cent.")
        return pages.ask(request, admin, title=title, submit=_("Test now"), explanation=text, back=back)
    found = health.probe(channel.pk)
    if found is None:
        return pages.result(request, admin, title=title, facts=[(_("Result"), _("It is being checked, or never is."))], back=back)
    admin.record(request, "test", channel, after={"ok": found.ok, "latency_ms": found.latency_ms})
    return pages.result(request, admin, title=title, facts=_told(channel, found), boxes=_boxes(found), back=back)


def _told(channel: Channel, found: ProbeResult) -> list[tuple[str, object]]:
    check = ChannelCheck.objects.get(channel=channel)
    told: list[tuple[str, object]] = [(_("Result"), check.get_state_display()), (_("Latency"), f"{found.latency_ms:,} ms")]
    told += [] if found.first_ms is None else [(_("First token"), f"{found.first_ms:,} ms")]
    told += [] if found.ok else [(_("Failure"), check.failure), (_("Message"), check.message)]
    return told


def _boxes(found: ProbeResult) -> list[pages.Box]:
    return [
        pages.Box(title, text) for one in found.probes for title, text in ((_("Asked"), one.asked), (_("Answered"), one.answered)) if text
    ]


def models(admin: Admin, request: HttpRequest, channel: Channel) -> HttpResponse:
    """Fetch the upstream's list, show what differs, and take over what is ticked."""
    back = pages.object_url(admin.admin_site.name, channel)
    title = _("Models upstream of %s") % channel.name
    try:
        listing = listings.fetch(channel.pk)
    except asking.NotOffered:
        return pages.result(request, admin, title=title, facts=[(_("Result"), _("This vendor has no list of models."))], back=back)
    found = listings.difference(listing)
    form = ModelsForm(request.POST if request.method == "POST" else None, found=found)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            before = admin.facts(channel)
            listings.apply(channel=channel, add=form.cleaned_data["add"], remove=form.cleaned_data["remove"])
            admin.record_change(request, "models", channel, before=before)
        rounds.after_change(channel)
        admin.message_user(request, _("The models of %s are taken over.") % channel.name)
        return redirect(back)
    counts = {"listed": len(listing.names), "new": len(found.new), "gone": len(found.gone)}
    text = listing.problem or _("The upstream lists %(listed)d models: %(new)d are new, %(gone)d of ours are not among them.") % counts
    return pages.ask(request, admin, title=title, submit=_("Take over"), form=form, explanation=text, back=back)


def balance(admin: Admin, request: HttpRequest, channel: Channel) -> HttpResponse:
    """Ask the vendor now what the account holds."""
    back = pages.object_url(admin.admin_site.name, channel)
    title = _("Balance of %s") % channel.name
    if request.method != "POST":
        text = _("Asks the vendor what the account behind each key holds. It costs nothing.")
        return pages.ask(request, admin, title=title, submit=_("Ask now"), explanation=text, back=back)
    try:
        found: list[tuple[str, object]] = [(_("Balance"), str(reading)) for reading in balances.ask(channel.pk)]
    except asking.NotOffered:
        found = [(_("Result"), _("This vendor does not tell it."))]
    problem = getattr(getattr(channel, "balance_check", None), "problem", "")
    return pages.result(
        request, admin, title=title, facts=found or [(_("Result"), problem or _("No answer, or asked just now."))], back=back
    )


def drill(admin: Admin, request: HttpRequest, channel: Channel) -> HttpResponse:
    """Let calls of the channel fail on purpose for a while; an empty failure ends it."""
    back = pages.object_url(admin.admin_site.name, channel)
    form = DrillForm(request.POST if request.method == "POST" else None, initial={"fault": channel.fault})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        with transaction.atomic():
            before = admin.facts(channel)
            channel.fault, channel.fault_percent = values["fault"], values["percent"]
            channel.fault_until = timezone.now() + timedelta(minutes=values["minutes"]) if values["fault"] else None
            channel.save(update_fields=["fault", "fault_percent", "fault_until"])
            channels.announce()
            admin.record_change(request, "drill", channel, before=before)
        admin.message_user(request, _("The drill has begun.") if values["fault"] else _("The drill has ended."))
        return redirect(back)
    text = _("Calls to this channel fail as if the vendor did. Customers are answered by other channels, if there are any.")
    return pages.ask(
        request, admin, title=_("Drill of %s") % channel.name, submit=_("Begin"), form=form, explanation=text, back=back, is_danger=True
    )


def copy(admin: Admin, request: HttpRequest, channel: Channel) -> HttpResponse:
    """Make a disabled channel like this one, keys and costs included."""
    back = pages.object_url(admin.admin_site.name, channel)
    if request.method != "POST":
        text = _("The copy has the same settings, models, keys and costs, and is disabled.")
        return pages.ask(request, admin, title=_("Copy %s") % channel.name, submit=_("Copy"), explanation=text, back=back)
    with transaction.atomic():
        made = channels.copy(channel=channel)
        admin.record(request, "add", made, after=admin.facts(made))
    admin.message_user(request, _("%s is made.") % made.name)
    return redirect(pages.object_url(admin.admin_site.name, made))


def keys(admin: Admin, request: HttpRequest, channel: Channel) -> HttpResponse:
    """Add many keys at once, put keys aside, delete them."""
    back = pages.object_url(admin.admin_site.name, channel)
    form = KeysForm(request.POST if request.method == "POST" else None, channel=channel)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            before = admin.facts(channel) | {"key_states": _states(channel)}
            _change_keys(channel, form.cleaned_data)
            after = admin.facts(channel) | {"key_states": _states(channel)}
            changed = {name: after[name] for name in ("keys", "key_states") if after[name] != before[name]}
            if changed:
                admin.record(request, "keys", channel, before={name: before[name] for name in changed}, after=changed)
        rounds.after_change(channel)
        admin.message_user(request, _("The keys of %s are changed.") % channel.name)
        return redirect(back)
    return pages.ask(request, admin, title=_("Keys of %s") % channel.name, submit=_("Save"), form=form, back=back)


def _change_keys(channel: Channel, values: dict[str, Any]) -> None:
    for key in channel.keys.all():
        if str(key.pk) in values["removed"]:
            channels.remove_key(key=key)
        elif str(key.pk) not in values["used"]:
            channels.set_key_state(key=key, state=ChannelKey.State.DISABLED)
        elif key.state == ChannelKey.State.DISABLED:
            channels.set_key_state(key=key, state=ChannelKey.State.ACTIVE)
    for text in values["added"].splitlines():
        if text.strip():
            channels.add_key(channel=channel, key=text.strip())


def _states(channel: Channel) -> dict[str, str]:
    return {str(key.pk): key.state for key in channel.keys.order_by("pk")}
