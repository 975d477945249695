"""Money of shops at the platform, in the API: what is owed, asked for by the shop, decided by the platform, and the statement."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import desk, payables
from console.api.errors import Refused
from console.api.fields import Above0, Currency, Words
from console.api.filters import Choice, Text
from console.api.rows import Reason, TableRows, documented

STATES = desk.choices("withdrawal", "state")
_MOST_LINES = 1_000


class WithdrawalNew(serializers.Serializer[Any]):
    """How much to withdraw, and where to."""

    currency = Currency()
    amount_minor = Above0()
    destination = Words(max_length=200, help_text="The account that the platform pays to: bank, name, number.")


class WithdrawalShown(serializers.Serializer[Any]):
    """A shop's request for money, and what became of it."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    state = serializers.ChoiceField(choices=STATES)
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    destination = serializers.CharField()
    reference = serializers.CharField()
    reason = serializers.CharField()
    asked_by = serializers.CharField(source="asked_by.email", allow_null=True, default=None)
    decided_by = serializers.CharField(source="decided_by.email", allow_null=True, default=None)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class Standing(serializers.Serializer[Any]):
    """What the platform owes the shop in a currency: asked for, not yet mature, and what can be asked for now.

    `in_review_minor` may be purchases of the shop's own, which the platform looks at; `stopped` says why nothing is paid out.
    """

    currency = serializers.CharField()
    balance_minor = serializers.IntegerField(source="balance")
    held_minor = serializers.IntegerField(source="held")
    maturing_minor = serializers.IntegerField(source="maturing")
    in_review_minor = serializers.IntegerField(source="in_review")
    available_minor = serializers.IntegerField(source="available")
    stopped = serializers.CharField()


class Line(serializers.Serializer[Any]):
    """One movement of the shop's money at the platform (`payable`) or of its quota (`stock`), with the balance after it."""

    account = serializers.CharField()
    at = serializers.DateTimeField()
    unit = serializers.CharField(help_text="µ$, or the currency whose minor units the amounts are.")
    kind = serializers.CharField()
    reference = serializers.CharField()
    amount = serializers.IntegerField()
    balance = serializers.IntegerField()


class TransferNumber(serializers.Serializer[Any]):
    """By which transfer it was paid."""

    reference = Words(max_length=80)


@documented("withdrawals")
class WithdrawalsView(TableRows):
    """Withdrawals."""

    subject = "payments"
    table = "withdrawal"
    related = ("tenant", "asked_by", "decided_by")
    serializer_class = WithdrawalShown
    filters = (Choice("state", [state for state, _ in STATES]), Text("shop", "tenant__slug"))

    @extend_schema(operation_id="withdrawals_ask", request=WithdrawalNew, responses={201: WithdrawalShown})
    def create(self, request: Request) -> Response:
        if self.actor.tenant.is_root:
            raise Refused(_("The platform owes itself nothing: shops ask for their money."))
        values = self.read(WithdrawalNew)
        currency = values.pop("currency").upper()
        if currency not in {one.currency for one in payables.standings(self.actor.tenant)}:
            raise Refused(_("The platform holds no money of this shop in this currency."), field="currency")
        # The transaction of the idempotency key makes it once; without a key each request asks again.
        once = uuid.uuid4().hex
        try:
            made = payables.request(tenant=self.actor.tenant, currency=currency, key=once, actor=self.actor.user, **values)
        except payables.WithdrawalError as error:
            raise Refused(str(error), field="amount_minor") from None
        self.record("ask", made, after=self.facts(made))
        return Response(self.tell(made), status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="withdrawals_standings", responses=Standing(many=True))
    @action(detail=False, methods=["get"], pagination_class=None)
    def standings(self, request: Request) -> Response:
        return Response(Standing(payables.standings(self.actor.tenant), many=True).data)

    @extend_schema(operation_id="withdrawals_statement", responses=Line(many=True))
    @action(detail=False, methods=["get"], pagination_class=None)
    def statement(self, request: Request) -> Response:
        found = [
            {
                "account": kind, "at": line.at, "unit": "µ$" if line.ledger == "Q" else line.ledger.removeprefix("M:"),
                "kind": line.kind, "reference": line.reference, "amount": line.amount, "balance": line.balance,
            }
            for kind in ("payable", "stock")
            for line in payables.statement(self.actor.tenant, kind=kind, limit=_MOST_LINES)
        ]  # fmt: skip
        return Response(Line(found, many=True).data)

    @extend_schema(operation_id="withdrawals_take_back", request=None, responses=WithdrawalShown)
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, pk: int) -> Response:
        return self._step("take_back", payables.cancel)

    @extend_schema(operation_id="withdrawals_approve", request=None, responses=WithdrawalShown)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: int) -> Response:
        return self._decide("approve", payables.approve)

    @extend_schema(operation_id="withdrawals_decline", request=Reason, responses=WithdrawalShown)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: int) -> Response:
        return self._decide("decline", payables.decline, Reason)

    @extend_schema(operation_id="withdrawals_mark_paid", request=TransferNumber, responses=WithdrawalShown)
    @action(detail=True, methods=["post"], url_path="mark-paid")
    def mark_paid(self, request: Request, pk: int) -> Response:
        return self._decide("mark_paid", payables.mark_paid, TransferNumber)

    def _decide(self, verb: str, act: Callable[..., None], kind: type[serializers.Serializer[Any]] | None = None) -> Response:
        if not self.actor.is_platform:
            raise exceptions.NotFound
        return self._step(verb, act, kind)

    def _step(self, verb: str, act: Callable[..., None], kind: type[serializers.Serializer[Any]] | None = None) -> Response:
        row, values = self.get_object(), {} if kind is None else self.read(kind)
        before = self.facts(row)
        try:
            act(withdrawal=row, actor=self.actor.user, **values)
        except payables.WithdrawalError as error:
            raise Refused(str(error)) from None
        row.refresh_from_db()
        self.record_change(row, before=before, verb=verb)
        return Response(self.tell(row))
