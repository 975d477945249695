"""Sub-keys in numbers: issue many with their secrets in one file, change the limits of a selection, pause, rotate."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables

from accounts import keys, scope
from accounts.admin_scope import actor_of
from accounts.models import ApiKey, Membership
from billing import limits
from console.admin import pages
from console.admin.base import DeskAdmin, facts
from console.admin.fields import UsdField

MOST_AT_ONCE = 1_000
# The form's fields and the scopes of the limits behind them.
ALLOWANCES = {"total_micros": "key", "five_hours_micros": "5h", "day_micros": "day", "week_micros": "week", "month_micros": "month"}
RATES = ("rpm", "tpm", "concurrency")
OVERLAPS = ((0, gettext_lazy("at once")), (1, gettext_lazy("in an hour")), (24, gettext_lazy("in a day")), (168, gettext_lazy("in a week")))
Admin = DeskAdmin[ApiKey]


class LimitsForm(pages.DeskForm):
    """What keys may spend and how fast they may call."""

    total_micros = UsdField(label=gettext_lazy("Allowance in US dollars"), required=False)
    five_hours_micros = UsdField(label=gettext_lazy("US dollars in 5 hours"), required=False)
    day_micros = UsdField(label=gettext_lazy("US dollars a day"), required=False)
    week_micros = UsdField(label=gettext_lazy("US dollars a week"), required=False)
    month_micros = UsdField(label=gettext_lazy("US dollars a month"), required=False)
    rpm = forms.IntegerField(label=gettext_lazy("requests per minute"), required=False, min_value=1)
    tpm = forms.IntegerField(label=gettext_lazy("tokens per minute"), required=False, min_value=1)
    concurrency = forms.IntegerField(label=gettext_lazy("calls at once"), required=False, min_value=1)

    def typed(self, names: tuple[str, ...] | Mapping[str, str]) -> dict[str, Any]:
        """Return those of the fields in which something stands."""
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data[name] is not None}


class IssueForm(LimitsForm):
    """How many keys, for whom, and what they may do."""

    membership = forms.ModelChoiceField(queryset=Membership.objects.none(), label=gettext_lazy("Owner"))
    count = forms.IntegerField(label=gettext_lazy("Keys"), min_value=1, max_value=MOST_AT_ONCE, initial=100)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=50, help_text=gettext_lazy("A number is put behind it."))
    days = forms.IntegerField(
        label=gettext_lazy("Days until they expire"), required=False, min_value=1, help_text=gettext_lazy("Empty: never.")
    )
    models = forms.CharField(
        label=gettext_lazy("Models"), required=False, help_text=gettext_lazy("Several with commas between them. Empty: all.")
    )
    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        required=False,
        help_text=gettext_lazy("Several with commas between them: the list is searched by them."),
    )
    field_order = ("membership", "count", "name", "tags", "days", "models")

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = scope.narrow(actor_of(request), Membership.objects.select_related("user", "tenant").order_by("pk"))
        chosen: Any = self.fields["membership"]
        chosen.queryset = members
        # A shop may have a million customers: who owns the keys is typed by number or address, not chosen from a list.
        chosen.widget = forms.TextInput()
        pages.dress(chosen.widget)
        chosen.help_text = _("The customer's number or e-mail address.")

    def settings(self) -> dict[str, Any]:
        """Return what the verb that issues takes beside owner and name."""
        values = self.cleaned_data
        ends = timezone.now() + timedelta(days=values["days"]) if values["days"] else None
        words = {name: [word.strip() for word in values[name].split(",") if word.strip()] for name in ("models", "tags")}
        return {"expires_at": ends, **words, **{name: values[name] for name in RATES}}


class ChangeForm(LimitsForm):
    """The new limits of a selection: what is left empty stays, or goes when that is ticked."""

    is_whole = forms.BooleanField(
        label=gettext_lazy("Take away the limits that are left empty"), required=False, help_text=gettext_lazy("Otherwise they stay.")
    )


class RotateForm(pages.DeskForm):
    """How long the old secret works on."""

    hours = forms.TypedChoiceField(label=gettext_lazy("The old secret ends"), choices=OVERLAPS, coerce=int, initial=24)


def issue(admin: Admin, request: HttpRequest) -> HttpResponse:
    """Ask, then issue: all of the keys or none."""
    form = IssueForm(_by_address(request) if request.method == "POST" else None, request=request)
    if not form.is_valid():
        text = _("The file with the secrets is downloaded once and kept nowhere. Lost secrets are replaced by new ones.")
        return pages.ask(request, admin, title=_("Issue many keys"), submit=_("Issue and download"), form=form, explanation=text)
    return _issue(admin, request, form)


@sensitive_variables()
@transaction.atomic
def _issue(admin: Admin, request: HttpRequest, form: IssueForm) -> HttpResponse:
    owner, count, name = form.cleaned_data["membership"], form.cleaned_data["count"], form.cleaned_data["name"]
    settings, allowed = form.settings(), form.typed(ALLOWANCES)
    issued = [keys.issue(membership=owner, name=f"{name} {number}", **settings) for number in range(1, count + 1)]
    if allowed:
        for one in issued:
            limits.set_allowance(api_key_id=one.key.pk, **allowed)
    first = issued[0].key
    admin.record(request, "issue_many", first, after={"count": count, "owner": owner.pk, **facts(first), **allowed})
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="keys-{first.pk}-{issued[-1].key.pk}.csv"'
    response["Cache-Control"] = "no-store"
    writer = csv.writer(response)
    writer.writerow(["id", "name", "prefix", "key"])
    writer.writerows((one.key.pk, one.key.name, one.key.prefix, one.secret) for one in issued)
    return response


def change_limits(admin: Admin, request: HttpRequest, chosen: QuerySet[ApiKey]) -> HttpResponse | None:
    """Ask for the new limits of the selected keys, then set them."""
    form = ChangeForm(request.POST if "is_confirmed" in request.POST else None)
    for name in ("action", "select_across", ACTION_CHECKBOX_NAME):
        values = request.POST.getlist(name)
        form.fields[name] = forms.MultipleChoiceField(
            choices=[(value, value) for value in values], initial=values, required=False, widget=forms.MultipleHiddenInput
        )
    form.fields["is_confirmed"] = forms.CharField(initial="1", widget=forms.HiddenInput)
    if not form.is_valid():
        count = chosen.count()
        title = ngettext("Change the limits of %d sub-key", "Change the limits of %d sub-keys", count) % count
        return pages.ask(request, admin, title=title, submit=_("Change"), form=form)
    with transaction.atomic():
        found = list(chosen.exclude(state=ApiKey.State.REVOKED))
        for key in found:
            _change(admin, request, key, form)
    _say(admin, request, len(found))
    return None


def _change(admin: Admin, request: HttpRequest, key: ApiKey, form: ChangeForm) -> None:
    is_whole = form.cleaned_data["is_whole"]
    rates = (dict.fromkeys(RATES) if is_whole else {}) | form.typed(RATES)
    allowed = (dict.fromkeys(ALLOWANCES) if is_whole else {}) | form.typed(ALLOWANCES)
    before, after = set_limits(key, rates=rates, allowed=allowed)
    if after:
        admin.record(request, "limit", key, before=before, after=after)


def set_limits(key: ApiKey, *, rates: Mapping[str, Any], allowed: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set the named limits of a key, None takes one away; return those that differ, as they were and as they are."""
    before = facts(key) | allowances(limits.state(key.pk))
    keys.change(
        key=key, name=key.name, expires_at=key.expires_at, models=key.models_allowed, aliases=key.model_aliases,
        networks=key.networks_allowed, tags=key.tags, **({name: getattr(key, name) for name in RATES} | dict(rates)),
    )  # fmt: skip
    whole = {name: before[name] for name in ALLOWANCES} | dict(allowed)
    if any(whole[name] != before[name] for name in ALLOWANCES):
        limits.set_allowance(api_key_id=key.pk, **whole)
    after = facts(key) | whole
    names = [name for name in after if after[name] != before[name]]
    return {name: before[name] for name in names}, {name: after[name] for name in names}


