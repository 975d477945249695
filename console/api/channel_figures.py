"""What is known of a channel, in the API: calls, speed, failures and money of the last day, its balance of the last month."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_app import tallies
from channels_app.models import BalanceReading
from console.admin.channel_insight import BALANCE_DAYS, DAY
from console.api.channel_acts import Reading
from console.api.channels import ChannelsView
from gateway import speeds

MOST_READINGS = 200


class PercentilesShown(serializers.Serializer[Any]):
    """Milliseconds within which 50, 90 and 99 of a hundred calls were answered."""

    p50, p90, p99 = (serializers.IntegerField() for _ in range(3))


class Figures(serializers.Serializer[Any]):
    """The last 24 hours in µ$ and milliseconds, failures by their kind; readings of the balance, the newest first."""

    calls = serializers.IntegerField()
    broken = serializers.IntegerField()
    after_others = serializers.IntegerField(help_text="Answered after other channels had failed.")
    uncosted = serializers.IntegerField()
    first = PercentilesShown(allow_null=True)
    total = PercentilesShown(allow_null=True)
    price_micros = serializers.IntegerField()
    earned_micros = serializers.IntegerField()
    cost_micros = serializers.IntegerField()
    margin_micros = serializers.IntegerField()
    failures = serializers.DictField(child=serializers.IntegerField())
    balances = Reading(many=True)


class FiguresView(ChannelsView):
    """Figures of one channel."""

    pagination_class = None

    @extend_schema(operation_id="channels_figures", responses=Figures)
    def figures(self, request: Request, pk: int) -> Response:
        row, now = self.get_object(), timezone.now()
        found = speeds.of_channel(row.pk, since=now - DAY, until=now + timedelta(minutes=1))
        names = ("calls", "broken", "after_others", "uncosted", "first", "total", "price_micros", "earned_micros", "cost_micros")
        told = {name: getattr(found, name) for name in (*names, "margin_micros")}
        failures = {str(kind): count for kind, count in tallies.kinds(channel_id=row.pk, since=now - DAY).items()}
        since = now - timedelta(days=BALANCE_DAYS)
        readings = BalanceReading.objects.filter(channel=row, at__gt=since).order_by("-at")[:MOST_READINGS]
        return Response(Figures({**told, "failures": failures, "balances": readings}).data)
