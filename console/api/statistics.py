"""Statistics in the API: sales and calls by day and tenant, the tables of the back office."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from console.admin import statistics
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

    def _table(self, name: str) -> list[dict[str, Any]]:
        http = self.request._request
        form = statistics.SpanForm(http)
        if not form.is_valid():
            raise of_model(ValidationError(form.errors.as_data()))
        head, rows = statistics.table_of(http, form, name)
        return [dict(zip(head, row, strict=True)) for row in rows]