def pause(admin: Admin, request: HttpRequest, chosen: QuerySet[ApiKey], *, is_paused: bool) -> None:
    """Refuse the selected keys for a while, or take them up again."""
    with transaction.atomic():
        found = list(chosen.exclude(state=ApiKey.State.REVOKED))
        for key in found:
            before = facts(key)
            keys.pause(key=key, is_paused=is_paused)
            admin.record_change(request, "pause" if is_paused else "unpause", key, before=before)
    _say(admin, request, len(found))


def rotate(admin: Admin, request: HttpRequest, key: ApiKey) -> HttpResponse:
    """Ask how long the old secret works on, then show the new one once."""
    back = pages.object_url(admin.admin_site.name, key)
    form = RotateForm(request.POST or None)
    if key.state == ApiKey.State.REVOKED or not form.is_valid():
        title = _("New secret of %s") % key.name
        text = _("A revoked key gets none.") if key.state == ApiKey.State.REVOKED else _("Limits, spending and history stay.")
        return pages.ask(request, admin, title=title, submit=_("Make the secret"), form=form, explanation=text, back=back)
    with transaction.atomic():
        before = facts(key)
        issued = keys.rotate(key=key, overlap=timedelta(hours=form.cleaned_data["hours"]))
        admin.record_change(request, "rotate", issued.key, before=before)
    boxes = [pages.Box(_("Secret"), issued.secret)]
    told = [(_("Owner"), key.membership), (_("The old secret ends"), issued.key.previous_until or _("at once"))]
    return pages.result(request, admin, title=_("Sub-key %s") % key.name, explanation=pages.once(), boxes=boxes, facts=told, back=back)


def _say(admin: Admin, request: HttpRequest, count: int) -> None:
    admin.message_user(request, ngettext("%d sub-key changed.", "%d sub-keys changed.", count) % count)


def allowances(state: limits.State) -> dict[str, int | None]:
    """Return a key's allowances by the names of the form's fields."""
    found = {one.scope: one.limit_micros for one in state.windows}
    return {name: found.get(scope) for name, scope in ALLOWANCES.items()}


def _by_address(request: HttpRequest) -> Any:
    """Return the form's data with the owner's number where an e-mail address was typed."""
    data = request.POST.copy()
    typed = data.get("membership", "").strip()
    if "@" in typed:
        members = scope.narrow(actor_of(request), Membership.objects.all())
        found = members.filter(user__email=typed.lower()).values_list("pk", flat=True).first()
        data["membership"] = str(found or "")
    return data
