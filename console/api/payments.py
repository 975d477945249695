"""Payment accounts in the API: their gateways' own fields, of which secrets go in and never come out, payouts, and the inbox."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Tenant
from billing import coverage, desk, gateways, payouts
from billing.payments.base import GatewayError, secret
from console.admin import payment_doctor
from console.api.base import STAFF, ApiView
from console.api.errors import Refused
from console.api.fields import Amount, Currency, Prose, Words
from console.api.filters import Choice, Flag, Number, Text
from console.api.rows import ForShop, TableRows, documented

MESSAGE_STATES = desk.choices("message", "state")


def _values() -> serializers.DictField:
    told = "By the names of `payment-gateways`; an empty secret keeps the stored one."
    return serializers.DictField(child=Prose(max_length=20_000), required=False, help_text=told)


class PaymentAccountNew(ForShop):
    """A new account at a gateway."""

    driver = serializers.ChoiceField(choices=list(gateways.offered()))
    name = Prose(max_length=60, required=False, help_text="Buyers read it when they choose how to pay.")
    values = _values()


class PaymentAccountForm(serializers.Serializer[Any]):
    """What can be set of an account that exists."""

    name = Words(max_length=60, required=False)
    is_enabled = serializers.BooleanField(required=False)
    values = _values()
    lent_to = serializers.ListField(
        child=serializers.RegexField(r"^[a-z0-9-]{1,40}$"), required=False, max_length=1_000,
        help_text="The platform's own accounts: the short names of the shops that may use it.",
    )  # fmt: skip
    lent_fee = serializers.IntegerField(min_value=0, max_value=10_000, required=False, help_text="In hundredths of a per cent.")
    lent_days = serializers.IntegerField(min_value=0, max_value=3_650, required=False, help_text="Until a shop may withdraw.")


class PaymentAccountShown(serializers.Serializer[Any]):
    """An account: of its secrets only which are there."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    driver = serializers.CharField()
    name = serializers.CharField()
    is_enabled = serializers.BooleanField()
    is_ready = serializers.SerializerMethodField()
    values = serializers.DictField(child=serializers.CharField(), source="options")
    secrets = serializers.SerializerMethodField()
    webhook = serializers.SerializerMethodField(help_text="The path to enter at the gateway, on the shop's host.")
    lent_to = serializers.SerializerMethodField()
    lent_fee = serializers.IntegerField()
    lent_days = serializers.IntegerField()
    failed_at = serializers.DateTimeField(allow_null=True, help_text="When it failed last, to some minutes.")
    failure = serializers.CharField(help_text="Why: what its gateway did not do, or which message was refused.")
    created_at = serializers.DateTimeField()

    def get_lent_to(self, account: Any) -> list[str]:
        return [shop.slug for shop in account.lent_to.all()]

    def get_is_ready(self, account: Any) -> bool:
        return gateways.is_ready(account)

    def get_secrets(self, account: Any) -> list[str]:
        driver = gateways.drivers().get(account.driver)
        return [one.name for one in driver.fields if one.is_secret and secret(account, one.name)] if driver else []

    def get_webhook(self, account: Any) -> str:
        driver = gateways.drivers().get(account.driver)
        if driver is None or not driver.has_account_address:
            return ""
        return reverse("pay_webhook", kwargs={"gateway": driver.slug, "account": account.token})


class Checked(serializers.Serializer[Any]):
    """Whether the gateway takes the credentials, and what it said where not."""

    ok = serializers.BooleanField()
    message = serializers.CharField()


class Examined(serializers.Serializer[Any]):
    """What the doctor found: the address to enter at the gateway, whether it is reached from here, and what payments wait."""

    address = serializers.CharField()
    is_ready = serializers.BooleanField()
    reached = serializers.CharField()
    waiting = serializers.CharField()
    asked = serializers.CharField(help_text="When payments that wait were last asked about by the clock: `no: …` where nobody does.")


class Payout(serializers.Serializer[Any]):
    """What arrived at the bank and what the gateway kept; each `reference` is booked once."""

    currency = Currency()
    received_minor = Amount()
    fee_minor = Amount(default=0)
    reference = Words(max_length=80)


class Owed(serializers.Serializer[Any]):
    """What a gateway took and has not paid out."""

    currency = serializers.CharField()
    minor = serializers.IntegerField()


class MessageShown(serializers.Serializer[Any]):
    """What a gateway told us, and what became of it; its content stays in the back office."""

    id = serializers.IntegerField(source="pk")
    account = serializers.IntegerField(source="account_id")
    event_id = serializers.CharField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=MESSAGE_STATES)
    reason = serializers.CharField()
    tries = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


