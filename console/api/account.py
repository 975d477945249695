"""Who the token is, their data and their end here; what is left in the wallet, its statement and watch, redeeming a code."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import erasure
from accounts.models import AccessToken
from billing import alerts, buyers, codes, ledger, statements
from console.api.base import ApiView
from console.api.errors import Refused
from console.api.fields import Amount, Prose, Words
from console.api.filters import LARGEST, Choice, Day, LastDay, Number
from console.pages import export, farewell

BEFORE = Number("before")
KIND, SINCE, UNTIL = Choice("kind", statements.KINDS), Day("since"), LastDay("until")
PAGED = [BEFORE.parameter, OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 200})]
STATEMENT = [*PAGED, *(one.parameter for one in (KIND, SINCE, UNTIL))]


class Me(serializers.Serializer[Any]):
    """The token's owner and scopes."""

    customer = serializers.IntegerField()
    email = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    language = serializers.CharField()
    role = serializers.CharField()
    shop = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)


class MeChange(serializers.Serializer[Any]):
    """How to call somebody, and in which language to write to them; empty: as the shop writes."""

    name = Prose(max_length=80, required=False)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, allow_blank=True, required=False)


class Farewell(serializers.Serializer[Any]):
    """The e-mail address once more, so that nobody is forgotten by a slip."""

    address = Words(max_length=254)


class Watch(serializers.Serializer[Any]):
    """Below which balance the owner gets a mail; 0 = never."""

    below_micros = Amount()


class Balance(serializers.Serializer[Any]):
    """A wallet in µ$: what may be spent, what running calls hold, what ends some day; of that, so much ends first, and when."""

    available_micros = serializers.IntegerField()
    held_micros = serializers.IntegerField()
    expiring_micros = serializers.IntegerField()
    ending_micros = serializers.IntegerField()
    ends_at = serializers.DateTimeField(allow_null=True)


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


class OwnCode(serializers.Serializer[Any]):
    """A code that the caller bought or redeemed; the text of one that is open is told with its order (`me/orders`)."""

    id = serializers.IntegerField()
    last4 = serializers.CharField()
    units_micros = serializers.IntegerField()
    state = serializers.CharField()
    redeem_by = serializers.DateTimeField(allow_null=True)
    redeemed_at = serializers.DateTimeField(allow_null=True)
    order = serializers.IntegerField(source="order_id", allow_null=True)


class OwnCodes(serializers.Serializer[Any]):
    """A page of codes, the newest first; `older` goes into `before`."""

    results = OwnCode(many=True)
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
    default_detail = gettext_lazy("This code cannot be redeemed.")


class AccountView(ApiView):
    """The caller."""

    subject = "account"
    serializer_class = Me
    own_scopes = frozenset({"erase"})

    @extend_schema(operation_id="me", responses=Me)
    def retrieve(self, request: Request) -> Response:
        token = cast(AccessToken, request.auth)
        told = {"customer": self.member.pk, "email": self.member.user.email, "role": self.member.role, "shop": self.member.tenant.slug}
        person = {"name": self.member.user.name, "language": self.member.user.language}
        return Response(Me({**told, **person, "scopes": token.scopes, "expires_at": token.expires_at}).data)

    @extend_schema(operation_id="me_change", request=MeChange, responses=Me)
    def partial_update(self, request: Request) -> Response:
        user, values = self.member.user, self.read(MeChange, partial=True)
        for name, value in values.items():
            setattr(user, name, value)
        user.save(update_fields=[*values])
        return self.retrieve(request)

    @extend_schema(operation_id="me_data", responses=OpenApiTypes.OBJECT)
    def data(self, request: Request) -> Response:
        return Response(export.of(self.member))

    @extend_schema(operation_id="me_erase", request=Farewell, responses={204: None})
    def erase(self, request: Request) -> Response:
        user, typed = self.member.user, self.read(Farewell)["address"]
        if typed.strip().lower() != farewell.name_of(user).lower():
            raise Refused(_("This is not the address of this account."), field="address")
        try:
            farewell.forget(user)
        except erasure.StillOwner as error:
            raise Refused(_("You are the only owner of %(shop)s. Make somebody else its owner first.") % {"shop": error}) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


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

    @extend_schema(operation_id="wallet_codes", parameters=PAGED, responses=OwnCodes)
    def own_codes(self, request: Request) -> Response:
        before, limit = _paged(request)
        found = buyers.codes(membership_id=self.member.pk, before=before, limit=limit + 1)
        older = found[limit - 1].id if len(found) > limit else None
        return Response(OwnCodes({"results": found[:limit], "older": older}).data)

    @extend_schema(operation_id="wallet_watch", responses=Watch)
    def watch(self, request: Request) -> Response:
        return Response(Watch({"below_micros": alerts.below(membership_id=self.member.pk)}).data)

    @extend_schema(operation_id="wallet_watch_change", request=Watch, responses=Watch)
    def set_watch(self, request: Request) -> Response:
        alerts.watch(membership_id=self.member.pk, below_micros=self.read(Watch)["below_micros"])
        return self.watch(request)

    @extend_schema(operation_id="wallet_redeem", request=CodeTyped, responses=Redeemed)
    @action(detail=False, methods=["post"])
    def redeem(self, request: Request) -> Response:
        typed = CodeTyped(data=request.data)
        typed.is_valid(raise_exception=True)
        try:
            done = codes.redeem(membership=self.member, code=typed.validated_data["code"], address=request.META.get("REMOTE_ADDR"))
        except codes.TooMany:
            raise exceptions.Throttled from None
        except codes.CodeError:
            raise RedeemRefused from None
        return Response(Redeemed({"units_micros": done.units_micros}).data)


def statement_of(membership_id: int, request: Request) -> Response:
    """Answer with a page of a member's statement; the caller has checked who asks."""
    before, limit = _paged(request)
    wanted = statements.Wanted(kind=KIND.value(request) or "", since=SINCE.value(request), until=UNTIL.value(request))
    page = statements.page(membership_id=membership_id, before=before, limit=limit, wanted=wanted)
    return Response(Statement({"results": page.entries, "older": page.older}).data)


def _paged(request: Request) -> tuple[int, int]:
    """Return below which number a page begins, and how many rows it has."""
    limit = Number("limit").value(request)
    if limit is not None and not 1 <= limit <= 200:
        raise exceptions.ValidationError({"limit": [_("From 1 to 200.")]})
    return min(BEFORE.value(request) or LARGEST, LARGEST), limit or 50
