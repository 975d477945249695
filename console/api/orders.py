"""Orders in the API: for customers their own; staff look at payments and steps, deliver, cancel, pay back, ask the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import LegalPage
from billing import callbacks, codes, desk, hand_delivery, orders, outside, refunds, selectors, settlement
from console.api.base import CHANGERS
from console.api.errors import Refused
from console.api.fields import Above0, Words
from console.api.filters import Choice, Day, Flag, LastDay, Number, Text
from console.api.refunds import RefundShown
from console.api.rows import Reason, TableRows, documented

STATES = desk.choices("order", "state")


class AcceptedPage(serializers.Serializer[Any]):
    """A version of one of the shop's pages that the buyer accepted by ordering on the shop's page."""

    kind = serializers.ChoiceField(choices=LegalPage.Kind.choices)
    language = serializers.CharField()
    version = serializers.IntegerField()


class OrderShown(serializers.Serializer[Any]):
    """An order; its codes and its secret address are the buyer's alone."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    number = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    kind = serializers.CharField()
    product = serializers.IntegerField(source="product_id")
    product_name = serializers.CharField()
    quantity = serializers.IntegerField()
    units_micros = serializers.IntegerField()
    total_minor = serializers.IntegerField()
    currency = serializers.CharField()
    customer = serializers.IntegerField(source="membership_id", allow_null=True)
    email = serializers.CharField()
    contact = serializers.CharField()
    language = serializers.CharField()
    answers = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    accepted = AcceptedPage(many=True)
    created_at = serializers.DateTimeField()
    reserved_until = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)


class Payment(serializers.Serializer[Any]):
    """One try to pay."""

    id = serializers.IntegerField(source="pk")
    account = serializers.IntegerField(source="account_id")
    state = serializers.CharField()
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    received_minor = serializers.IntegerField(allow_null=True)
    received_currency = serializers.CharField()
    transaction = serializers.CharField(source="provider_transaction", allow_null=True)
    settles_order = serializers.BooleanField()
    review_reason = serializers.CharField()
    created_at = serializers.DateTimeField()


class Step(serializers.Serializer[Any]):
    """One step of the order or of a payment."""

    at = serializers.DateTimeField(source="created_at")
    before = serializers.CharField()
    after = serializers.CharField()
    payment = serializers.IntegerField(source="attempt_id", allow_null=True)
    by = serializers.CharField(source="actor.email", allow_null=True, default=None)
    reason = serializers.CharField()


class OrderDetail(OrderShown):
    """The same; staff also read why it waits, where it came from, its payments and its steps."""

    review_reason = serializers.SerializerMethodField()
    address = serializers.SerializerMethodField(help_text="From where it was placed.")
    payments = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()

    def get_review_reason(self, order: Any) -> str:
        return str(order.review_reason) if self.context["is_staff"] else ""

    def get_address(self, order: Any) -> str | None:
        return order.address if self.context["is_staff"] else None

    @extend_schema_field(Payment(many=True))
    def get_payments(self, order: Any) -> Any:
        return Payment(order.attempts.order_by("pk"), many=True).data if self.context["is_staff"] else []

    @extend_schema_field(Step(many=True))
    def get_steps(self, order: Any) -> Any:
        return Step(order.events.select_related("actor"), many=True).data if self.context["is_staff"] else []


class HandedOver(serializers.Serializer[Any]):
    """What the buyer of something delivered by hand gets: kept sealed, shown on the order's page, corrected by saying it again."""

    text = Words(max_length=20_000)


class Confirmed(Reason):
    """Money that no gateway reported: how much came in which currency, what proves it (each reference counts once), and why."""

    amount_minor = Above0()
    currency = serializers.RegexField(r"^[A-Z]{3}$")
    reference = serializers.CharField(max_length=100)


class PayBack(Reason):
    """Why; with `gesture_minor` so much is paid back and the buyer keeps everything, without it what was not used is taken back."""

    gesture_minor = Above0(required=False)
    to_credit = serializers.BooleanField(default=False, help_text="As store credit: the gateway pays nothing back.")


class Asked(serializers.Serializer[Any]):
    """How many payments had an end of which nobody had told us."""

    ended = serializers.IntegerField()
    order = OrderDetail()


class ToLookAt(Flag):
    """Only those with money that waits for a person: late, double, of a wrong amount."""

    def narrow(self, rows: QuerySet[Any], request: Request) -> QuerySet[Any]:
        return selectors.to_look_at(rows) if self.value(request) else rows


