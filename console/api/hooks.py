"""Whom a shop tells, in the API: webhooks with their deliveries, and where staff are told; secrets are shown once or never."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import notices, webhooks
from accounts.models import NotificationTarget, WebhookDelivery, WebhookEndpoint
from accounts.models.hooks import EventKind
from console.admin.base import facts
from console.api.errors import Refused
from console.api.fields import Prose
from console.api.filters import Choice, Flag, Number, Unique
from console.api.rows import Deletable, EditableRows, ForShop, RowsView, documented
from foundation import outbound
from foundation.ids import uuid7

TOLD = [choice for choice in EventKind.choices if choice[0] != EventKind.PING]


def _events() -> serializers.ListField:
    return serializers.ListField(child=serializers.ChoiceField(choices=TOLD), min_length=1, max_length=len(TOLD))


class WebhookForm(serializers.Serializer[Any]):
    """Where to send what."""

    url = serializers.RegexField(r"^https?://[!-~]+$", max_length=500)
    events = _events()
    note = Prose(max_length=200, required=False)
    is_active = serializers.BooleanField(required=False)


class WebhookNew(ForShop, WebhookForm):
    """A new webhook."""


class WebhookShown(serializers.Serializer[Any]):
    """A webhook without its secret."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField()
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class WebhookMade(WebhookShown):
    """A webhook with the secret that signs its messages: shown this once."""

    secret = serializers.SerializerMethodField()

    def get_secret(self, row: WebhookEndpoint) -> str:
        return str(self.context["secret"])


class Sent(serializers.Serializer[Any]):
    """A message on its way: its event, by which the deliveries are found."""

    event = serializers.UUIDField()


class DeliveryShown(serializers.Serializer[Any]):
    """One message and how its last attempt went."""

    id = serializers.UUIDField(source="pk")
    webhook = serializers.IntegerField(source="endpoint_id")
    event = serializers.UUIDField()
    kind = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]  # its name on the wire
    is_replay = serializers.BooleanField()
    state = serializers.ChoiceField(choices=WebhookDelivery.State.choices)
    attempts = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)


class TargetForm(serializers.Serializer[Any]):
    """Where staff are told; an empty credential keeps the stored one."""

    preset = serializers.ChoiceField(choices=NotificationTarget.Preset.choices)
    address = Prose(max_length=300, required=False)
    credential = Prose(max_length=500, required=False)
    events = _events()
    is_active = serializers.BooleanField(required=False)


class TargetNew(ForShop, TargetForm):
    """A new target."""


class TargetShown(serializers.Serializer[Any]):
    """A target; of its credential only whether there is one."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    preset = serializers.ChoiceField(choices=NotificationTarget.Preset.choices)
    address = serializers.CharField()
    has_credential = serializers.BooleanField(source="sealed")
    events = serializers.ListField(child=serializers.CharField())
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


@documented("webhooks")
class WebhooksView(EditableRows, Deletable):
    """Webhooks."""

    model = WebhookEndpoint
    subject = "webhooks"
    related = ("tenant",)
    serializer_class = WebhookShown
    form, form_new = WebhookForm, WebhookNew
    filters = (Flag("is_active"),)

    @extend_schema(operation_id="webhooks_create", request=WebhookNew, responses={201: WebhookMade})
    def create(self, request: Request) -> Response:
        values = self.read(WebhookNew)
        _check(values["url"])
        is_active = values.pop("is_active", True)
        row, secret = webhooks.add(tenant=self.shop(values.pop("shop", None)), **values)
        if not is_active:
            super().put(row, {"is_active": False})
        self.record("add", row, after=facts(row))
        return Response(WebhookMade(row, context={"secret": secret}).data, status=status.HTTP_201_CREATED)

    def put(self, row: Any, values: dict[str, Any]) -> None:
        if "url" in values:
            _check(values["url"])
        super().put(row, values)

    @extend_schema(operation_id="webhooks_test", request=None, responses={202: Sent})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        row, event = self.get_object(), uuid7()
        webhooks.send(endpoint=row, kind=EventKind.PING, data={}, event=event)
        return Response({"event": str(event)}, status=status.HTTP_202_ACCEPTED)

    @extend_schema(operation_id="webhooks_new_secret", request=None, responses=WebhookMade)
    @action(detail=True, methods=["post"], url_path="new-secret")
    def new_secret(self, request: Request, pk: int) -> Response:
        row = self.get_object()
        secret = webhooks.new_secret(endpoint=row)
        self.record("new_secret", row)
        return Response(WebhookMade(row, context={"secret": secret}).data)


@documented("webhook_deliveries")
class DeliveriesView(RowsView):
    """The log of what was sent."""

    model = WebhookDelivery
    subject = "webhooks"
    related = ("endpoint__tenant",)
    serializer_class = DeliveryShown
    lookup_value_converter = "uuid"
    filters = (
        Number("webhook", "endpoint_id"), Choice("state", WebhookDelivery.State.values), Choice("kind", EventKind.values), Unique("event"),
    )  # fmt: skip

    @extend_schema(operation_id="webhook_deliveries_replay", request=None, responses={202: Sent})
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: UUID) -> Response:
        row = cast(WebhookDelivery, self.get_object())
        webhooks.replay(delivery=row)
        self.record("replay", row, after={"event": str(row.event)})
        return Response({"event": str(row.event)}, status=status.HTTP_202_ACCEPTED)


@documented("notification_targets")
class TargetsView(EditableRows, Deletable):
    """Where staff are told."""

    model = NotificationTarget
    subject = "webhooks"
    related = ("tenant",)
    serializer_class = TargetShown
    form, form_new = TargetForm, TargetNew
    filters = (Flag("is_active"), Choice("preset", NotificationTarget.Preset.values))

    def put(self, row: Any, values: dict[str, Any]) -> None:
        if credential := values.pop("credential", ""):
            values["sealed"] = notices.seal(credential)
        seen = {name: values.get(name, getattr(row, name)) for name in ("preset", "address")}
        if problems := notices.problems(**seen, has_credential=bool(values.get("sealed") or row.sealed)):
            raise Refused(" ".join(problems.values()), fields={name: [text] for name, text in problems.items()})
        super().put(row, values)

    @extend_schema(operation_id="notification_targets_test", request=None, responses={202: Sent})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        row, event = self.get_object(), uuid7()
        notices.send(target=row, kind=EventKind.PING, data={}, event=event)
        return Response({"event": str(event)}, status=status.HTTP_202_ACCEPTED)


def _check(url: str) -> None:
    """Refuse an address inside our own network."""
    try:
        outbound.check_address(url, allow_private=False)
    except outbound.OutboundError as error:
        raise Refused(str(error), field="url") from None
