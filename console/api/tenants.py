"""Tenants in the API, for the platform's staff: open, look, change, suspend, close, reopen; their customers get a mail."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, tenants
from accounts.models import Tenant
from accounts.tasks import TELL_MEMBERS
from console.api.fields import Prose, Words
from console.api.filters import Choice, Text
from console.api.rows import RowsView, documented
from console.api.shop import ShopForm, ShopShown, tidied
from foundation import checked, outbox


class Shop(ShopShown):
    """A tenant: as its own staff see it, its place in the chain of sellers, and its hosts."""

    seller = serializers.CharField(source="parent.slug", allow_null=True, default=None)
    may_bring_channels = serializers.BooleanField()
    payouts_stopped = serializers.CharField()
    hosts = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_hosts(self, tenant: Tenant) -> list[str]:
        return [domain.host for domain in tenant.domains.all()]


class ShopChange(ShopForm):
    """What the shop's own staff may set, and what the platform alone decides."""

    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False)
    may_bring_channels = serializers.BooleanField(required=False)
    payouts_stopped = Prose(
        max_length=200, required=False, help_text="Why nothing is paid out to the shop, which reads it; empty: payouts go on."
    )


class ShopNew(ShopChange):
    """A tenant to open; everything beside names can be set later."""

    slug = serializers.RegexField(r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")
    name = Words(max_length=80)
    seller = serializers.RegexField(
        r"^[a-z0-9-]{1,40}$", required=False, help_text="The short name of the shop it buys from, for ever; the platform when left out."
    )


class Taken(exceptions.APIException):
    """Another tenant has this short name or host."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "This short name is taken."


@documented("tenants")
class TenantsView(RowsView):
    """Tenants."""

    subject = "tenants"
    is_platform = True
    serializer_class = Shop
    related = ("parent",)
    filters = (Choice("state", Tenant.State.values), Text("slug"))

    def rows(self) -> QuerySet[Any]:
        return Tenant.objects.prefetch_related("domains")

    @extend_schema(operation_id="tenants_create", request=ShopNew, responses={201: Shop})
    def create(self, request: Request) -> Response:
        values = tidied(self.read(ShopNew))
        told, slug = dict(values), values.pop("seller", None)
        seller = Tenant.objects.filter(slug=slug).first() if slug else None
        if slug and seller is None:
            raise exceptions.NotFound(_("There is no such shop."))
        try:
            tenant = tenants.open_tenant(slug=values.pop("slug"), name=values.pop("name"), parent=seller)
        except tenants.TenantError:
            raise Taken from None
        checked.save(tenant, values)
        audit.record(actor=self.actor, action="tenant.open", target=tenant, after=told, tenant=tenant)
        return Response(Shop(tenant).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="tenants_change", request=ShopChange, responses=Shop)
    def partial_update(self, request: Request, pk: int) -> Response:
        tenant, values = cast(Tenant, self.get_object()), tidied(self.read(ShopChange))
        before = {name: getattr(tenant, name) for name in values}
        checked.save(tenant, values)
        audit.record(actor=self.actor, action="tenant.change", target=tenant, before=before, after=values, tenant=tenant)
        return Response(Shop(tenant).data)

    @extend_schema(operation_id="tenants_suspend", request=None, responses=Shop)
    @action(detail=True, methods=["post"])
    def suspend(self, request: Request, pk: int) -> Response:
        return self._set("suspend")

    @extend_schema(operation_id="tenants_reopen", request=None, responses=Shop)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: int) -> Response:
        return self._set("reopen")

    @extend_schema(operation_id="tenants_close", request=None, responses=Shop)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: int) -> Response:
        return self._set("close")

    def _set(self, verb: str) -> Response:
        tenant = cast(Tenant, self.get_object())
        if tenant.is_root:
            raise RootStays
        before = {"state": tenant.state}
        {"suspend": tenants.suspend, "close": tenants.close, "reopen": tenants.reopen}[verb](tenant=tenant)
        audit.record(actor=self.actor, action=f"tenant.{verb}", target=tenant, before=before, after={"state": tenant.state}, tenant=tenant)
        outbox.put(topic=TELL_MEMBERS, payload={"tenant": tenant.pk})
        return Response(Shop(tenant).data)


class RootStays(exceptions.APIException):
    """The platform itself is neither suspended nor closed."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The platform itself stays open."
