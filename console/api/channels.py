"""Channels in the API: list, add, change, switch, copy, drill; keys and secret options are typed and never shown."""

from __future__ import annotations

import datetime
from typing import Any, cast

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from channels_app import channels, rounds
from channels_app.models import Channel, ChannelKey
from console.admin.base import facts
from console.admin.channel_forms import masked
from console.api.channel_acts import Acts
from console.api.channel_shapes import ChannelForm, ChannelNew, ChannelShown, Drill, PoolKeyForm, PoolKeyNew, PoolKeyShown, options_of
from console.api.errors import Refused
from console.api.filters import Choice, Text
from console.api.rows import Deletable, EditableRows, documented

# What `channels.add` takes of a new channel; everything else is set afterwards, as on a change.
_ADDED = ("name", "provider", "base_url", "models", "groups", "tags", "priority", "weight")


@documented("channels")
class ChannelsView(Acts, EditableRows):
    """Channels: a shop's own; the platform's staff have all."""

    subject = "channels"
    related = ("tenant", "check_result")
    serializer_class = ChannelShown
    form, form_new = ChannelForm, ChannelNew
    filters = (Choice("state", Channel.State.values), Text("provider"), Text("name"), Text("shop", "tenant__slug"))

    def rows(self) -> QuerySet[Any]:
        return Channel.objects.prefetch_related("models", "keys")

    def facts(self, row: Any) -> dict[str, Any]:
        kept = {"options": masked(row.provider, row.options), "models": sorted(str(model) for model in row.models.all())}
        return {**facts(row), **kept, "keys": [f"{key.masked} #{key.pk}" for key in row.keys.order_by("pk")]}

    def create(self, request: Request) -> Response:
        row = self.added(self.read(ChannelNew))
        return Response(self.tell(self.get_queryset().get(pk=row.pk)), status=status.HTTP_201_CREATED)

    def added(self, values: dict[str, Any]) -> Channel:
        """Add a channel of these values, with its line in the trail; raise Refused."""
        tenant, key = self.shop(values.pop("shop", None)), values.pop("key", "")
        if not (self.actor.is_platform or tenant.may_bring_channels):
            raise exceptions.PermissionDenied(_("The platform lets your shop bring no channels of its own."))
        added = {name: values.pop(name) for name in _ADDED if name in values}
        options = options_of(added["provider"], {}, values.pop("options", {}))
        try:
            row = channels.add(tenant=tenant, key=key, options=options, **added)
        except channels.ChannelError as error:
            raise _refused(error) from None
        self.put(row, values)
        rounds.after_change(row)
        self.record("add", row, after=self.facts(row))
        return row

    def partial_update(self, request: Request, pk: Any) -> Response:
        super().partial_update(request, pk)
        return Response(self.tell(self.get_object()))

    def put(self, row: Any, values: dict[str, Any]) -> None:
        if "allow_private" in values and not self.actor.is_platform:
            raise exceptions.PermissionDenied(_("Only the platform lets a channel call private addresses."))
        served, key = values.pop("models", None), values.pop("key", "")
        if "options" in values:
            values["options"] = options_of(row.provider, row.options, values["options"])
        try:
            channels.check_address(values.get("base_url", row.base_url))
            channels.check_settings(values.get("options", row.options))
        except channels.ChannelError as error:
            raise _refused(error) from None
        super().put(row, values)
        if served is not None:
            channels.serve(channel=row, served=served)
        if key:
            channels.set_key(channel=row, key=key)
        channels.announce()
        rounds.after_change(row)

    @extend_schema(operation_id="channels_enable", request=None, responses=ChannelShown)
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, pk: int) -> Response:
        return self._switch("enable")

    @extend_schema(operation_id="channels_disable", request=None, responses=ChannelShown)
    @action(detail=True, methods=["post"])
    def disable(self, request: Request, pk: int) -> Response:
        return self._switch("disable")

    @extend_schema(operation_id="channels_copy", request=None, responses={201: ChannelShown})
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, pk: int) -> Response:
        made = channels.copy(channel=self.get_object())
        self.record("add", made, after=self.facts(made))
        return Response(self.tell(self.get_queryset().get(pk=made.pk)), status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="channels_drill", request=Drill, responses=ChannelShown)
    @action(detail=True, methods=["post"])
    def drill(self, request: Request, pk: int) -> Response:
        row, values = cast(Channel, self.get_object()), self.read(Drill)
        before = self.facts(row)
        row.fault, row.fault_percent = values["fault"], values["percent"]
        row.fault_until = timezone.now() + datetime.timedelta(minutes=values["minutes"]) if values["fault"] else None
        row.save(update_fields=["fault", "fault_percent", "fault_until"])
        channels.announce()
        self.record_change(row, before=before, verb="drill")
        return Response(self.tell(self.get_object()))

    @extend_schema(methods=["GET"], operation_id="channels_keys", responses=PoolKeyShown(many=True))
    @extend_schema(methods=["POST"], operation_id="channels_add_key", request=PoolKeyNew, responses={201: PoolKeyShown})
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def keys(self, request: Request, pk: int) -> Response:
        row = cast(Channel, self.get_object())
        if request.method != "POST":
            return Response(PoolKeyShown(row.keys.order_by("pk"), many=True).data)
        made = channels.add_key(channel=row, **self.read(PoolKeyNew))
        rounds.after_change(row)
        self.record("keys", row, after={"keys": [f"{made.masked} #{made.pk}"]})
        return Response(PoolKeyShown(made).data, status=status.HTTP_201_CREATED)

    def _switch(self, verb: str) -> Response:
        row = self.get_object()
        before = self.facts(row)
        (channels.enable if verb == "enable" else channels.disable)(channel=row)
        self.record_change(row, before=before, verb=verb)
        return Response(self.tell(self.get_object()))


@documented("channel_keys")
class ChannelKeysView(EditableRows, Deletable):
    """The credentials of channels' pools, by their last four; new ones are added to their channel."""

    model = ChannelKey
    subject = "channels"
    related = ("channel__tenant",)
    serializer_class = PoolKeyShown
    form = form_new = PoolKeyForm
    filters = (Choice("state", ChannelKey.State.values),)
    http_method_names = ("get", "head", "options", "patch", "delete")

    def put(self, row: Any, values: dict[str, Any]) -> None:
        if state := values.pop("state", None):
            channels.set_key_state(key=row, state=ChannelKey.State(state))
        super().put(row, values)
        channels.announce()

    def destroy(self, request: Request, pk: Any) -> Response:
        row = self.get_object()
        self.record("delete", row, before={"key": f"{row.masked} #{row.pk}", "channel": row.channel.name})
        channels.remove_key(key=row)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _refused(error: channels.ChannelError) -> Refused:
    fields = {channels.NameTaken: "name", channels.NoSuchProvider: "provider", channels.BadAddress: "base_url"}
    name = f"options.{error.name}" if isinstance(error, channels.BadOption) else fields.get(type(error), "")
    return Refused(str(error), field=name)
