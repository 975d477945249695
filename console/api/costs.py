"""What upstreams charge us, in the API: one entry a channel and model."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from channels_app import channels, costs
from channels_app.models import Channel, ChannelCost
from console.api.fields import Amount, Id, Words
from console.api.filters import Number, Text
from console.api.rows import Deletable, documented

# These are never null: what is not named costs nothing.
PLAIN = ("input", "output", "per_call")
OTHERS = tuple(name for name in ChannelCost.BUCKETS if name not in PLAIN)


class CostSet(serializers.Serializer[Any]):
    """What a model costs on a channel: µ$ per million tokens by bucket, `per_call` in µ$; `*` is every other model."""

    channel = Id()
    model = Words(max_length=120)

    def get_fields(self) -> dict[str, Any]:
        plain = {name: Amount(required=False) for name in PLAIN}
        return {**super().get_fields(), **plain, **{name: Amount(allow_null=True, required=False) for name in OTHERS}}


class CostShown(serializers.Serializer[Any]):
    """An entry of the cost book."""

    id = serializers.IntegerField(source="pk")
    channel = serializers.IntegerField(source="channel_id")
    model = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), **{name: serializers.IntegerField(allow_null=True) for name in (*PLAIN, *OTHERS)}}


@documented("channel_costs")
class CostsView(Deletable):
    """The cost book: setting an entry again changes what is named."""

    model = ChannelCost
    subject = "channels"
    related = ("channel__tenant",)
    serializer_class = CostShown
    filters = (Number("channel"), Text("model"))

    @extend_schema(operation_id="channel_costs_set", request=CostSet, responses={201: CostShown})
    def create(self, request: Request) -> Response:
        values = self.read(CostSet)
        number, model = values.pop("channel"), values.pop("model")
        channel = self.one(Channel.objects.all(), number)
        old = ChannelCost.objects.filter(channel=channel, model=model).first()
        before = self.facts(old) if old is not None else {}
        row = costs.set_cost(channel=channel, model=model, **values)
        if old is None:
            self.record("add", row, after=self.facts(row))
        else:
            self.record_change(row, before=before)
        return Response(self.tell(row), status=status.HTTP_201_CREATED)

    def destroy(self, request: Request, pk: Any) -> Response:
        answer = super().destroy(request, pk)
        channels.announce()
        return answer
