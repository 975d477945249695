"""Many sub-keys at once in the API, for staff: issued with their secrets in this one answer, or given other limits; all or none."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, keys
from accounts.models import ApiKey, Membership
from billing import limits
from console.admin.base import facts
from console.admin.key_bulk import MOST_AT_ONCE, set_limits
from console.api.base import CHANGERS, STAFF, ApiView
from console.api.fields import Id, Words
from console.api.keys import SETTINGS, AllowancesField, KeySettings, rate, refusing_aliases


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


class ManyChange(serializers.Serializer[Any]):
    """Which keys, and their new limits: what is left out stays, null takes a limit away. Revoked keys stay as they are."""

    keys = serializers.ListField(child=Id(), min_length=1, max_length=MOST_AT_ONCE)
    rpm, tpm, concurrency = (rate() for _ in range(3))
    allowances = AllowancesField(required=False)


class ManyChanged(serializers.Serializer[Any]):
    """How many keys have other limits than before."""

    changed = serializers.IntegerField()


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
            raise exceptions.NotFound(_("There is no such customer."))
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

    @extend_schema(operation_id="keys_change_limits", request=ManyChange, responses=ManyChanged)
    def change_limits(self, request: Request) -> Response:
        values = self.read(ManyChange)
        numbers = set(values.pop("keys"))
        found = list(self.narrow(ApiKey.objects.filter(pk__in=numbers).select_related("tenant").order_by("pk")))
        if len(found) != len(numbers):
            raise exceptions.NotFound(_("There is no such key."))
        allowed = values.pop("allowances", {})
        return Response({"changed": sum(self._limit(key, values, allowed) for key in found if key.state != ApiKey.State.REVOKED)})

    def _limit(self, key: ApiKey, rates: dict[str, Any], allowed: dict[str, Any]) -> bool:
        before, after = set_limits(key, rates=rates, allowed=allowed)
        if after:
            audit.record(actor=self.actor, action="apikey.limit", target=key, before=before, after=after, tenant=key.tenant)
        return bool(after)
