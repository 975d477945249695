"""What asks a channel's upstream, in the API: test it now, its models, its balance; no transaction waits for the answer."""

from __future__ import annotations

from typing import Any, cast

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from channels_app import asking, balances, health, listings, registry
from channels_app.models import Channel, ChannelCheck
from console.api.base import STAFF, ApiView
from console.api.channel_shapes import Vendor
from console.api.errors import Refused
from console.api.rows import RowsView


class Probe(serializers.Serializer[Any]):
    """What was asked and answered, without secrets."""

    asked = serializers.CharField()
    answered = serializers.CharField()


class Tested(serializers.Serializer[Any]):
    """How the test went."""

    ok = serializers.BooleanField()
    latency_ms = serializers.IntegerField()
    first_ms = serializers.IntegerField(allow_null=True)
    failure = serializers.CharField()
    message = serializers.CharField()
    probes = Probe(many=True)


class ModelsUpstream(serializers.Serializer[Any]):
    """What the upstream lists, against what the channel serves; `problem` says why it did not answer."""

    listed = serializers.ListField(child=serializers.CharField())
    new = serializers.ListField(child=serializers.CharField())
    gone = serializers.ListField(child=serializers.CharField())
    problem = serializers.CharField()


class Reading(serializers.Serializer[Any]):
    """What the account behind a key holds, in the vendor's currency."""

    key = serializers.IntegerField(source="key_id", allow_null=True)
    amount = serializers.DecimalField(max_digits=24, decimal_places=6)
    currency = serializers.CharField()
    at = serializers.DateTimeField()


class Balances(serializers.Serializer[Any]):
    """Readings of now; none when somebody asked just now, or with the problem."""

    readings = Reading(many=True)
    problem = serializers.CharField()


class Acts(RowsView):
    """The acts of a channel that call its vendor."""

    asking = frozenset({"test", "upstream_models", "balance"})

    @extend_schema(operation_id="channels_test", request=None, responses=Tested)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        row = cast(Channel, self.get_object())
        found = health.probe(row.pk)
        if found is None:
            raise Refused(_("It is being checked at this moment, or its kind of check is off: see check_kind."))
        self.record("test", row, after={"ok": found.ok, "latency_ms": found.latency_ms})
        check = ChannelCheck.objects.get(channel=row)
        told = {"ok": found.ok, "latency_ms": found.latency_ms, "first_ms": found.first_ms, "probes": found.probes}
        return Response(Tested({**told, "failure": check.failure, "message": check.message}).data)

    @extend_schema(operation_id="channels_upstream_models", request=None, responses=ModelsUpstream)
    @action(detail=True, methods=["post"], url_path="upstream-models")
    def upstream_models(self, request: Request, pk: int) -> Response:
        row = cast(Channel, self.get_object())
        try:
            listing = listings.fetch(row.pk)
        except asking.NotOffered:
            raise Refused(_("This vendor has no list of models.")) from None
        found = listings.difference(listing)
        told = {"listed": sorted(listing.names), "new": found.new, "gone": found.gone, "problem": listing.problem}
        return Response(ModelsUpstream(told).data)

    @extend_schema(operation_id="channels_balance", request=None, responses=Balances)
    @action(detail=True, methods=["post"])
    def balance(self, request: Request, pk: int) -> Response:
        row = cast(Channel, self.get_object())
        try:
            found = balances.ask(row.pk)
        except asking.NotOffered:
            raise Refused(_("This vendor does not tell what an account holds.")) from None
        row.refresh_from_db()
        problem = getattr(getattr(row, "balance_check", None), "problem", "")
        return Response(Balances({"readings": found, "problem": problem}).data)


class VendorsView(ApiView):
    """Vendors, for those who add channels by program."""

    subject = "channels"
    read_roles = STAFF
    serializer_class = Vendor
    pagination_class = None

    @extend_schema(operation_id="channel_vendors", responses=Vendor(many=True))
    def list(self, request: Request) -> Response:
        return Response(Vendor(list(registry.providers().values()), many=True).data)
