"""Quota codes in the API: mint, promo codes, import, look at batches and single codes, freeze, reissue, revoke, export with a trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Count as Counted
from django.db.models import Q
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import code_imports, code_shelf, codes, desk, minting, promos, reissue
from console.admin.base import facts
from console.admin.codes import MOST_SHOWN
from console.api.code_shapes import STATES, BatchImported, BatchMinted, BatchShown, CodeImport, CodeShown, Export, Exported, Mint, Promo
from console.api.errors import Refused
from console.api.filters import Choice, Flag, Number, Text
from console.api.rows import Reason, TableRows, documented


@documented("code_batches")
class BatchesView(TableRows):
    """Batches."""

    subject = "codes"
    table = "batch"
    related = ("tenant", "actor")
    serializer_class = BatchShown
    filters = (Number("product"), Text("promo_code", "shared_text"), Flag("is_imported"), Text("shop", "tenant__slug"))
    own_scopes = frozenset({"export"})

    def get_queryset(self) -> Any:
        counted = {f"{state}_count": Counted("codes", filter=Q(codes__state=state)) for state, _ in STATES}
        return super().get_queryset().annotate(**counted)

    @extend_schema(operation_id="code_batches_mint", request=Mint, responses={201: BatchMinted, 202: BatchMinted})
    def create(self, request: Request) -> Response:
        values = self.read(Mint)
        tenant, number = self.shop(values.pop("shop", None)), values.pop("product", None)
        product = self.of(desk.rows("product"), tenant, number) if number else None
        units = values.pop("units_micros", None)
        if product is None and units is None:
            raise Refused(_("Say which product the codes are for, or the quota of each."), field="units_micros")
        try:
            minted = codes.mint(
                tenant=tenant, product=product, offline=product is None, units_micros=product.units_micros if product else units or 0,
                actor=self.actor.user, at_once=minting.AT_ONCE, **values,
            )  # fmt: skip
        except codes.CodeError as error:
            raise Refused(str(error), field="count") from None
        self.record("mint", minted.batch, after=facts(minted.batch))
        shown = minted.codes if minted.batch.count <= MOST_SHOWN else []
        return self._begun(minted.batch, BatchMinted, codes=shown)

    @extend_schema(operation_id="code_batches_promo", request=Promo, responses={201: BatchShown, 202: BatchShown})
    @action(detail=False, methods=["post"], pagination_class=None)
    def promo(self, request: Request) -> Response:
        values = self.read(Promo)
        tenant = self.shop(values.pop("shop", None))
        try:
            batch = promos.offer(tenant=tenant, actor=self.actor.user, at_once=minting.AT_ONCE, **values)
        except codes.CodeError as error:
            raise Refused(str(error), field="uses" if isinstance(error, codes.NotCovered) else "text") from None
        self.record("promo", batch, after=facts(batch))
        return self._begun(batch, BatchShown)

    @extend_schema(operation_id="code_batches_import", request=CodeImport, responses={200: BatchImported, 201: BatchImported})
    @action(detail=False, methods=["post"], url_path="import", pagination_class=None)
    def take_in(self, request: Request) -> Response:
        values = self.read(CodeImport)
        tenant, texts = self.shop(values.pop("shop", None)), values.pop("codes")
        try:
            done = code_imports.adopt(tenant=tenant, texts=texts, actor=self.actor.user, **values)
        except codes.CodeError as error:
            raise Refused(str(error), field="codes") from None
        if done.batch is None:
            return Response(BatchImported({"batch": None, "known": done.known}).data)
        self.record("import", done.batch, after=facts(done.batch))
        batch = self.get_queryset().get(pk=done.batch.pk)
        return Response(BatchImported({"batch": batch, "known": done.known}).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="code_batches_export", request=Export, responses=Exported)
    @action(detail=True, methods=["post"])
    def export(self, request: Request, pk: int) -> Response:
        batch, which = self.get_object(), self.read(Export)["which"]
        if batch.unminted:
            raise Refused(_("This batch is still being minted: read it again until all of its codes are made."))
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

    @extend_schema(operation_id="code_batches_reissue", request=Reason, responses={201: BatchShown})
    @action(detail=True, methods=["post"])
    def reissue(self, request: Request, pk: int) -> Response:
        batch, reason = self.get_object(), self.read(Reason)["reason"]
        try:
            made = reissue.reissue(batch=batch, actor=self.actor.user, reason=reason)
        except codes.CodeError as error:
            raise Refused(str(error)) from None
        self.record("reissue", batch, after={"batch": made.pk, "codes": made.count, "reason": reason})
        return self._begun(made, BatchShown)

    @extend_schema(operation_id="code_batches_revoke", request=Reason, responses=BatchShown)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: int) -> Response:
        return self._with_reason("revoke", code_shelf.revoke)

    def _begun(self, batch: Any, shape: type[BatchShown], **context: Any) -> Response:
        """Answer with a new batch: 202 while a worker has to make more of its codes."""
        minting.finish_later(batch)
        code = status.HTTP_202_ACCEPTED if batch.unminted else status.HTTP_201_CREATED
        return Response(shape(self.get_queryset().get(pk=batch.pk), context=context).data, status=code)

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
