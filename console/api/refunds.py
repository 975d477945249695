"""Money that goes back, in the API: refunds are looked at, sent again, marked as done, declined; disputes are looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import desk, refunds
from console.api.errors import Refused
from console.api.filters import Choice, Number, Text
from console.api.rows import Reason, TableRows, documented

STATES = desk.choices("refund", "state")
DISPUTE_STATES = desk.choices("dispute", "state")


class RefundShown(serializers.Serializer[Any]):
    """A refund; `problem` is what the gateway said when it did not pay."""

    id = serializers.IntegerField(source="pk")
    order = serializers.IntegerField(source="attempt.order_id")
    number = serializers.CharField(source="attempt.order.number")
    state = serializers.ChoiceField(choices=STATES)
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    takes_back = serializers.BooleanField()
    reason = serializers.CharField()
    problem = serializers.CharField()
    provider_number = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class DisputeShown(serializers.Serializer[Any]):
    """A payment that a buyer disputes at the bank."""

    id = serializers.IntegerField(source="pk")
    order = serializers.IntegerField(source="attempt.order_id")
    number = serializers.CharField(source="attempt.order.number")
    state = serializers.ChoiceField(choices=DISPUTE_STATES)
    reference = serializers.CharField()
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


@documented("refunds")
class RefundsView(TableRows):
    """Refunds."""

    subject = "orders"
    table = "refund"
    related = ("attempt__order__tenant",)
    serializer_class = RefundShown
    asking = frozenset({"send"})
    filters = (Choice("state", [state for state, _ in STATES]), Number("order", "attempt__order_id"))

    @extend_schema(operation_id="refunds_send", request=None, responses=RefundShown)
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: int) -> Response:
        refund = self.get_object()
        refunds.send_again(refund)
        self.record("send", refund)
        return Response(self.tell(self.get_object()))

    @extend_schema(operation_id="refunds_finish", request=Reason, responses=RefundShown)
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, pk: int) -> Response:
        return self._decide("finish", refunds.finish)

    @extend_schema(operation_id="refunds_decline", request=Reason, responses=RefundShown)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: int) -> Response:
        return self._decide("decline", refunds.decline)

    def _decide(self, verb: str, act: Callable[..., None]) -> Response:
        refund, reason = self.get_object(), self.read(Reason)["reason"]
        try:
            act(refund=refund, actor=self.actor.user, reason=reason)
        except refunds.RefundError as error:
            raise Refused(str(error)) from None
        self.record(verb, refund, after={"reason": reason})
        return Response(self.tell(self.get_object()))


@documented("disputes")
class DisputesView(TableRows):
    """Disputes."""

    subject = "orders"
    table = "dispute"
    related = ("attempt__order__tenant",)
    serializer_class = DisputeShown
    filters = (Choice("state", [state for state, _ in DISPUTE_STATES]), Text("reference"))
