"""The models the caller may call, in the API: what they cost, and whether they answer now."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from console.api.base import ApiView
from console.pages import models


class ModelShown(serializers.Serializer[Any]):
    """A model: µ$ a million tokens (null where tokens cost nothing), a call, a bucket that costs otherwise, a piece."""

    model = serializers.CharField(source="outlook.model")
    state = serializers.ChoiceField(choices=list(models.STATES), source="outlook.state")
    first_ms = serializers.IntegerField(source="outlook.first_ms", allow_null=True)
    input = serializers.IntegerField(source="sheet.input", allow_null=True)
    output = serializers.IntegerField(source="sheet.output", allow_null=True)
    per_call_micros = serializers.IntegerField(source="sheet.per_call")
    others = serializers.SerializerMethodField()
    pieces = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()

    def get_others(self, line: models.Line) -> dict[str, int]:
        return dict(line.sheet.others)

    def get_pieces(self, line: models.Line) -> dict[str, int]:
        return dict(line.sheet.pieces)

    def get_steps(self, line: models.Line) -> list[dict[str, int]]:
        return [{"above": above, "input": price_in, "output": price_out} for above, price_in, price_out in line.sheet.steps]


class ModelsView(ApiView):
    """Models."""

    subject = "account"
    serializer_class = ModelShown
    pagination_class = None

    @extend_schema(operation_id="models", responses=ModelShown(many=True))
    def retrieve(self, request: Request) -> Response:
        return Response(ModelShown(models.listed(self.member), many=True).data)
