"""Statistics in the API: sales and calls by day and tenant, the funnel, the best products, customers to know, first steps."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from console.admin import checklist, dashboard, statistics
from console.api.base import ApiView
from console.api.errors import of_model
from console.api.filters import Number

SPAN = [OpenApiParameter(name, OpenApiTypes.DATE, description="A day in UTC, itself within.") for name in ("since", "until")]
WHOSE = Number("tenant").parameter


class SalesDay(serializers.Serializer[Any]):
    """What a shop sold on a day in a currency; a number that nobody knows is null."""

    day = serializers.DateField()
    tenant = serializers.CharField()
    currency = serializers.CharField()
    orders = serializers.IntegerField()
    pieces = serializers.IntegerField()
    gross_minor = serializers.IntegerField()
    returned_minor = serializers.IntegerField()
    fees_minor = serializers.IntegerField()
    quota_micros = serializers.IntegerField()
    cost_minor = serializers.IntegerField(allow_null=True)
    margin_minor = serializers.IntegerField(allow_null=True)


class CallsDay(serializers.Serializer[Any]):
    """What calls brought a shop on a day, in µ$; costs upstream are for the platform, earnings on shops below for shops."""

    day = serializers.DateField()
    tenant = serializers.CharField()
    calls = serializers.IntegerField()
    price_micros = serializers.IntegerField()
    earned_micros = serializers.IntegerField()
    wholesale_micros = serializers.IntegerField()
    uncosted_calls = serializers.IntegerField(required=False)
    cost_micros = serializers.IntegerField(required=False)
    margin_micros = serializers.IntegerField(required=False)
    below_micros = serializers.IntegerField(required=False)


class Funnel(serializers.Serializer[Any]):
    """How far the orders came that were placed in the span; `with_codes` of the delivered can be redeemed at all."""

    placed, started, paid, delivered, with_codes, redeemed = (serializers.IntegerField() for _ in range(6))


class Best(serializers.Serializer[Any]):
    """A product and what was sold of it in one currency."""

    name = serializers.CharField()
    currency = serializers.CharField()
    orders = serializers.IntegerField()
    pieces = serializers.IntegerField()
    gross_minor = serializers.IntegerField()


class CustomerToKnow(serializers.Serializer[Any]):
    """A customer, with what they spent, or have left, in µ$."""

    customer = serializers.IntegerField(source="id")
    name = serializers.CharField()
    micros = serializers.IntegerField()


class CustomersToKnow(serializers.Serializer[Any]):
    """Who spent most in the month, and who of the largest is nearly out of quota."""

    month = serializers.CharField()
    dearest = CustomerToKnow(many=True)
    running_dry = CustomerToKnow(many=True)


class StepShown(serializers.Serializer[Any]):
    """One thing that a new shop does first."""

    text = serializers.CharField()
    is_done = serializers.BooleanField()


class StatisticsView(ApiView):
    """Statistics: the last 30 days, or the days asked for."""

    subject = "orders"
    read_roles = statistics.EXPORT_ROLES
    serializer_class = SalesDay
    pagination_class = None

    @extend_schema(operation_id="statistics_sales", parameters=[*SPAN, WHOSE], responses=SalesDay(many=True))
    def sales(self, request: Request) -> Response:
        return Response(SalesDay(self._table("sales"), many=True).data)

    @extend_schema(operation_id="statistics_calls", parameters=[*SPAN, WHOSE], responses=CallsDay(many=True))
    def calls(self, request: Request) -> Response:
        return Response(self._table("calls"))

    @extend_schema(operation_id="statistics_funnel", parameters=[*SPAN, WHOSE], responses=Funnel)
    def funnel(self, request: Request) -> Response:
        return Response(Funnel(statistics.funnel_of(request._request, self._span())).data)

    @extend_schema(operation_id="statistics_products", parameters=[*SPAN, WHOSE], responses=Best(many=True))
    def products(self, request: Request) -> Response:
        return Response(Best(statistics.best_of(request._request, self._span()), many=True).data)

    @extend_schema(operation_id="statistics_customers", responses=CustomersToKnow)
    def customers(self, request: Request) -> Response:
        month, known = dashboard.to_know(self.actor)
        told = {"month": f"{month:%Y-%m}", "dearest": known.dearest, "running_dry": known.running_dry}
        return Response(CustomersToKnow(told).data)

    @extend_schema(operation_id="statistics_checklist", responses=StepShown(many=True))
    def checklist(self, request: Request) -> Response:
        return Response(StepShown(checklist.steps(self.actor.tenant, "reseller"), many=True).data)

    def _table(self, name: str) -> list[dict[str, Any]]:
        head, rows = statistics.table_of(self.request._request, self._span(), name)
        return [dict(zip(head, row, strict=True)) for row in rows]

    def _span(self) -> statistics.SpanForm:
        form = statistics.SpanForm(self.request._request)
        if not form.is_valid():
            raise of_model(ValidationError(form.errors.as_data()))
        return form
