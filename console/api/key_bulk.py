"""Many sub-keys at once in the API, for staff: all of them or none, their secrets in this one answer."""

from __future__ import annotations

from typing import Any

from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, keys
from accounts.models import Membership
from billing import limits
from console.admin.base import facts
from console.admin.key_bulk import MOST_AT_ONCE
from console.api.base import CHANGERS, STAFF, ApiView
from console.api.fields import Id, Words
from console.api.keys import SETTINGS, KeySettings, refusing_aliases


class ManyNew(KeySettings):
    """How many keys, for whom, and what each may do; a number is put behind the name."""

    name = Words(max_length=50)
    customer = Id()
    count = serializers.IntegerField(min_value=1, max_value=MOST_AT_ONCE)


class OneOfMany(serializers.Serializer[Any]):
    """A new key with its secret."""

    id = serializers.IntegerField(source="key.pk")
    name = serializers.CharField(source="key.name")
    prefix = serializers.CharField(source="key.prefix")
    secret = serializers.CharField()


class ManyMade(serializers.Serializer[Any]):
    """The new keys: secrets are shown this once."""

    keys = OneOfMany(many=True)


class KeysInBulk(ApiView):
    """Keys by the hundred."""

    subject = "keys"
    read_roles = STAFF
    write_roles = CHANGERS
    serializer_class = ManyMade
    pagination_class = None

    @extend_schema(operation_id="keys_create_many", request=ManyNew, responses={201: ManyMade})
    @sensitive_variables("issued")
    def create(self, request: Request) -> Response:
        values = self.read(ManyNew)
        owner = self.narrow(Membership.objects.filter(pk=values["customer"])).first()
        if owner is None:
            raise exceptions.NotFound("There is no such customer.")
        settings = {name: values[name] for name in SETTINGS if name in values and name != "name"}
        allowed = {name: amount for name, amount in values.get("allowances", {}).items() if amount is not None}
        with refusing_aliases():
            issued = [keys.issue(membership=owner, name=f"{values['name']} {place}", **settings) for place in range(1, values["count"] + 1)]
        for one in issued if allowed else ():
            limits.set_allowance(api_key_id=one.key.pk, **allowed)
        first = issued[0].key
        told = {"count": len(issued), "owner": owner.pk, **facts(first), **allowed}
        audit.record(actor=self.actor, action="apikey.issue_many", target=first, after=told, tenant=owner.tenant)
        return Response(ManyMade({"keys": issued}).data, status=status.HTTP_201_CREATED)
