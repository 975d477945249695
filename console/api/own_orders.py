"""The caller's own orders in the API: pay, cancel, see what was delivered, take it into the account, ask for money or papers.

A payment through a gateway ends in a browser at the address that is told; one with store credit alone is done at once.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urljoin

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import keys
from billing import bought, buyers, checkout, codes, desk, gateways, invoices, orders, ready_keys, receipts, refunds
from billing.payments.base import GatewayError
from console.admin import purchases
from console.api.account import Redeemed
from console.api.base import CHANGERS
from console.api.errors import Refused
from console.api.fields import Id, Prose, Words
from console.api.filters import Choice, Text
from console.api.invoices import InvoiceShown, PdfShown
from console.api.orders import STATES, OrderShown
from console.api.rows import TableRows, documented


class WayShown(serializers.Serializer[Any]):
    """One way to pay: so much through the account in the currency it takes, and the rest, if any, with store credit in the order's."""

    account = serializers.IntegerField(source="account.pk")
    gateway = serializers.CharField(source="account.driver")
    name = serializers.CharField(source="account.name")
    amount_minor = serializers.IntegerField()
    credit_minor = serializers.IntegerField()
    currency = serializers.CharField()


class Askable(serializers.Serializer[Any]):
    """What could be paid back now: through the gateway in its currency, and to store credit in the order's."""

    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    credit_minor = serializers.IntegerField()


class OwnRefund(serializers.Serializer[Any]):
    """Money back, and where the shop declined, why."""

    id = serializers.IntegerField(source="pk")
    state = serializers.CharField()
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    credit_minor = serializers.IntegerField()
    to_credit = serializers.BooleanField()
    reason = serializers.CharField()
    answer = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)

    def get_answer(self, refund: Any) -> str:
        return str(refund.problem) if refund.state == "declined" else ""


class OwnOrder(OrderShown):
    """An order with the ways to pay it, what the shop wrote for its buyers, and what was asked for."""

    instructions = serializers.CharField()
    ways = serializers.SerializerMethodField()
    askable = serializers.SerializerMethodField()
    refunds = serializers.SerializerMethodField()
    invoice = serializers.SerializerMethodField()

    @extend_schema_field(WayShown(many=True))
    def get_ways(self, order: Any) -> Any:
        found = checkout.ways(order, payer=self.context["payer"]) if order.state == "pending" else []
        return WayShown(found, many=True).data

    @extend_schema_field(Askable(allow_null=True))
    def get_askable(self, order: Any) -> Any:
        could = buyers.askable(order)
        return None if could is None else Askable(could).data

    @extend_schema_field(OwnRefund(many=True))
    def get_refunds(self, order: Any) -> Any:
        return OwnRefund(desk.rows("refund").filter(attempt__order=order).order_by("pk"), many=True).data

    @extend_schema_field(InvoiceShown(allow_null=True))
    def get_invoice(self, order: Any) -> Any:
        found = desk.rows("invoice").filter(order=order).first()
        return None if found is None else InvoiceShown(found).data


class Way(serializers.Serializer[Any]):
    """How to pay: an account of the ways, and whether store credit pays what it covers."""

    account = Id()
    with_credit = serializers.BooleanField(default=False)


class PayAt(serializers.Serializer[Any]):
    """Where to go on in a browser; with store credit alone it is paid already.

    `scan` is the text of a QR code and `link` what opens the payment or its app, where the gateway gives one; else they are empty.
    So many `coins` of a `coin` go by the network `chain` to the address `to`, where coins are paid with.
    """

    url, scan, link, to, coins, coin, chain = (serializers.CharField() for _ in range(7))
    order = OwnOrder()


class Goods(serializers.Serializer[Any]):
    """A code, key, card or text that was delivered; empty for a key that was taken into an account."""

    id = serializers.CharField(source="element")
    text = serializers.CharField()
    state = serializers.CharField(source="label")
    is_open = serializers.BooleanField()


class Delivered(serializers.Serializer[Any]):
    """What was delivered."""

    pieces = Goods(many=True)


class ReadyKeyNamed(serializers.Serializer[Any]):
    """A ready key of the order by its `id`: `key-12`."""

    key = serializers.RegexField(r"^key-[1-9][0-9]{0,17}$")


class Taken(serializers.Serializer[Any]):
    """How many keys are in the account now."""

    keys = serializers.IntegerField()


class Why(serializers.Serializer[Any]):
    """Why; the shop's staff read it."""

    reason = Prose(max_length=200, default="")


class InvoiceWish(serializers.Serializer[Any]):
    """In whose name an invoice is wanted; the tax number is empty for a person."""

    title = Words(max_length=120)
    tax_number = Prose(max_length=30, default="")
    note = Prose(max_length=200, default="")


