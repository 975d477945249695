"""The upstream cost book: what each channel's vendor charges us for a model."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from channels_app import channels
from channels_app.models import ChannelCost
from console.admin.base import DeskAdmin
from console.admin.fields import UsdField
from console.admin.figures import usd

MAIN = ("input", "output", "per_call")


class ChannelCostAdmin(DeskAdmin[ChannelCost]):
    """What the upstream charges us, in dollars per million tokens."""

    list_display = ("channel", "model", "input_shown", "output_shown", "per_call_shown")
    list_select_related = ("channel",)
    list_filter = ("channel",)
    search_fields = ("model", "channel__name")
    ordering = ("channel__name", "model")
    delete_roles = ("owner", "manager")
    fieldsets = (
        (
            None,
            {"fields": ("channel", "model", "input", "output", "per_call"), "description": gettext_lazy("US dollars per million tokens.")},
        ),
        (gettext_lazy("Further buckets"), {"fields": ChannelCost.BUCKETS[1:6] + ChannelCost.BUCKETS[7:], "classes": ("collapse",)}),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in {*ChannelCost.BUCKETS, "per_call"}:
            return UsdField(label=db_field.verbose_name, required=not db_field.null, initial=0 if not db_field.null else None)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        channels.announce()

    @admin.display(description=gettext_lazy("input"), ordering="input")
    def input_shown(self, cost: ChannelCost) -> SafeString:
        return usd(cost.input)

    @admin.display(description=gettext_lazy("output"), ordering="output")
    def output_shown(self, cost: ChannelCost) -> SafeString:
        return usd(cost.output)

    @admin.display(description=gettext_lazy("per call"), ordering="per_call")
    def per_call_shown(self, cost: ChannelCost) -> SafeString:
        return usd(cost.per_call)
