"""Many channels at once in the API: added by their keys, given other settings, checked; all or none."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from channels_app import rounds
from channels_app.models import Channel
from console.admin.channel_lines import MOST_AT_ONCE
from console.api.channel_shapes import ChannelNew, ChannelShown
from console.api.channels import ChannelsView
from console.api.errors import Refused
from console.api.fields import Amount, Count, Id, Place, Prose, Words
from console.api.filters import Choice
from console.api.rows import RowsView, documented
from console.api.system import JobShown
from foundation.models import Job


class ChannelLine(serializers.Serializer[Any]):
    """What one channel has of its own."""

    name = Words(max_length=80)
    base_url = Prose(max_length=300, required=False)
    key = Prose(max_length=20_000, required=False)


class ChannelsNew(ChannelNew):
    """The channels, and what all of them have in common."""

    channels = serializers.ListField(child=ChannelLine(), min_length=1, max_length=MOST_AT_ONCE)

    def get_fields(self) -> dict[str, Any]:
        return {name: field for name, field in super().get_fields().items() if name not in ChannelLine().fields}


class ChannelsMade(serializers.Serializer[Any]):
    """The new channels."""

    channels = ChannelShown(many=True)


class ChosenChannels(serializers.Serializer[Any]):
    """Channels by their numbers."""

    channels = serializers.ListField(child=Id(), min_length=1, max_length=1_000)


class ChannelsChange(ChosenChannels):
    """Which channels, and what becomes otherwise; what is left out stays."""

    groups = serializers.ListField(child=Words(max_length=40), required=False, min_length=1, max_length=100)
    tags = serializers.ListField(child=Words(max_length=40), required=False, max_length=100)
    priority = Place(required=False)
    weight = Count(required=False)
    rpm, tpm, concurrency = (Count(allow_null=True, required=False) for _ in range(3))
    daily_cost_micros = Amount(allow_null=True, required=False)
    check_seconds = serializers.IntegerField(min_value=30, max_value=2_147_483_647, required=False)


class ChannelsTouched(serializers.Serializer[Any]):
    """How many channels it is about."""

    channels = serializers.IntegerField()


class ChannelOutcome(serializers.Serializer[Any]):
    """What came of checking a channel: how long it took (`412 ms`), what failed, `not now` or `gone`."""

    channel = serializers.IntegerField()
    outcome = serializers.CharField()


class CheckRound(JobShown):
    """A round of checks and how far it is; `outcomes` are there once it is done."""

    outcomes = serializers.SerializerMethodField()

    @extend_schema_field(ChannelOutcome(many=True))
    def get_outcomes(self, job: Any) -> list[dict[str, Any]]:
        return [{"channel": int(number), "outcome": outcome} for number, outcome in job.result.items()]


class ChannelsInBulk(ChannelsView):
    """Channels by the dozen."""

    pagination_class = None

    @extend_schema(operation_id="channels_create_many", request=ChannelsNew, responses={201: ChannelsMade})
    @sensitive_variables("values", "lines", "line")
    def create_many(self, request: Request) -> Response:
        values = self.read(ChannelsNew)
        lines, made = values.pop("channels"), []
        for place, line in enumerate(lines):
            try:
                made.append(self.added({**values, **line}).pk)
            except Refused as error:
                fields = {f"channels.{place}.{name}" if name in line else name: texts for name, texts in error.fields.items()}
                raise Refused(str(error.detail), fields=fields) from None
        shown = [self.tell(row) for row in self.get_queryset().filter(pk__in=made).order_by("pk")]
        return Response({"channels": shown}, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="channels_change_many", request=ChannelsChange, responses=ChannelsTouched)
    def change_many(self, request: Request) -> Response:
        values = self.read(ChannelsChange)
        found = self._chosen(values.pop("channels"))
        for row in found:
            before = self.facts(row)
            self.put(row, dict(values))
            self.record_change(row, before=before)
        return Response({"channels": len(found)})

    @extend_schema(operation_id="channels_check_many", request=ChosenChannels, responses={202: CheckRound})
    def check_many(self, request: Request) -> Response:
        found = self._chosen(self.read(ChosenChannels)["channels"])
        job = rounds.ask_for(channels=[row.pk for row in found], scope_id=self.actor.tenant.pk)
        return Response(CheckRound(job).data, status=status.HTTP_202_ACCEPTED)

    def _chosen(self, numbers: list[int]) -> list[Channel]:
        found = list(self.get_queryset().filter(pk__in=numbers))
        if len(found) != len(set(numbers)):
            raise exceptions.NotFound(_("There is no such channel."))
        return found


@documented("channel_checks")
class ChecksView(RowsView):
    """Rounds of checks."""

    model = Job
    subject = "channels"
    serializer_class = CheckRound
    lookup_value_converter = "uuid"
    filters = (Choice("state", Job.State.values),)

    def rows(self) -> QuerySet[Any]:
        return super().rows().filter(kind=rounds.KIND)