@documented("me_orders")
class OwnOrdersView(TableRows):
    """Own orders; those who run a shop find its purchases of stock too."""

    subject = "wallet"
    read_roles = write_roles = None
    table = "order"
    related = ("tenant",)
    serializer_class = OrderShown
    asking = frozenset({"ask", "pay"})
    filters = (Choice("state", [state for state, _ in STATES]), Text("number"))

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        mine = Q(membership=self.member)
        return rows.filter(mine | Q(recipient=self.actor.tenant) if self.actor.role in CHANGERS else mine)

    @extend_schema(operation_id="me_orders_read", responses=OwnOrder)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._detail())

    @extend_schema(operation_id="me_orders_pay", request=Way, responses=PayAt)
    @action(detail=True, methods=["post"])
    def pay(self, request: Request, pk: int) -> Response:
        order, values = self.get_object(), self.read(Way)
        account = next((one for one in gateways.usable(tenant=order.tenant) if one.pk == values["account"]), None)
        if account is None:
            raise exceptions.NotFound(_("There is no such way to pay."))
        site = order.site or purchases.site_of(request._request, order.tenant)
        try:
            url = checkout.begin(order, account, payer=self.member, with_credit=values["with_credit"], site=site)
        except orders.OrderError as error:
            raise Refused(str(error)) from None
        except GatewayError:  # its words are for the shop
            raise Refused(_("This way to pay does not answer at the moment: try it again, or another one.")) from None
        begun = checkout.waiting(order).filter(account=account).order_by("-pk").first()
        here = {name: str(begun.details.get(name, "")) if begun else "" for name in checkout.SHOWN_HERE}
        # The sandbox names a page of this site.
        return Response({"url": urljoin(f"{site}/", url), **here, "order": self._detail()})

    @extend_schema(operation_id="me_orders_ask", request=None, responses=OwnOrder)
    @action(detail=True, methods=["post"])
    def ask(self, request: Request, pk: int) -> Response:
        checkout.ask(self.get_object())
        return Response(self._detail())

    @extend_schema(operation_id="me_orders_cancel", request=None, responses=OwnOrder)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        try:
            orders.cancel(order=self.get_object(), reason="buyer")
        except orders.WrongState as error:
            raise Refused(str(error)) from None
        return Response(self._detail())

    @extend_schema(operation_id="me_orders_pieces", request=None, responses=Delivered)
    @action(detail=True, methods=["post"])
    def pieces(self, request: Request, pk: int) -> Response:
        return Response(Delivered({"pieces": bought.pieces(self.get_object())}).data)

    @extend_schema(operation_id="me_orders_mail", request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def mail(self, request: Request, pk: int) -> Response:
        if not buyers.mail_again(self.get_object()):
            raise Refused(_("It is mailed again when it is delivered and has an address, three times a day at most."))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="me_orders_redeem", request=None, responses=Redeemed)
    @action(detail=True, methods=["post"])
    def redeem(self, request: Request, pk: int) -> Response:
        try:
            done = codes.redeem_order(membership=self.member, order=self.get_object(), address=request.META.get("REMOTE_ADDR"))
        except codes.CodeError as error:
            raise Refused(str(error)) from None
        return Response(Redeemed({"units_micros": sum(one.units_micros for one in done)}).data)

    @extend_schema(operation_id="me_orders_claim", request=None, responses=Taken)
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, pk: int) -> Response:
        order = self.get_object()
        if order.state != "delivered":
            raise Refused(_("It is not delivered."))
        try:
            return Response({"keys": ready_keys.claim(order=order, membership=self.member)})
        except ready_keys.CannotClaim as error:
            raise Refused(str(error)) from None

    @extend_schema(operation_id="me_orders_rotate", request=ReadyKeyNamed, responses=Delivered)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: int) -> Response:
        order, number = self.get_object(), int(self.read(ReadyKeyNamed)["key"].removeprefix("key-"))
        ready = desk.rows("ready_key").filter(code__order=order, pk=number).first()
        if ready is None:
            raise exceptions.NotFound(_("There is no such key."))
        try:
            ready_keys.rotate(ready=ready)
        except ready_keys.CannotClaim as error:
            raise Refused(str(error)) from None
        except keys.KeyRevoked:
            raise Refused(_("This key was revoked: it gets no new secret.")) from None
        return Response(Delivered({"pieces": bought.pieces(order)}).data)

    @extend_schema(operation_id="me_orders_ask_back", request=Why, responses=OwnOrder)
    @action(detail=True, methods=["post"], url_path="ask-back")
    def ask_back(self, request: Request, pk: int) -> Response:
        try:
            refunds.request(order=self.get_object(), reason=self.read(Why)["reason"])
        except refunds.NothingToRefund as error:
            raise Refused(str(error)) from None
        return Response(self._detail())

    @extend_schema(operation_id="me_orders_receipt", responses=PdfShown)
    @action(detail=True, methods=["get"], pagination_class=None)
    def receipt(self, request: Request, pk: int) -> Response:
        found = receipts.of(self.get_object())
        if found is None:
            raise exceptions.NotFound(_("It is not paid."))
        return Response({"file": base64.b64encode(receipts.pdf(found)).decode()})

    @extend_schema(operation_id="me_orders_invoice", responses=PdfShown)
    @action(detail=True, methods=["get"], pagination_class=None)
    def invoice(self, request: Request, pk: int) -> Response:
        found = desk.rows("invoice").filter(order=self.get_object(), state="issued").first()
        try:
            if found is not None:
                return Response({"file": base64.b64encode(invoices.read(found)).decode()})
        except FileNotFoundError:
            pass
        raise exceptions.NotFound(_("It is not issued."))

    @extend_schema(operation_id="me_orders_ask_invoice", request=InvoiceWish, responses=OwnOrder)
    @invoice.mapping.post
    def ask_invoice(self, request: Request, pk: int) -> Response:
        try:
            invoices.request(order=self.get_object(), **self.read(InvoiceWish))
        except invoices.InvoiceError as error:
            raise Refused(str(error), field="tax_number" if isinstance(error, invoices.BadInvoice) else "") from None
        return Response(self._detail())

    def _detail(self) -> Any:
        return OwnOrder(self.get_object(), context={"payer": self.member}).data
