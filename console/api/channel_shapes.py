"""The shapes of channels in the API: what can be set, what is shown, and secrets that go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from channels_app import channel_settings, registry
from channels_app.models import Channel, ChannelKey
from console.admin.channel_forms import masked
from console.api.errors import Refused
from console.api.fields import Amount, Count, Prose, Words
from console.api.rows import ForShop

PROVIDERS = list(registry.providers())


class ChannelForm(serializers.Serializer[Any]):
    """What can be set; what is left out stays."""

    name = Words(max_length=80)
    base_url = serializers.RegexField(r"^((https?|wss?)://[!-~]+)?$", max_length=300, allow_blank=True, required=False)
    key = Prose(max_length=20_000, required=False, help_text="Replaces all keys; empty keeps them. Parts are joined by | .")
    options = serializers.DictField(
        child=Prose(max_length=20_000), required=False, help_text="By the names of `channel-vendors`; an empty text takes one away."
    )
    models = serializers.DictField(child=Words(max_length=200), required=False, help_text="Public name → name upstream.")
    groups = serializers.ListField(child=Words(max_length=40), required=False, max_length=100)
    tags = serializers.ListField(child=Words(max_length=40), required=False, max_length=100)
    priority = serializers.IntegerField(min_value=-2_147_483_648, max_value=2_147_483_647, required=False)
    weight = Count(required=False)
    key_order = serializers.ChoiceField(choices=Channel.KeyOrder.choices, required=False)
    rpm, tpm, concurrency = (Count(allow_null=True, required=False) for _ in range(3))
    daily_cost_micros = Amount(allow_null=True, required=False)
    allow_loss = serializers.BooleanField(required=False)
    allow_private = serializers.BooleanField(required=False, help_text="The platform's staff only.")
    is_watched = serializers.BooleanField(required=False)
    check_kind = serializers.ChoiceField(choices=Channel.CheckKind.choices, required=False)
    check_model = Prose(max_length=120, required=False)
    check_seconds = serializers.IntegerField(min_value=30, max_value=2_147_483_647, required=False)
    low_balance = serializers.DecimalField(max_digits=20, decimal_places=4, allow_null=True, required=False)

    def validate_models(self, served: dict[str, str]) -> dict[str, str]:
        if not served or any(not name or len(name) > 120 or "\x00" in name for name in served):
            raise Refused(_("Name the models this channel serves, each with at most 120 characters."), field="models")
        return served


class ChannelNew(ForShop, ChannelForm):
    """A new channel."""

    provider = serializers.ChoiceField(choices=PROVIDERS)


class CheckShown(serializers.Serializer[Any]):
    """How the last check went."""

    state = serializers.CharField()
    latency_ms = serializers.IntegerField(allow_null=True)
    failure = serializers.CharField()
    message = serializers.CharField()
    checked_at = serializers.DateTimeField(allow_null=True)


class PoolKeyNew(serializers.Serializer[Any]):
    """A credential for the pool."""

    key = Words(max_length=20_000)
    weight = Count(default=1)


class PoolKeyForm(serializers.Serializer[Any]):
    """Put aside or back, and its share of the calls."""

    state = serializers.ChoiceField(choices=["active", "disabled"], required=False)
    weight = Count(required=False)


class PoolKeyShown(serializers.Serializer[Any]):
    """A credential by its last four."""

    id = serializers.IntegerField(source="pk")
    channel = serializers.IntegerField(source="channel_id")
    shown = serializers.CharField(source="masked")
    weight = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ChannelKey.State.choices)
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()


class ChannelShown(serializers.Serializer[Any]):
    """A channel; secret options show their last four."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    name = serializers.CharField()
    provider = serializers.CharField()
    state = serializers.ChoiceField(choices=Channel.State.choices)
    reason = serializers.CharField()
    base_url = serializers.CharField()
    options = serializers.SerializerMethodField()
    models = serializers.SerializerMethodField()
    keys = PoolKeyShown(many=True)
    groups = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())
    priority = serializers.IntegerField()
    weight = serializers.IntegerField()
    key_order = serializers.ChoiceField(choices=Channel.KeyOrder.choices)
    rpm, tpm, concurrency = (serializers.IntegerField(allow_null=True) for _ in range(3))
    daily_cost_micros = serializers.IntegerField(allow_null=True)
    allow_loss = serializers.BooleanField()
    allow_private = serializers.BooleanField()
    is_watched = serializers.BooleanField()
    check_kind = serializers.ChoiceField(choices=Channel.CheckKind.choices)
    check_model = serializers.CharField()
    check_seconds = serializers.IntegerField()
    low_balance = serializers.DecimalField(max_digits=20, decimal_places=4, allow_null=True)
    fault = serializers.CharField()
    fault_percent = serializers.IntegerField()
    fault_until = serializers.DateTimeField(allow_null=True)
    last_check = serializers.SerializerMethodField()

    def get_options(self, channel: Channel) -> dict[str, str]:
        return {name: str(value) for name, value in masked(channel.provider, channel.options).items()}

    def get_models(self, channel: Channel) -> dict[str, str]:
        return {model.name: model.upstream_name for model in channel.models.all()}

    @extend_schema_field(CheckShown(allow_null=True))
    def get_last_check(self, channel: Channel) -> Any:
        check = getattr(channel, "check_result", None)
        return CheckShown(check).data if check is not None else None


class Drill(serializers.Serializer[Any]):
    """Which failure is played, for which share of the calls, for how long; an empty one ends it."""

    fault = serializers.ChoiceField(choices=Channel.Fault.choices, allow_blank=True)
    percent = serializers.IntegerField(min_value=1, max_value=100, default=100)
    minutes = serializers.IntegerField(min_value=1, max_value=1440, default=10)


class VendorField(serializers.Serializer[Any]):
    """One option or part of a vendor's key."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # its name on the wire
    is_secret = serializers.BooleanField()
    is_required = serializers.BooleanField()
    help = serializers.CharField()


class Vendor(serializers.Serializer[Any]):
    """A vendor and what its channels are made of."""

    slug = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # its name on the wire
    needs_key = serializers.BooleanField()
    needs_address = serializers.BooleanField()
    is_retired = serializers.BooleanField()
    default_models = serializers.ListField(child=serializers.CharField())
    key_parts = VendorField(many=True)
    options = VendorField(many=True, source="fields")


def options_of(provider: str, stored: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """Return a channel's options after a change; refuse a name that its vendor does not know."""
    vendor = registry.provider(provider)
    known = {field.name for field in (vendor.fields if vendor.is_local else (*vendor.fields, *channel_settings.FIELDS))}
    if unknown := sorted(set(typed) - known):
        raise Refused(
            _("%(vendor)s has no option %(unknown)s; it has: %(known)s.")
            % {"vendor": provider, "unknown": ", ".join(unknown), "known": ", ".join(sorted(known)) or "–"},
            field="options",
        )
    return {name: value for name, value in {**stored, **typed}.items() if value != ""}
