"""The most that shops may add to their wholesale prices, in the API: for the platform's staff."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from billing import price_book
from billing.money import MICROS
from console.api.errors import Refused
from console.api.filters import Text
from console.api.prices import VERSION
from console.api.rows import TableRows, documented


class CeilingSet(serializers.Serializer[Any]):
    """How much a shop may ask for, in millionths of its wholesale price: 2000000 is twice as much; null lifts the limit."""

    shop = serializers.RegexField(r"^[a-z0-9-]{1,40}$", help_text="The short name of the shop.")
    factor = serializers.IntegerField(min_value=MICROS, max_value=100 * MICROS, allow_null=True)


class CeilingShown(serializers.Serializer[Any]):
    """One version of a limit: it counts from one moment to another, at every call."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="book.tenant.slug")
    factor = serializers.IntegerField()
    valid_from = serializers.DateTimeField()
    valid_to = serializers.DateTimeField(allow_null=True)


@documented("price_ceilings")
class CeilingsView(TableRows):
    """Maximal mark-ups."""

    subject = "prices"
    is_platform = True
    table = "ceiling"
    related = ("book__tenant",)
    serializer_class = CeilingShown
    filters = (VERSION, Text("shop", "book__tenant__slug"))

    @extend_schema(operation_id="price_ceilings_set", request=CeilingSet, responses={200: None, 201: CeilingShown})
    def create(self, request: Request) -> Response:
        values = self.read(CeilingSet)
        try:
            made = price_book.set_ceiling(tenant=self.shop(values["shop"]), factor=values["factor"], actor=self.actor.user)
        except price_book.BadPrice as error:
            raise Refused(str(error), field="factor") from None
        return Response() if made is None else Response(self.tell(made), status=status.HTTP_201_CREATED)
