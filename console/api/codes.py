"""Quota codes in the API: mint, look at batches and single codes, freeze, revoke, export with a line in the trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Count as Counted
from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import code_shelf, codes, desk
from console.admin.base import facts
from console.admin.codes import MOST_SHOWN
from console.api.errors import Refused
from console.api.fields import Above0, Id, Prose
from console.api.filters import Choice, Number, Text
from console.api.rows import ForShop, Reason, TableRows, documented

STATES = desk.choices("code", "state")


class Mint(ForShop):
    """What to mint: for a product, which says the denomination, or `units_micros` each for sale elsewhere."""

    product = Id(required=False)
    units_micros = Above0(required=False, help_text="Only without a product.")
    count = serializers.IntegerField(min_value=1, max_value=codes.MOST_PER_BATCH)
    redeem_by = serializers.DateTimeField(required=False, allow_null=True)
    valid_days = serializers.IntegerField(min_value=1, max_value=36_500, required=False, allow_null=True)
    note = Prose(max_length=200, required=False)


class BatchShown(serializers.Serializer[Any]):
    """Codes minted together, and how many of them are in which state."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    product = serializers.IntegerField(source="product_id", allow_null=True)
    units_micros = serializers.IntegerField()
    count = serializers.IntegerField()
    states = serializers.SerializerMethodField()
    is_offline = serializers.BooleanField()
    redeem_by = serializers.DateTimeField(allow_null=True)
    valid_days = serializers.IntegerField(allow_null=True)
    note = serializers.CharField()
    by = serializers.CharField(source="actor.email", allow_null=True, default=None)
    created_at = serializers.DateTimeField()

    def get_states(self, batch: Any) -> dict[str, int]:
        return {state: getattr(batch, f"{state}_count") for state, _ in STATES}


class BatchMinted(BatchShown):
    """A new batch; `codes` are plain and shown this once for up to 200, larger batches are exported."""

    codes = serializers.SerializerMethodField()

    def get_codes(self, batch: Any) -> list[str]:
        return list(self.context["codes"])


class Export(serializers.Serializer[Any]):
    """Which codes leave: those not sold yet, or all."""

    which = serializers.ChoiceField(choices=["available", "all"], default="available")


class PlainCode(serializers.Serializer[Any]):
    """One code as good as money."""

    serial = serializers.IntegerField()
    code = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)


class Exported(serializers.Serializer[Any]):
    """What left; who exported it, and when, is in the trail."""

    codes = PlainCode(many=True)


class CodeShown(serializers.Serializer[Any]):
    """A code by its last four."""

    id = serializers.IntegerField(source="pk")
    batch = serializers.IntegerField(source="batch_id")
    serial = serializers.IntegerField()
    last4 = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    order = serializers.CharField(source="order.number", allow_null=True, default=None)
    redeemed_by = serializers.IntegerField(source="redeemed_by_id", allow_null=True)
    redeemed_at = serializers.DateTimeField(allow_null=True)


@documented("code_batches")
class BatchesView(TableRows):
    """Batches."""

    subject = "codes"
    table = "batch"
    related = ("tenant", "actor")
    serializer_class = BatchShown
    filters = (Number("product"), Text("shop", "tenant__slug"))

    def get_queryset(self) -> Any:
        counted = {f"{state}_count": Counted("codes", filter=Q(codes__state=state)) for state, _ in STATES}
        return super().get_queryset().annotate(**counted)

    @extend_schema(operation_id="code_batches_mint", request=Mint, responses={201: BatchMinted})
    def create(self, request: Request) -> Response:
        values = self.read(Mint)
        tenant, number = self.shop(values.pop("shop", None)), values.pop("product", None)
        product = self.of(desk.rows("product"), tenant, number) if number else None
        units = values.pop("units_micros", None)
        if product is None and units is None:
            raise Refused("Say which product the codes are for, or the quota of each.", field="units_micros")
        try:
            minted = codes.mint(
                tenant=tenant, product=product, offline=product is None, units_micros=product.units_micros if product else units or 0,
                actor=self.actor.user, **values,
            )  # fmt: skip
        except codes.CodeError as error:
            raise Refused(str(error), field="count") from None
        self.record("mint", minted.batch, after=facts(minted.batch))
        shown = minted.codes if len(minted.codes) <= MOST_SHOWN else []
        batch = self.get_queryset().get(pk=minted.batch.pk)
        return Response(BatchMinted(batch, context={"codes": shown}).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="code_batches_export", request=Export, responses=Exported)
    @action(detail=True, methods=["post"])
    def export(self, request: Request, pk: int) -> Response:
        batch, which = self.get_object(), self.read(Export)["which"]
        rows = desk.rows("code").filter(batch=batch).select_related("batch").order_by("serial")
        found = list(rows.filter(state="available") if which == "available" else rows)
        try:
            texts = codes.reveal(found)
        except codes.CodeError as error:
            raise Refused(str(error)) from None
        self.record("export", batch, after={"codes": len(found), "which": which})
        told = [{"serial": row.serial, "code": text, "state": row.state} for row, text in zip(found, texts, strict=True)]
        return Response(Exported({"codes": told}).data)

    @extend_schema(operation_id="code_batches_freeze", request=Reason, responses=BatchShown)
    @action(detail=True, methods=["post"])
    def freeze(self, request: Request, pk: int) -> Response:
        return self._with_reason("freeze", code_shelf.freeze)

    @extend_schema(operation_id="code_batches_unfreeze", request=Reason, responses=BatchShown)
    @action(detail=True, methods=["post"])
    def unfreeze(self, request: Request, pk: int) -> Response:
        return self._with_reason("unfreeze", code_shelf.unfreeze)

    @extend_schema(operation_id="code_batches_revoke", request=Reason, responses=BatchShown)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: int) -> Response:
        return self._with_reason("revoke", code_shelf.revoke)

    def _with_reason(self, verb: str, act: Callable[..., int]) -> Response:
        batch, reason = self.get_object(), self.read(Reason)["reason"]
        try:
            count = act(batch=batch, actor=self.actor.user, reason=reason)
        except codes.CodeError as error:
            raise Refused(str(error)) from None
        self.record(verb, batch, after={"codes": count, "reason": reason})
        return Response(self.tell(self.get_object()))


@documented("codes")
class CodesView(TableRows):
    """Single codes."""

    subject = "codes"
    table = "code"
    related = ("batch", "order")
    serializer_class = CodeShown
    filters = (Number("batch"), Choice("state", [state for state, _ in STATES]), Text("last4"), Text("order", "order__number"))
