"""Who the token is, what is left in the wallet, its statement, and redeeming a code."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import AccessToken
from billing import codes, ledger, redeem_limits, statements
from console.api.base import ApiView
from console.api.fields import Words
from console.api.filters import LARGEST, Number

BEFORE = Number("before")
STATEMENT = [BEFORE.parameter, OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 200})]


class Me(serializers.Serializer[Any]):
    """The token's owner and scopes."""

    customer = serializers.IntegerField()
    email = serializers.CharField(allow_null=True)
    role = serializers.CharField()
    shop = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)


class Balance(serializers.Serializer[Any]):
    """A wallet in µ$: what may be spent, what running calls hold, what ends some day."""

    available_micros = serializers.IntegerField()
    held_micros = serializers.IntegerField()
    expiring_micros = serializers.IntegerField()


class Entry(serializers.Serializer[Any]):
    """One movement of a wallet."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    memo = serializers.CharField()
    reference = serializers.CharField()
    amount_micros = serializers.IntegerField()
    balance_micros = serializers.IntegerField()


class Statement(serializers.Serializer[Any]):
    """A page of the statement, the newest first; `older` goes into `before`."""

    results = Entry(many=True)
    older = serializers.IntegerField(allow_null=True)


class CodeTyped(serializers.Serializer[Any]):
    """A quota code."""

    code = Words(max_length=100)


class Redeemed(serializers.Serializer[Any]):
    """What the code brought."""

    units_micros = serializers.IntegerField()


class RedeemRefused(exceptions.APIException):
    """The code opens nothing: one message for every reason."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "This code cannot be redeemed."


class AccountView(ApiView):
    """The caller."""

    subject = "account"
    serializer_class = Me

    @extend_schema(operation_id="me", responses=Me)
    def retrieve(self, request: Request) -> Response:
        token = cast(AccessToken, request.auth)
        told = {"customer": self.member.pk, "email": self.member.user.email, "role": self.member.role, "shop": self.member.tenant.slug}
        return Response(Me({**told, "scopes": token.scopes, "expires_at": token.expires_at}).data)


class WalletView(ApiView):
    """The caller's own wallet."""

    subject = "wallet"
    serializer_class = Balance

    @extend_schema(operation_id="wallet", responses=Balance)
    def retrieve(self, request: Request) -> Response:
        return Response(Balance(ledger.balance(membership_id=self.member.pk)).data)

    @extend_schema(
        operation_id="wallet_statement",
        parameters=STATEMENT,
        responses=Statement,
    )
    @action(detail=False, methods=["get"])
    def statement(self, request: Request) -> Response:
        return statement_of(self.member.pk, request)

    @extend_schema(operation_id="wallet_redeem", request=CodeTyped, responses=Redeemed)
    @action(detail=False, methods=["post"])
    def redeem(self, request: Request) -> Response:
        typed = CodeTyped(data=request.data)
        typed.is_valid(raise_exception=True)
        if not redeem_limits.may_try(user_id=self.member.user_id, address=request.META.get("REMOTE_ADDR")):
            raise exceptions.Throttled
        try:
            done = codes.redeem(membership=self.member, code=typed.validated_data["code"], address=request.META.get("REMOTE_ADDR"))
        except codes.CodeError:
            redeem_limits.count_failure(user_id=self.member.user_id)
            raise RedeemRefused from None
        return Response(Redeemed({"units_micros": done.units_micros}).data)


def statement_of(membership_id: int, request: Request) -> Response:
    """Answer with a page of a member's statement; the caller has checked who asks."""
    limit = Number("limit").value(request)
    if limit is not None and not 1 <= limit <= 200:
        raise exceptions.ValidationError({"limit": ["From 1 to 200."]})
    page = statements.page(membership_id=membership_id, before=min(BEFORE.value(request) or LARGEST, LARGEST), limit=limit or 50)
    return Response(Statement({"results": page.entries, "older": page.older}).data)
