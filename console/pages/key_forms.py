"""The form of a sub-key's settings: what it may spend, call, from where and how fast, and until when."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import keys, model_aliases
from accounts.models import ApiKey
from billing import limits
from billing.quota_units import named
from console.pages.forms import QuotaField, kept, typed
from foundation.forms import HouseForm

KEEP = "keep"
LIFETIMES = (
    ("", _("never")),
    ("1", _("in a day")),
    ("7", _("in a week")),
    ("30", _("in 30 days")),
    ("90", _("in 90 days")),
    ("365", _("in a year")),
)
OVERLAPS = (
    ("0", _("at once")),
    ("1", _("in an hour")),
    ("24", _("in a day")),
    ("168", _("in a week")),
)
# The form's fields and the scopes of the limits behind them.
BUDGETS = {"allowance": "key", "five_hours": "5h", "day": "day", "week": "week", "month": "month"}
_VERB = {
    "allowance": "total_micros",
    "five_hours": "five_hours_micros",
    "day": "day_micros",
    "week": "week_micros",
    "month": "month_micros",
}
RATES = ("rpm", "tpm", "concurrency")
MOST = 1_000_000_000


def _rate(label: Any, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=MOST, help_text=help_text)


class KeyForm(HouseForm):
    """Ask for a name and, when wanted, limits."""

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Where it will be used: “NextChat on my phone”."))
    lifetime = forms.ChoiceField(label=_("Expires"), choices=LIFETIMES, required=False)
    allowance = QuotaField(
        label=named(_("Allowance in %(unit)s")), help_text=_("The key stops when this much is spent. Empty: all that is in the wallet.")
    )
    five_hours = QuotaField(label=named(_("%(unit)s in 5 hours")))
    day = QuotaField(label=named(_("%(unit)s a day")), help_text=_("The key pauses until the next day. Empty: no such limit."))
    week = QuotaField(label=named(_("%(unit)s a week")))
    month = QuotaField(label=named(_("%(unit)s a month")), help_text=_("The key pauses until the next month. Empty: no such limit."))
    rpm = _rate(_("Requests per minute"))
    tpm = _rate(_("Tokens per minute"))
    concurrency = _rate(_("Calls at once"))
    networks = forms.CharField(
        label=_("Networks it may call from"),
        required=False,
        max_length=2000,
        help_text=_("CIDR such as 203.0.113.0/24, several with commas."),
    )
    tags = forms.CharField(label=_("Tags"), required=False, max_length=400, help_text=_("Several with commas between them."))
    models = forms.MultipleChoiceField(
        label=_("Models"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None ticked: every model, also future ones.")
    )
    aliases = forms.CharField(
        label=_("Other names of models"),
        required=False,
        max_length=4000,
        help_text=_(
            "Chat clients ask for small models by names of their own, for titles and summaries. "
            "claude-haiku-*=gpt-5-mini answers them; several with commas. A name you can call as it is stays itself."
        ),
    )
    nonce = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)

    BUDGET_FIELDS = tuple(BUDGETS)
    RATE_FIELDS = RATES

    def __init__(self, *args: Any, model_names: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        if model_names:
            self.fields["models"].choices = [(name, name) for name in model_names]  # type: ignore[attr-defined]  # a choice field
        else:
            del self.fields["models"]

    def clean_networks(self) -> list[str]:
        try:
            return keys.clean_networks(self.cleaned_data["networks"].split(","))
        except ValueError:
            raise forms.ValidationError(gettext("Write networks as CIDR, such as 203.0.113.0/24.")) from None

    def clean_aliases(self) -> list[str]:
        try:
            return model_aliases.clean(self.cleaned_data["aliases"].split(","), allowed=self.cleaned_data.get("models") or ())
        except ValueError:
            raise forms.ValidationError(gettext("Write name=model, with a model that this key may call.")) from None

    def clean_tags(self) -> list[str]:
        return keys.clean_tags(self.cleaned_data["tags"].split(","))

    def budgets(self) -> list[forms.BoundField]:
        """Return the fields of what may be spent per window."""
        return [self[name] for name in BUDGETS if name != "allowance"]

    def rates(self) -> list[forms.BoundField]:
        """Return the fields of how fast it may call."""
        return [self[name] for name in RATES]

    def is_detailed(self) -> bool:
        """Tell whether something beyond name, expiry and allowance is set or wrong: then it is not folded away."""
        names = [name for name in (*BUDGETS, *RATES, "networks", "tags", "aliases") if name != "allowance"]
        return any(self[name].value() not in (None, "") or self[name].errors for name in names)

    def settings(self) -> dict[str, Any]:
        """Return what the verbs of `accounts.keys` take."""
        values = self.cleaned_data
        return {
            "name": values["name"],
            "expires_at": self.expires_at(),
            "models": values.get("models", ()),
            "aliases": values["aliases"],
            "networks": values["networks"],
            "tags": values["tags"],
            **{name: values[name] for name in RATES},
        }

    def expires_at(self) -> datetime.datetime | None:
        """Give the moment the key ends, or None."""
        days = self.cleaned_data.get("lifetime")
        return timezone.now() + datetime.timedelta(days=int(days)) if days else None

    def allowances(self) -> dict[str, int | None]:
        """Give the limits in µ$, as the verb that sets them takes them; None = no such limit."""
        return {verb: self.cleaned_data.get(field) for field, verb in _VERB.items()}


class KeyEditForm(KeyForm):
    """The same for a key that exists: its expiry stays unless another is chosen, models it may use stay on offer."""

    def __init__(self, *args: Any, key: ApiKey, model_names: Sequence[str] = (), **kwargs: Any) -> None:
        names = sorted({*model_names, *key.models_allowed})
        self._budgets = _budgets(key)
        super().__init__(*args, model_names=names, initial=_as_typed(key, self._budgets), **kwargs)
        self._expires_at = key.expires_at
        self.fields["lifetime"].choices = ((KEEP, _("as it is")), *LIFETIMES)  # type: ignore[attr-defined]  # a choice field

    def expires_at(self) -> datetime.datetime | None:
        if self.cleaned_data.get("lifetime") == KEEP:
            return self._expires_at
        return super().expires_at()

    def allowances(self) -> dict[str, int | None]:
        """Give the limits likewise; those that still show what they are stay just as they are."""
        return {verb: kept(self, field, self._budgets[field]) for field, verb in _VERB.items()}


class RotateForm(HouseForm):
    """Ask how long the old secret works on."""

    overlap = forms.ChoiceField(label=_("The old secret ends"), choices=OVERLAPS, initial="24")
    nonce = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def duration(self) -> datetime.timedelta:
        return datetime.timedelta(hours=int(self.cleaned_data["overlap"]))


def _budgets(key: ApiKey) -> dict[str, int | None]:
    """Return a key's limits in µ$ by their field."""
    found = {one.scope: one.limit_micros for one in limits.state(key.pk).windows}
    return {field: found.get(scope) for field, scope in BUDGETS.items()}


def _as_typed(key: ApiKey, budgets: Mapping[str, int | None]) -> Mapping[str, Any]:
    """Return a key's settings as its owner would type them."""
    amounts = {field: typed(micros) for field, micros in budgets.items()}
    lists = {"networks": key.networks_allowed, "tags": key.tags, "aliases": key.model_aliases}
    words = {name: ", ".join(listed) for name, listed in lists.items()} | {"models": key.models_allowed}
    return {"name": key.name, "lifetime": KEEP, **amounts, **words, **{name: getattr(key, name) for name in RATES}}
