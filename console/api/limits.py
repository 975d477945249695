"""Limits for many in the API: what each sub-key, each customer or a whole shop may do, by customer group and model."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers

from accounts import scope
from accounts.models import Tenant
from billing import desk
from console.api.fields import Amount, Count, Prose
from console.api.filters import Choice, Text
from console.api.rows import Deletable, DeskRows, ForShop, documented

SCOPES = desk.choices("limit", "scope")
SPENDING = {"five_hours_micros": "five_hours_limit", "day_micros": "day_limit", "week_micros": "week_limit", "month_micros": "month_limit"}


class LimitForm(serializers.Serializer[Any]):
    """A limit: null = none. Spending, in µ$, is for each customer over all their keys."""

    scope = serializers.ChoiceField(choices=SCOPES)
    group = Prose(max_length=40, required=False, help_text="A customer group; empty = every group.")
    models_matched = Prose(max_length=120, required=False, help_text="A pattern such as gpt-4o*; empty = all models together.")
    only_shop = serializers.RegexField(
        r"^[a-z0-9-]{1,40}$", allow_null=True, required=False, help_text="The platform's staff only: counts in this shop alone."
    )
    rpm, tpm, concurrency = (Count(allow_null=True, required=False) for _ in range(3))

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), **{name: Amount(source=kept, allow_null=True, required=False) for name, kept in SPENDING.items()}}


class LimitNew(ForShop, LimitForm):
    """A new limit; `shop` is who sets it."""


class LimitShown(serializers.Serializer[Any]):
    """A limit."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    only_shop = serializers.CharField(source="shop.slug", allow_null=True, default=None)
    scope = serializers.ChoiceField(choices=SCOPES)
    group = serializers.CharField()
    models_matched = serializers.CharField()
    rpm, tpm, concurrency = (serializers.IntegerField(allow_null=True) for _ in range(3))

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), **{name: serializers.IntegerField(source=kept, allow_null=True) for name, kept in SPENDING.items()}}


@documented("limits")
class LimitsView(DeskRows, Deletable):
    """Rules."""

    subject = "limits"
    table = "limit"
    related = ("tenant", "shop")
    serializer_class = LimitShown
    form, form_new = LimitForm, LimitNew
    filters = (Choice("scope", [scope for scope, _ in SCOPES]), Text("group"))

    def put(self, row: Any, values: dict[str, Any]) -> None:
        if "only_shop" in values:
            values["shop"] = self._only(values.pop("only_shop"))
        super().put(row, values)

    def _only(self, slug: str | None) -> Tenant | None:
        if slug is None:
            return None
        found = scope.narrow(self.actor, Tenant.objects.filter(slug=slug)).first() if self.actor.is_platform else None
        if found is None:
            raise exceptions.NotFound(_("There is no such shop."))
        return found