@documented("orders")
class OrdersView(TableRows):
    """Orders."""

    subject = "orders"
    read_roles = None
    write_roles = CHANGERS
    table = "order"
    related = ("tenant",)
    serializer_class = OrderShown
    asking = frozenset({"ask"})
    own_scopes = frozenset({"confirm"})
    filters = (
        Choice("state", [state for state, _ in STATES]), Text("number"), Text("email", "email__iexact"),
        Choice("kind", [kind for kind, _ in desk.choices("order", "kind")]), ToLookAt("look"), Number("customer", "membership_id"),
        Number("product"), Day("since", "created_at__gte"), LastDay("until", "created_at__lt"),
    )  # fmt: skip

    @extend_schema(operation_id="orders_read", responses=OrderDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._detail())

    @extend_schema(operation_id="orders_deliver", request=Reason, responses=OrderDetail)
    @action(detail=True, methods=["post"])
    def deliver(self, request: Request, pk: int) -> Response:
        return self._decide("deliver", settlement.deliver_reviewed)

    @extend_schema(operation_id="orders_confirm", request=Confirmed, responses=OrderDetail)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: int) -> Response:
        order, values = self.get_object(), self.read(Confirmed)
        before = order.state
        try:
            outside.confirm(order=order, actor=self.actor.user, **values)
        except orders.OrderError as error:
            raise Refused(str(error)) from None
        order.refresh_from_db()
        self.record("confirm", order, before={"state": before}, after={"state": order.state, **values})
        return Response(self._detail())

    @extend_schema(operation_id="orders_hand_over", request=HandedOver, responses=OrderDetail)
    @action(detail=True, methods=["post"], url_path="hand-over")
    def hand_over(self, request: Request, pk: int) -> Response:
        order, text = self.get_object(), self.read(HandedOver)["text"]
        before = order.state
        try:
            hand_delivery.deliver(order=order, text=text, actor=self.actor.user)
        except orders.OrderError as error:
            raise Refused(str(error)) from None
        order.refresh_from_db()
        self.record("hand_over", order, before={"state": before}, after={"state": order.state})
        return Response(self._detail())

    @extend_schema(operation_id="orders_cancel", request=Reason, responses=OrderDetail)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        return self._decide("cancel", orders.cancel)

    @extend_schema(operation_id="orders_refund", request=PayBack, responses={201: RefundShown})
    @action(detail=True, methods=["post"])
    def refund(self, request: Request, pk: int) -> Response:
        order, values = self.get_object(), self.read(PayBack)
        before, attempt = self.facts(order), refunds.refundable(order)
        if attempt is None:
            raise Refused(_("Nothing of this order can be paid back."))
        gesture = values.get("gesture_minor")
        try:
            refund = refunds.start(attempt=attempt, actor=self.actor.user, **values)
        except refunds.RefundError as error:
            raise Refused(str(error), field="gesture_minor" if gesture else "") from None
        order.refresh_from_db()
        self.record("refund", order, before=before, after={**self.facts(order), "refund_minor": refund.amount_minor})
        # The gateway is asked when the refund stands for sure; what it refuses, the sweep sends again.
        transaction.on_commit(lambda: refunds.send(refund), robust=True)
        return Response(RefundShown(refund).data, status=201)

    @extend_schema(operation_id="orders_ask", request=None, responses=Asked)
    @action(detail=True, methods=["post"])
    def ask(self, request: Request, pk: int) -> Response:
        order = self.get_object()
        waiting = order.attempts.filter(state="pending").select_related("account__tenant", "order")
        ended = sum(callbacks.ask(attempt) for attempt in waiting)
        self.record("ask", order, after={"found": ended})
        return Response({"ended": ended, "order": self._detail()})

    def _decide(self, verb: str, act: Callable[..., None]) -> Response:
        order, reason = self.get_object(), self.read(Reason)["reason"]
        before = self.facts(order)
        try:
            act(order=order, actor=self.actor.user, reason=reason)
        except (orders.OrderError, codes.CodeError) as error:
            raise Refused(str(error)) from None
        order.refresh_from_db()
        self.record_change(order, before=before, verb=verb)
        return Response(self._detail())

    def _detail(self) -> Any:
        return OrderDetail(self.get_object(), context={"is_staff": self.actor.is_staff}).data
