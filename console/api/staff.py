"""What staff do with customers in the API: look, set group, note and state, invite, and read the trail."""

from __future__ import annotations

import datetime
import uuid
from typing import Any, cast

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, invitations, tenants
from accounts.models import AuditEvent, Invitation, Membership
from billing import ledger, store_credit
from console.admin.invitations import mail
from console.admin.people import welcome
from console.api.account import STATEMENT, Balance, Statement, statement_of
from console.api.base import CHANGERS, STAFF, ApiView
from console.api.errors import Refused
from console.api.fields import Above0, Prose, Words
from console.api.filters import Choice, Number, Text
from console.api.rows import RowsView, documented
from console.api.searching import SEARCH


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
    credit_minor = serializers.SerializerMethodField(help_text="Store credit in the shop's currency.")

    def get_credit_minor(self, member: Membership) -> int:
        return store_credit.free(member)

    def get_wallet(self, member: Membership) -> dict[str, int]:
        return dict(Balance(ledger.balance(membership_id=member.pk)).data)


class CustomerChange(serializers.Serializer[Any]):
    """What staff may set; never anything of the person."""

    group = Words(max_length=40, required=False)
    note = Prose(max_length=5000, required=False)
    state = serializers.ChoiceField(choices=["active", "blocked"], required=False, help_text="active lets in who waits.")
    role = serializers.ChoiceField(choices=Membership.Role.choices, required=False, help_text="Given by owners, to others than themselves.")


class ReadyKeys(Choice):
    """Only the wallets of ready keys, or people and those."""

    def narrow(self, rows: QuerySet[Any], request: Request) -> QuerySet[Any]:
        return rows.exclude(ready_key=None) if self.value(request) == "only" else rows


READY_KEYS = ReadyKeys("ready_keys", ("only", "all"))


class Credit(serializers.Serializer[Any]):
    """Store credit to give: cash in the shop's currency to buy with there; the customer reads why."""

    amount_minor = Above0()
    reason = Words(max_length=200)


class CustomersView(ApiView):
    """Customers and staff. The list leaves out the wallets of ready keys, which are nobody's yet, unless they are asked for."""

    subject = "customers"
    read_roles = STAFF
    write_roles = CHANGERS
    serializer_class = Customer
    filters = (
        Choice("role", Membership.Role.values),
        Choice("state", Membership.State.values),
        Text("group"),
        Text("email", "user__email"),
        READY_KEYS,
        SEARCH,
    )

    def get_queryset(self) -> Any:
        return self.narrow(Membership.objects.select_related("user", "tenant"))

    @extend_schema(operation_id="customers_list", parameters=[one.parameter for one in filters], responses=Customer(many=True))
    def list(self, request: Request) -> Response:
        rows = self.get_queryset()
        if READY_KEYS.value(request) is None:
            rows = rows.filter(ready_key=None)
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

    @extend_schema(operation_id="customers_give_credit", request=Credit, responses=CustomerWithBalance)
    @action(detail=True, methods=["post"])
    def credit(self, request: Request, pk: int) -> Response:
        member, values = cast(Membership, self.get_object()), self.read(Credit)
        # The transaction of the idempotency key makes it once; without a key each request is another gift.
        key = f"{member.pk}:{uuid.uuid4().hex}"
        store_credit.give(membership=member, actor=self.actor.user, key=key, **values)
        audit.record(actor=self.actor, action="membership.credit", target=member, after=values, tenant=member.tenant)
        return Response(CustomerWithBalance(member).data)

    @extend_schema(operation_id="customers_change", request=CustomerChange, responses=CustomerWithBalance)
    def partial_update(self, request: Request, pk: int) -> Response:
        member = cast(Membership, self.get_object())
        values = self.read(CustomerChange)
        before = {name: getattr(member, name) for name in values}
        if values.get("role", member.role) != member.role:
            self._may_give_role(member)
        if "state" in values and member.role != Membership.Role.CUSTOMER:
            raise StaffStay
        is_approved = member.state == Membership.State.WAITING and values.get("state") == Membership.State.ACTIVE
        for name in ("group", "note", "role"):
            setattr(member, name, values.get(name, getattr(member, name)))
        member.save(update_fields=["group", "note", "role"])
        if "state" in values:
            tenants.set_state(membership=member, state=values["state"])
        if is_approved:
            welcome(member)
        audit.record(actor=self.actor, action="membership.change", target=member, before=before, after=values, tenant=member.tenant)
        return Response(CustomerWithBalance(member).data)

    def _may_give_role(self, member: Membership) -> None:
        if not self.actor.is_platform and self.actor.role != Membership.Role.OWNER:
            raise exceptions.PermissionDenied(_("Only an owner gives or takes roles."))
        if self.actor.user is None or member.user_id == self.actor.user.pk:
            raise Refused(_("Nobody changes their own role."), field="role")


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
    days = serializers.IntegerField(min_value=1, max_value=90, default=7, help_text="So long it is open.")


@documented("invitations")
class InvitationsView(RowsView):
    """Invitations."""

    model = Invitation
    subject = "customers"
    serializer_class = InvitationShown

    @extend_schema(operation_id="invitations_create", request=InvitationNew, responses={201: InvitationMade})
    def create(self, request: Request) -> Response:
        asked = InvitationNew(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        if values["role"] != "customer" and (self.actor.role != "owner" or not values["email"]):
            raise exceptions.PermissionDenied(_("Only an owner invites staff, by their address."))
        lifetime = datetime.timedelta(days=values.pop("days"))
        row, token = invitations.invite(tenant=self.actor.tenant, by=self.actor.user, lifetime=lifetime, **values)
        audit.record(actor=self.actor, action="invitation.invite", target=row, after=values)
        if row.email:
            mail(row, request.build_absolute_uri(reverse("accounts_join", args=[token])))
        return Response(InvitationMade(row, context={"token": token}).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="invitations_withdraw", request=None, responses=InvitationShown)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: int) -> Response:
        row = cast(Invitation, self.get_object())
        before = row.expires_at
        invitations.withdraw(invitation=row)
        if row.expires_at != before:
            was, ends = {"expires_at": str(before)}, {"expires_at": str(row.expires_at)}
            audit.record(actor=self.actor, action="invitation.withdraw", target=row, before=was, after=ends, tenant=row.tenant)
        return Response(InvitationShown(row).data)


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


@documented("audit")
class AuditView(RowsView):
    """The audit trail of the shop."""

    model = AuditEvent
    subject = "audit"
    related = ("actor",)
    serializer_class = Event
    filters = (Text("action"), Text("target"), Number("before_id", "pk__lt"))
