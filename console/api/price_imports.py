"""Prices of another system in the API: a draft that shows every difference, and the same draft taken over."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import Tenant
from billing import price_book, price_drafts, price_formats
from billing.price_drafts import Change, Draft
from console.admin import price_imports
from console.api.errors import Refused
from console.api.fields import Prose, Words
from console.api.rows import ForShop


class PriceImport(ForShop):
    """A price file of another system, and which of its models; without `draft` nothing is changed."""

    format = serializers.ChoiceField(choices=price_imports.FORMATS)
    file = serializers.DictField(help_text="The exported JSON as it is.")
    pattern = Prose(max_length=200, default="", help_text="Names or patterns such as gpt-4o*, several with commas. Empty: all.")
    is_served = serializers.BooleanField(default=True, help_text="Only models that a channel serves or that have a price.")
    draft = Words(max_length=64, required=False, help_text="The mark of the draft you saw: take it over.")
    is_confirmed = serializers.BooleanField(default=False, help_text="Yes, ten times as dear or as cheap is meant.")
    with_groups = serializers.BooleanField(default=False, help_text="Take the customer groups over as well.")


class ChangeShown(serializers.Serializer[Any]):
    """One model of a draft."""

    model = serializers.CharField()
    state = serializers.ChoiceField(choices=["new", "changed", "same", "refused"])
    differences = serializers.ListField(child=serializers.CharField())
    preview = serializers.SerializerMethodField()
    reason = serializers.CharField()

    def get_preview(self, change: Change) -> str:
        return str(change.preview) if change.preview is not None else ""


class DraftShown(serializers.Serializer[Any]):
    """What an import would do, or did (`applied`: how many prices count from now on); `draft` is the mark to take it over by."""

    draft = serializers.CharField()
    applied = serializers.IntegerField(allow_null=True)
    changes = ChangeShown(many=True)
    groups = serializers.DictField(child=serializers.IntegerField(), help_text="In millionths.")
    notes = serializers.ListField(child=serializers.CharField())
    jumps = serializers.ListField(child=serializers.CharField(), help_text="What becomes ten times as dear or as cheap.")


def run(values: dict[str, Any], *, seller: Tenant, actor: Any) -> Any:
    """Compare a file with the prices that count, take the draft over when its mark is named; return what DraftShown shows."""
    try:
        foreign = price_formats.FORMATS[values["format"]](json.dumps(values["file"]))
    except price_formats.NotReadable as error:
        raise Refused(_("This is no such price file: %(problem)s") % {"problem": error}, field="file") from None
    foreign = price_imports.chosen(foreign, seller, pattern=values["pattern"], is_served=values["is_served"])
    if not foreign.models:
        raise Refused(_("None of its models is chosen: no channel serves them and none has a price."), field="file")
    if len(foreign.models) > price_imports.MOST_MODELS:
        raise Refused(_("%(count)d models are too many for one draft: choose fewer.") % {"count": len(foreign.models)}, field="pattern")
    draft = price_drafts.draft(foreign=foreign, tenant=seller)
    applied = _apply(draft, values, actor) if "draft" in values else None
    told = {"draft": price_imports.digest(draft), "applied": applied, "changes": draft.changes, "groups": dict(draft.groups)}
    return DraftShown({**told, "notes": foreign.notes, "jumps": draft.jumps}).data


def _apply(draft: Draft, values: dict[str, Any], actor: Any) -> int:
    if price_imports.digest(draft) != values["draft"]:
        raise Refused(_("Prices have changed since you saw this draft: look at it again."), field="draft")
    source = f"import from {values['format']}"
    confirmed, groups = values["is_confirmed"], values["with_groups"]
    try:
        return price_drafts.apply(draft=draft, source=source, actor=actor, is_confirmed=confirmed, with_groups=groups)
    except price_book.NeedsConfirming as error:
        raise Refused(str(error), field="is_confirmed") from None
    except price_book.BadPrice as error:
        raise Refused(str(error)) from None