@documented("payment_accounts")
class AccountsView(TableRows):
    """Payment accounts."""

    subject = "payments"
    table = "account"
    related = ("tenant",)
    serializer_class = PaymentAccountShown
    asking = frozenset({"check", "doctor"})
    filters = (Flag("is_enabled"), Text("driver"), Text("shop", "tenant__slug"))

    @extend_schema(operation_id="payment_accounts_create", request=PaymentAccountNew, responses={201: PaymentAccountShown})
    def create(self, request: Request) -> Response:
        values = self.read(PaymentAccountNew)
        tenant = self.shop(values.pop("shop", None))
        try:
            account = gateways.add_account(tenant=tenant, is_operator=self.actor.is_platform, **values)
        except gateways.GatewayAccountError as error:
            raise Refused(str(error), field="values") from None
        self.record("add", account, after=self.facts(account))
        return Response(self.tell(account), status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="payment_accounts_change", request=PaymentAccountForm, responses=PaymentAccountShown)
    def partial_update(self, request: Request, pk: int) -> Response:
        account = self.get_object()
        values, before = self.read(PaymentAccountForm), self.facts(account)
        account.name = values.get("name", account.name)
        account.is_enabled = values.get("is_enabled", account.is_enabled)
        try:
            gateways.write(account, values.get("values", {}), is_operator=self.actor.is_platform)
        except gateways.GatewayAccountError as error:
            raise Refused(str(error), field="values") from None
        self._lend(account, values)
        account.save(update_fields=["name", "is_enabled", "options", "sealed", "lent_fee", "lent_days"])
        self.record("credentials" if values.get("values") else "change", account, before=before, after=self.facts(account))
        return Response(self.tell(account))

    @extend_schema(operation_id="payment_accounts_check", request=None, responses=Checked)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: int) -> Response:
        account = self.get_object()
        try:
            gateways.driver_of(account.driver).check(account)
        except (GatewayError, gateways.GatewayAccountError) as error:
            return Response({"ok": False, "message": str(error)})
        return Response({"ok": True, "message": ""})

    @extend_schema(operation_id="payment_accounts_doctor", request=None, responses=Examined)
    @action(detail=True, methods=["post"])
    def doctor(self, request: Request, pk: int) -> Response:
        account = self.get_object()
        address = payment_doctor.address_of(request._request, account)
        reached, waiting = payment_doctor.reached(account, address), payment_doctor.waiting(account)
        self.record("examine", account)
        found = {"address": address, "is_ready": gateways.is_ready(account), "reached": reached, "waiting": waiting}
        return Response({**found, "asked": payment_doctor.asked()})

    def _lend(self, account: Any, values: dict[str, Any]) -> None:
        """Lend the platform's own account to shops, by the platform's staff alone."""
        given = {name: values[name] for name in ("lent_to", "lent_fee", "lent_days") if name in values}
        if given and not (account.tenant.is_root and self.actor.is_platform):
            raise Refused(_("Only the platform lends, and only its own accounts."), fields={name: [_("Leave it out.")] for name in given})
        if "lent_to" in given:
            found = {shop.slug: shop for shop in Tenant.objects.filter(slug__in=given["lent_to"], parent__isnull=False)}
            if missing := sorted(set(given["lent_to"]) - set(found)):
                raise Refused(_("There is no such shop: %(shops)s.") % {"shops": ", ".join(missing)}, field="lent_to")
            account.lent_to.set(found.values())
        account.lent_fee, account.lent_days = given.get("lent_fee", account.lent_fee), given.get("lent_days", account.lent_days)

    @extend_schema(methods=["GET"], operation_id="payment_accounts_owed", responses=Owed(many=True))
    @extend_schema(methods=["POST"], operation_id="payment_accounts_book_payout", request=Payout, responses={201: Owed(many=True)})
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def payouts(self, request: Request, pk: int) -> Response:
        account = self.get_object()
        if request.method != "POST":
            return Response(self._owed(account))
        values = self.read(Payout)
        values["currency"] = values["currency"].upper()
        try:
            payouts.book(account=account, actor=self.actor.user, **values)
        except payouts.BadPayout as error:
            raise Refused(str(error)) from None
        self.record("payout", account, after=values)
        return Response(self._owed(account), status=status.HTTP_201_CREATED)

    def _owed(self, account: Any) -> Any:
        return Owed([row for row in coverage.at_gateways() if row["account"] == account.pk], many=True).data


@documented("payment_messages")
class MessagesView(TableRows):
    """The inbox."""

    subject = "payments"
    table = "message"
    related = ("account__tenant",)
    serializer_class = MessageShown
    filters = (Number("account"), Choice("state", [state for state, _ in MESSAGE_STATES]), Text("event_id"))


class GatewayField(serializers.Serializer[Any]):
    """One secret or option of an account."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # its name on the wire
    is_secret = serializers.BooleanField()
    is_required = serializers.BooleanField()
    is_for_operator = serializers.BooleanField()
    help = serializers.CharField()


class Gateway(serializers.Serializer[Any]):
    """A gateway and what its accounts are made of."""

    slug = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # its name on the wire
    fields = GatewayField(many=True)  # type: ignore[assignment]  # its name on the wire


class GatewaysView(ApiView):
    """Gateways, for those who add accounts by program."""

    subject = "payments"
    read_roles = STAFF
    serializer_class = Gateway
    pagination_class = None

    @extend_schema(operation_id="payment_gateways", responses=Gateway(many=True))
    def list(self, request: Request) -> Response:
        return Response(Gateway(list(gateways.offered().values()), many=True).data)
