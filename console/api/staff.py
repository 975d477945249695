"""What staff do with customers in the API: look, set group, note and state, invite, and read the trail."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, invitations, tenants
from accounts.models import AuditEvent, Invitation, Membership
from billing import ledger
from console.api.account import STATEMENT, Balance, Statement, statement_of
from console.api.base import CHANGERS, STAFF, ApiView
from console.api.fields import Prose, Words
from console.api.filters import Choice, Number, Text


class Customer(serializers.Serializer[Any]):
    """Somebody at the shop."""

    id = serializers.IntegerField(source="pk")
    email = serializers.CharField(source="user.email", allow_null=True)
    name = serializers.CharField(source="user.name")
    username = serializers.CharField(allow_null=True)
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    state = serializers.ChoiceField(choices=Membership.State.choices)
    group = serializers.CharField()
    note = serializers.CharField()
    shop = serializers.CharField(source="tenant.slug")
    joined_at = serializers.DateTimeField()


class CustomerWithBalance(Customer):
    """The same with the wallet."""

    wallet = serializers.SerializerMethodField()

    def get_wallet(self, member: Membership) -> dict[str, int]:
        return dict(Balance(ledger.balance(membership_id=member.pk)).data)


class CustomerChange(serializers.Serializer[Any]):
    """What staff may set; never anything of the person."""

    group = Words(max_length=40, required=False)
    note = Prose(max_length=5000, required=False)
    state = serializers.ChoiceField(choices=["active", "blocked"], required=False)


class CustomersView(ApiView):
    """Customers and staff."""

    subject = "customers"
    read_roles = STAFF
    write_roles = CHANGERS
    serializer_class = Customer
    filters = (
        Choice("role", Membership.Role.values),
        Choice("state", Membership.State.values),
        Text("group"),
        Text("email", "user__email"),
    )

    def get_queryset(self) -> Any:
        return self.narrow(Membership.objects.select_related("user", "tenant"))

    @extend_schema(operation_id="customers_list", parameters=[one.parameter for one in filters], responses=Customer(many=True))
    def list(self, request: Request) -> Response:
        rows = self.get_queryset()
        for one in self.filters:
            rows = one.narrow(rows, request)
        return self.get_paginated_response(Customer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(operation_id="customers_read", responses=CustomerWithBalance)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(CustomerWithBalance(self.get_object()).data)

    @extend_schema(operation_id="customers_statement", parameters=STATEMENT, responses=Statement)
    @action(detail=True, methods=["get"], pagination_class=None)
    def statement(self, request: Request, pk: int) -> Response:
        return statement_of(self.get_object().pk, request)

    @extend_schema(operation_id="customers_change", request=CustomerChange, responses=CustomerWithBalance)
    def partial_update(self, request: Request, pk: int) -> Response:
        member = cast(Membership, self.get_object())
        asked = CustomerChange(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        before = {name: getattr(member, name) for name in values}
        if "state" in values and member.role != Membership.Role.CUSTOMER:
            raise StaffStay
        member.group, member.note = values.get("group", member.group), values.get("note", member.note)
        member.save(update_fields=["group", "note"])
        if "state" in values:
            tenants.set_state(membership=member, state=values["state"])
        audit.record(actor=self.actor, action="membership.change", target=member, before=before, after=values, tenant=member.tenant)
        return Response(CustomerWithBalance(member).data)


class StaffStay(exceptions.APIException):
    """Staff are not blocked: they lose their role first."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Staff are not blocked; take their role away first."


class InvitationShown(serializers.Serializer[Any]):
    """An invitation without its link."""

    id = serializers.IntegerField(source="pk")
    email = serializers.CharField()
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    group = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)


class InvitationMade(InvitationShown):
    """An invitation with the token of its link `/join/<token>/`, shown once."""

    token = serializers.SerializerMethodField()

    def get_token(self, row: Invitation) -> str:
        return str(self.context["token"])


class InvitationNew(serializers.Serializer[Any]):
    """Whom to invite; staff are invited by their address and by an owner."""

    email = serializers.EmailField(required=False, allow_blank=True, default="")
    role = serializers.ChoiceField(choices=Membership.Role.choices, default="customer")
    group = Words(max_length=40, default="default")


class InvitationsView(ApiView):
    """Invitations."""

    subject = "customers"
    read_roles = STAFF
    write_roles = CHANGERS
    serializer_class = InvitationShown

    def get_queryset(self) -> Any:
        return self.narrow(Invitation.objects.all())

    @extend_schema(operation_id="invitations_list", responses=InvitationShown(many=True))
    def list(self, request: Request) -> Response:
        return self.get_paginated_response(InvitationShown(self.paginate_queryset(self.get_queryset()), many=True).data)

    @extend_schema(operation_id="invitations_create", request=InvitationNew, responses={201: InvitationMade})
    def create(self, request: Request) -> Response:
        asked = InvitationNew(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        if values["role"] != "customer" and (self.actor.role != "owner" or not values["email"]):
            raise exceptions.PermissionDenied("Only an owner invites staff, by their address.")
        row, token = invitations.invite(tenant=self.actor.tenant, by=self.actor.user, **values)
        audit.record(actor=self.actor, action="invitation.invite", target=row, after=values)
        return Response(InvitationMade(row, context={"token": token}).data, status=status.HTTP_201_CREATED)


class Event(serializers.Serializer[Any]):
    """One line of the audit trail."""

    id = serializers.IntegerField(source="pk")
    at = serializers.DateTimeField(source="created_at")
    by = serializers.CharField(source="actor.email", allow_null=True, default=None)
    action = serializers.CharField()
    target = serializers.CharField()
    before = serializers.DictField()
    after = serializers.DictField()
    address = serializers.CharField(allow_null=True)


class AuditView(ApiView):
    """The audit trail of the shop."""

    subject = "audit"
    read_roles = STAFF
    serializer_class = Event
    filters = (Text("action"), Text("target"), Number("before_id", "pk__lt"))

    @extend_schema(operation_id="audit_list", parameters=[one.parameter for one in filters], responses=Event(many=True))
    def list(self, request: Request) -> Response:
        rows = self.narrow(AuditEvent.objects.select_related("actor"))
        for one in self.filters:
            rows = one.narrow(rows, request)
        return self.get_paginated_response(Event(self.paginate_queryset(rows), many=True).data)
