"""What the caller signs in with, in the API: addresses, a password, services; a service is connected in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import credentials
from console.api.base import ApiView
from console.api.errors import Refused
from console.api.fields import Prose, Words
from console.api.rows import OwnRows, documented


@contextmanager
def refusing(field: str = "") -> Iterator[None]:
    """Say why a credential does not change."""
    try:
        yield
    except credentials.TooOften as error:
        raise exceptions.Throttled(detail=str(error)) from None
    except credentials.CredentialError as error:
        raise Refused(str(error), field=field) from None


class AddressNew(serializers.Serializer[Any]):
    """An address to sign in by."""

    email = serializers.EmailField(max_length=254)


class AddressShown(serializers.Serializer[Any]):
    """An address; mails go to the primary one."""

    id = serializers.IntegerField(source="pk")
    email = serializers.CharField()
    is_confirmed = serializers.BooleanField(source="verified")
    is_primary = serializers.BooleanField(source="primary")


class Password(serializers.Serializer[Any]):
    """The password that is (empty where there is none), and the one that shall be; every browser is signed out by it."""

    current = Prose(max_length=500, required=False, default="")
    new = Words(max_length=500)


class ConnectionShown(serializers.Serializer[Any]):
    """A service by which the caller signs in."""

    id = serializers.IntegerField(source="pk")
    service = serializers.CharField(source="provider")
    connected_at = serializers.DateTimeField(source="date_joined")
    last_login = serializers.DateTimeField()


@documented("me_addresses")
class AddressesView(OwnRows):
    """Addresses."""

    subject = "identity"
    serializer_class = AddressShown
    model = EmailAddress

    @extend_schema(operation_id="me_addresses_add", request=AddressNew, responses={201: AddressShown})
    def create(self, request: Request) -> Response:
        with refusing("email"):
            made = credentials.add_address(self.http, self.member.user, **self.read(AddressNew))
        return Response(AddressShown(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="me_addresses_confirm", request=None, responses=AddressShown)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: int) -> Response:
        row = self.get_object()
        with refusing():
            credentials.ask_to_confirm(self.http, row)
        return Response(AddressShown(row).data)

    @extend_schema(operation_id="me_addresses_make_primary", request=None, responses=AddressShown)
    @action(detail=True, methods=["post"], url_path="make-primary")
    def make_primary(self, request: Request, pk: int) -> Response:
        row = self.get_object()
        with refusing():
            credentials.make_primary(self.http, row)
        return Response(AddressShown(row).data)

    @extend_schema(operation_id="me_addresses_remove", responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        with refusing():
            credentials.remove_address(self.http, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordView(ApiView):
    """The password."""

    subject = "identity"
    serializer_class = Password
    pagination_class = None

    @extend_schema(operation_id="me_password_change", request=Password, responses={204: None})
    @sensitive_variables("typed")
    def update(self, request: Request) -> Response:
        typed = self.read(Password)
        with refusing():
            credentials.set_password(request._request, self.member.user, **typed)
        return Response(status=status.HTTP_204_NO_CONTENT)


@documented("me_connections")
class ConnectionsView(OwnRows):
    """Services to sign in by."""

    subject = "identity"
    serializer_class = ConnectionShown
    model = SocialAccount

    @extend_schema(operation_id="me_connections_remove", responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        with refusing():
            credentials.disconnect(self.http, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
