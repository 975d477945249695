"""The caller's second factors in the API: listed, renamed, removed; an app and recovery codes are made, a passkey needs a browser."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import credentials
from console.api.fields import Words
from console.api.identity import refusing
from console.api.rows import OwnRows, documented

FACTORS = Authenticator.Type.choices


class FactorShown(serializers.Serializer[Any]):
    """A second factor; the name of a passkey is its owner's."""

    id = serializers.IntegerField(source="pk")
    type = serializers.ChoiceField(choices=FACTORS)
    name = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)

    def get_name(self, factor: Authenticator) -> str:
        return str(factor.wrap().name) if factor.type == Authenticator.Type.WEBAUTHN else ""


class FactorForm(serializers.Serializer[Any]):
    """Another name for a passkey."""

    name = Words(max_length=100)


class TotpBegun(serializers.Serializer[Any]):
    """The secret for an authenticator app, shown this once: send `draft` back with the app's first code within ten minutes."""

    secret = serializers.CharField()
    address = serializers.CharField(help_text="otpauth://…, as apps read it from a QR code.")
    draft = serializers.CharField()


class TotpCode(serializers.Serializer[Any]):
    """The first code of an authenticator app."""

    draft = Words(max_length=1_000)
    code = Words(max_length=20)


class RecoveryCodes(serializers.Serializer[Any]):
    """New recovery codes in place of those before; shown this once."""

    codes = serializers.ListField(child=serializers.CharField())


@documented("me_factors")
class FactorsView(OwnRows):
    """Second factors: an authenticator app, passkeys, recovery codes."""

    subject = "identity"
    serializer_class = FactorShown
    model = Authenticator

    @extend_schema(operation_id="me_factors_rename", request=FactorForm, responses=FactorShown)
    def partial_update(self, request: Request, pk: int) -> Response:
        row = self.get_object()
        with refusing():
            credentials.rename_passkey(row, **self.read(FactorForm))
        return Response(FactorShown(row).data)

    @extend_schema(operation_id="me_factors_remove", responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        with refusing():
            credentials.remove_factor(self.http, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="me_factors_begin_totp", request=None, responses=TotpBegun)
    @action(detail=False, methods=["post"], url_path="totp")
    def totp(self, request: Request) -> Response:
        with refusing():
            return Response(TotpBegun(credentials.begin_totp(self.member.user)).data)

    @extend_schema(operation_id="me_factors_finish_totp", request=TotpCode, responses=FactorShown)
    @totp.mapping.put
    def finish_totp(self, request: Request) -> Response:
        with refusing():
            made = credentials.finish_totp(self.http, self.member.user, **self.read(TotpCode))
        return Response(FactorShown(made).data)

    @extend_schema(operation_id="me_factors_new_recovery_codes", request=None, responses=RecoveryCodes)
    @action(detail=False, methods=["post"], url_path="recovery-codes")
    def recovery_codes(self, request: Request) -> Response:
        with refusing():
            return Response(RecoveryCodes({"codes": credentials.new_recovery_codes(self.member.user)}).data)
