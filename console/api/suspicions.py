"""Purchases that shops may have made in themselves, in the API: for the platform's staff, who decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import desk, self_dealing
from console.api.errors import Refused
from console.api.filters import Choice, Text
from console.api.rows import Reason, TableRows, documented

STATES = desk.choices("suspicion", "state")


class SuspicionShown(serializers.Serializer[Any]):
    """An order that may be the shop's own purchase: its money does not mature unless it is cleared."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="order.tenant.slug")
    order = serializers.IntegerField(source="order_id")
    number = serializers.CharField(source="order.number")
    total_minor = serializers.IntegerField(source="order.total_minor")
    currency = serializers.CharField(source="order.currency")
    signs = serializers.ListField(child=serializers.CharField(), help_text="account, email, address, browser, payment, redeemed")
    state = serializers.ChoiceField(choices=STATES)
    reason = serializers.CharField()
    decided_by = serializers.CharField(source="decided_by.email", allow_null=True, default=None)
    decided_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


@documented("suspicions")
class SuspicionsView(TableRows):
    """Suspected own purchases."""

    subject = "payments"
    is_platform = True
    table = "suspicion"
    related = ("order__tenant", "decided_by")
    serializer_class = SuspicionShown
    filters = (Choice("state", [state for state, _ in STATES]), Text("shop", "order__tenant__slug"))

    @extend_schema(operation_id="suspicions_clear", request=Reason, responses=SuspicionShown)
    @action(detail=True, methods=["post"])
    def clear(self, request: Request, pk: int) -> Response:
        return self._decide("clear", self_dealing.clear)

    @extend_schema(operation_id="suspicions_uphold", request=Reason, responses=SuspicionShown)
    @action(detail=True, methods=["post"])
    def uphold(self, request: Request, pk: int) -> Response:
        return self._decide("uphold", self_dealing.uphold)

    def _decide(self, verb: str, act: Callable[..., None]) -> Response:
        row, values = self.get_object(), self.read(Reason)
        before = self.facts(row)
        try:
            act(suspicion=row, actor=self.actor.user, **values)
        except self_dealing.WrongStep as error:
            raise Refused(str(error)) from None
        self.record_change(row, before=before, verb=verb)
        return Response(self.tell(row))
