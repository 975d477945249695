"""Hosts of a shop in the API: claimed, proven by DNS, given up; and who wants a shop below: approved or declined."""

from __future__ import annotations

from typing import Any, cast

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import domains, onboarding, tenants
from accounts.models import ShopApplication, TenantDomain
from console.admin.applications import tell
from console.admin.base import facts
from console.api.errors import Refused
from console.api.fields import Words
from console.api.filters import Choice, Text
from console.api.rows import ForShop, RowsView, documented

_HOST = r"^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?$"


class Claim(ForShop):
    """A host name alone, such as shop.example.com."""

    host = serializers.RegexField(_HOST, max_length=253)


class DomainShown(serializers.Serializer[Any]):
    """A host, and the TXT record that proves it."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    host = serializers.CharField()
    is_primary = serializers.BooleanField()
    proven_at = serializers.DateTimeField(allow_null=True)
    record_name = serializers.SerializerMethodField()
    record_text = serializers.CharField(source="proof")
    checked_at = serializers.DateTimeField(allow_null=True)
    failure = serializers.CharField()

    def get_record_name(self, row: TenantDomain) -> str:
        return domains.record_name(row)


class DomainForm(serializers.Serializer[Any]):
    """What the platform alone decides: which host mails and links name, and that a host needs no proof."""

    is_primary = serializers.BooleanField(required=False)
    is_proven = serializers.BooleanField(required=False)


class Declined(serializers.Serializer[Any]):
    """Why: the applicant reads it."""

    reason = Words(max_length=300)


class ApplicationShown(serializers.Serializer[Any]):
    """Who wants a shop."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    slug = serializers.CharField()
    applicant = serializers.CharField(source="applicant.email", allow_null=True)
    about = serializers.CharField()
    state = serializers.ChoiceField(choices=ShopApplication.State.choices)
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


@documented("domains")
class DomainsView(RowsView):
    """Hosts."""

    model = TenantDomain
    subject = "shop"
    related = ("tenant",)
    serializer_class = DomainShown
    asking = frozenset({"prove"})
    filters = (Text("host"),)

    @extend_schema(operation_id="domains_claim", request=Claim, responses={201: DomainShown})
    def create(self, request: Request) -> Response:
        values = self.read(Claim)
        try:
            row = domains.claim(tenant=self.shop(values.get("shop")), host=values["host"])
        except tenants.HostTaken as error:
            raise Refused(str(error), field="host") from None
        self.record("claim", row, after=facts(row))
        return Response(self.tell(row), status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="domains_change", request=DomainForm, responses=DomainShown)
    def partial_update(self, request: Request, pk: int) -> Response:
        row, values = self.get_object(), self.read(DomainForm)
        if not self.actor.is_platform:
            raise exceptions.PermissionDenied(_("The platform decides this."))
        before = facts(row)
        if values.get("is_primary"):
            TenantDomain.objects.filter(tenant=row.tenant_id, is_primary=True).update(is_primary=False)
        row.is_primary = values.get("is_primary", row.is_primary)
        if "is_proven" in values:
            row.proven_at = (row.proven_at or timezone.now()) if values["is_proven"] else None
        row.save(update_fields=["is_primary", "proven_at"])
        tenants.announce()
        self.record_change(row, before=before)
        return Response(self.tell(row))

    @extend_schema(operation_id="domains_prove", request=None, responses=DomainShown)
    @action(detail=True, methods=["post"])
    def prove(self, request: Request, pk: int) -> Response:
        row = cast(TenantDomain, self.get_object())
        before = facts(row)
        if domains.prove(domain=row):
            self.record_change(row, before=before, verb="prove")
        return Response(self.tell(self.get_object()))

    @extend_schema(operation_id="domains_delete", responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        row = cast(TenantDomain, self.get_object())
        if row.is_primary:
            raise Refused(_("The host on which the shop works is not taken away: make another one primary first."))
        self.record("delete", row, before=facts(row))
        row.delete()
        tenants.announce()
        return Response(status=status.HTTP_204_NO_CONTENT)


@documented("applications")
class ApplicationsView(RowsView):
    """Applications."""

    model = ShopApplication
    subject = "customers"
    related = ("applicant", "seller")
    serializer_class = ApplicationShown
    filters = (Choice("state", ShopApplication.State.values),)

    @extend_schema(operation_id="applications_approve", request=None, responses=ApplicationShown)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: int) -> Response:
        row = self.get_object()
        return self._decide(row, "approve", lambda: onboarding.approve(application=row))

    @extend_schema(operation_id="applications_decline", request=Declined, responses=ApplicationShown)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: int) -> Response:
        row, reason = self.get_object(), self.read(Declined)["reason"]
        return self._decide(row, "decline", lambda: onboarding.decline(application=row, reason=reason))

    def _decide(self, row: Any, verb: str, act: Any) -> Response:
        before = facts(row)
        try:
            act()
        except (onboarding.AlreadyDecided, tenants.TenantError) as error:
            raise Refused(str(error)) from None
        row.refresh_from_db()
        self.record_change(row, before=before, verb=verb)
        tell(row, cast(Any, self.request)._request)
        return Response(self.tell(row))
