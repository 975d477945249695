"""A name and a password that open a sub-key by HTTP Basic, in the API: given, and taken away."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import key_logins
from console.api.errors import Refused
from console.api.fields import Words
from console.api.keys import KeyShown, KeysView


class KeyLogin(serializers.Serializer[Any]):
    """The pair; the password is never shown."""

    name = Words(max_length=60)
    password = Words(min_length=key_logins.SHORTEST_PASSWORD, max_length=100)


class KeyLoginsView(KeysView):
    """The pair of a key."""

    @extend_schema(operation_id="keys_give_login", request=KeyLogin, responses=KeyShown)
    def give(self, request: Request, pk: int) -> Response:
        key, values = self._live(), self.read(KeyLogin)
        try:
            key_logins.give(key=key, **values)
        except key_logins.BadLogin as error:
            raise Refused(str(error), field=error.field) from None
        self._note("login", key)
        return Response(KeyShown(key).data)

    @extend_schema(operation_id="keys_end_login", responses={200: KeyShown})
    def take(self, request: Request, pk: int) -> Response:
        key = self._live()
        key_logins.take_away(key=key)
        self._note("end_login", key)
        return Response(KeyShown(key).data)
