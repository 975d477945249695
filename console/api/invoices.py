"""Invoices that buyers ask for, in the API: looked at, issued as a PDF, declined with a reason, downloaded."""

from __future__ import annotations

import base64
import io
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import desk, invoices
from console.api.errors import Refused
from console.api.fields import File
from console.api.filters import Choice, Number
from console.api.rows import Reason, TableRows, documented

STATES = desk.choices("invoice", "state")


class InvoiceShown(serializers.Serializer[Any]):
    """A wish for an invoice, and what became of it."""

    id = serializers.IntegerField(source="pk")
    order = serializers.IntegerField(source="order_id")
    number = serializers.CharField(source="order.number")
    title = serializers.CharField()
    tax_number = serializers.CharField()
    note = serializers.CharField()
    total_minor = serializers.IntegerField(source="order.total_minor")
    currency = serializers.CharField(source="order.currency")
    state = serializers.ChoiceField(choices=STATES)
    answer = serializers.CharField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class Pdf(serializers.Serializer[Any]):
    """The invoice: a PDF of up to 5 MB without scripts or a password, in base64."""

    file = File(most_bytes=invoices.MOST_BYTES)


class PdfShown(serializers.Serializer[Any]):
    """The invoice that was issued, in base64."""

    file = serializers.CharField()


@documented("invoices")
class InvoicesView(TableRows):
    """Invoices."""

    subject = "orders"
    table = "invoice"
    related = ("order__tenant",)
    serializer_class = InvoiceShown
    filters = (Choice("state", [state for state, _ in STATES]), Number("order", "order_id"))

    @extend_schema(operation_id="invoices_issue", request=Pdf, responses=InvoiceShown)
    @action(detail=True, methods=["post"])
    def issue(self, request: Request, pk: int) -> Response:
        invoice, content = self.get_object(), self.read(Pdf)["file"]
        before = self.facts(invoice)
        try:
            invoices.issue(invoice=invoice, file=io.BytesIO(content), size=len(content), actor=self.actor.user)
        except invoices.InvoiceError as error:
            raise Refused(str(error), field="file" if isinstance(error, invoices.BadInvoice) else "") from None
        self.record_change(invoice, before=before, verb="issue")
        return Response(self.tell(invoice))

    @extend_schema(operation_id="invoices_decline", request=Reason, responses=InvoiceShown)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: int) -> Response:
        invoice, reason = self.get_object(), self.read(Reason)["reason"]
        before = self.facts(invoice)
        try:
            invoices.decline(invoice=invoice, reason=reason, actor=self.actor.user)
        except invoices.InvoiceError as error:
            raise Refused(str(error)) from None
        self.record_change(invoice, before=before, verb="decline")
        return Response(self.tell(invoice))

    @extend_schema(operation_id="invoices_file", responses=PdfShown)
    @action(detail=True, methods=["get"], pagination_class=None)
    def file(self, request: Request, pk: int) -> Response:
        try:
            content = invoices.read(self.get_object())
        except FileNotFoundError:
            raise exceptions.NotFound(_("It is not issued.")) from None
        return Response({"file": base64.b64encode(content).decode()})
