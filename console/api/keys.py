"""Sub-keys in the API: list, issue, change, rotate, pause, revoke; for customers their own, for staff their shop's."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, keys
from accounts.models import ApiKey, Membership
from billing import limits
from console.api import errors
from console.api.base import ApiView
from console.api.fields import Words
from console.api.filters import Choice, Number, Text
from console.api.searching import SEARCH

MOST = 9_000_000_000_000_000
WINDOWS = {"total_micros": "key", "five_hours_micros": "5h", "day_micros": "day", "week_micros": "week", "month_micros": "month"}
# What looks like a network: four numbers, or IPv6 as hexadecimal groups; the last word has `ipaddress`.
CIDR = (
    r"^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}(/(3[0-2]|[12]?[0-9]))?"
    r"|([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?|([0-9a-f]{1,4}:){1,6}:(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?)$"
)
# A name with at most one star, and the model it leads to.
ALIAS = r"^[^=*\x00]*\*?[^=*\x00]*=[^=\x00]+$"
SETTINGS = ("name", "expires_at", "models", "aliases", "networks", "rpm", "tpm", "concurrency", "tags")


@contextmanager
def refusing_aliases() -> Iterator[None]:
    """Say that a name leads to a model which the key's own list leaves out."""
    try:
        yield
    except ValueError:
        raise errors.Refused(_("Write name=model, with a model that this key may call."), field="aliases") from None


@extend_schema_field({"type": "string", "pattern": CIDR})
class NetworkField(serializers.CharField):
    """A network in CIDR notation."""

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        try:
            return keys.clean_networks([text])[0]
        except (ValueError, IndexError):
            raise serializers.ValidationError(_("Write networks as CIDR, such as 203.0.113.0/24.")) from None


class AllowancesField(serializers.Serializer[Any]):
    """What the key may spend in µ$, in all and per window; null = no such limit."""

    total_micros = serializers.IntegerField(min_value=0, max_value=MOST, allow_null=True, required=False)
    five_hours_micros = serializers.IntegerField(min_value=0, max_value=MOST, allow_null=True, required=False)
    day_micros = serializers.IntegerField(min_value=0, max_value=MOST, allow_null=True, required=False)
    week_micros = serializers.IntegerField(min_value=0, max_value=MOST, allow_null=True, required=False)
    month_micros = serializers.IntegerField(min_value=0, max_value=MOST, allow_null=True, required=False)


class WindowField(serializers.Serializer[Any]):
    """One limit as it stands."""

    scope = serializers.CharField()
    spent_micros = serializers.IntegerField()
    limit_micros = serializers.IntegerField()
    resets_at = serializers.DateTimeField(allow_null=True)


def rate() -> serializers.IntegerField:
    """Return a field for what a key may do at most; null = no such limit."""
    return serializers.IntegerField(min_value=1, max_value=1_000_000_000, allow_null=True, required=False)


class KeySettings(serializers.Serializer[Any]):
    """What can be set."""

    name = Words(max_length=60)
    expires_at = serializers.DateTimeField(allow_null=True, required=False)
    models = serializers.ListField(child=Words(max_length=120), required=False, max_length=200)
    aliases = serializers.ListField(
        child=serializers.RegexField(ALIAS, max_length=241), required=False, max_length=100,
        help_text="`name=model`: what answers a name the key cannot have itself; a `*` in the name stands for anything.",
    )  # fmt: skip
    networks = serializers.ListField(child=NetworkField(max_length=43), required=False, max_length=100)
    rpm, tpm, concurrency = rate(), rate(), rate()
    tags = serializers.ListField(child=Words(max_length=40), required=False, max_length=50)
    allowances = AllowancesField(required=False)


class KeyChange(KeySettings):
    """The same, every field optional: what is left out stays."""

    name = Words(max_length=60, required=False)
    rpm, tpm, concurrency = rate(), rate(), rate()


class KeyNew(KeySettings):
    """The same for a new key; staff name the customer it is for."""

    rpm, tpm, concurrency = rate(), rate(), rate()
    customer = serializers.IntegerField(required=False, min_value=1, max_value=MOST, help_text="Staff only; the caller when left out.")


class KeyShown(serializers.Serializer[Any]):
    """A key without its secret."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    prefix = serializers.CharField()
    last4 = serializers.CharField()
    state = serializers.ChoiceField(choices=ApiKey.State.choices)
    login = serializers.CharField(allow_null=True, help_text="The name that opens it by HTTP Basic, with a password.")
    customer = serializers.IntegerField(source="membership_id")
    expires_at = serializers.DateTimeField(allow_null=True)
    models = serializers.ListField(child=serializers.CharField(), source="models_allowed")
    aliases = serializers.ListField(child=serializers.CharField(), source="model_aliases")
    networks = serializers.ListField(child=serializers.CharField(), source="networks_allowed")
    rpm = serializers.IntegerField(allow_null=True)
    tpm = serializers.IntegerField(allow_null=True)
    concurrency = serializers.IntegerField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    limits = serializers.SerializerMethodField()
    old_secret_until = serializers.DateTimeField(source="previous_until", allow_null=True)
    created_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(WindowField(many=True))
    def get_limits(self, key: ApiKey) -> list[dict[str, Any]]:
        states = self.context.get("states")
        state = limits.state(key.pk) if states is None else states.get(key.pk, limits.State())
        return [dict(WindowField(one).data) for one in state.windows]


class KeyIssued(KeyShown):
    """A key with its secret: the only time it is shown."""

    secret = serializers.SerializerMethodField()

    def get_secret(self, key: ApiKey) -> str:
        return str(self.context["secret"])


class Overlap(serializers.Serializer[Any]):
    """How long the old secret works on."""

    overlap_hours = serializers.IntegerField(min_value=0, max_value=24 * 30, default=24)


FILTERS = (
    Choice("state", ApiKey.State.values),
    Number("customer", "membership_id"),
    Text("prefix", "prefix__startswith"),
    Text("tag", "tags__contains", is_list=True),
    SEARCH,
)


class KeysView(ApiView):
    """Sub-keys."""

    subject = "keys"
    serializer_class = KeyShown

    def get_queryset(self) -> Any:
        return self.narrow(ApiKey.objects.select_related("membership"))

    @extend_schema(operation_id="keys_list", parameters=[one.parameter for one in FILTERS], responses=KeyShown(many=True))
    def list(self, request: Request) -> Response:
        rows = self.get_queryset()
        for one in FILTERS:
            rows = one.narrow(rows, request)
        page = self.paginate_queryset(rows) or []
        shown = KeyShown(page, many=True, context={"states": limits.states(key.pk for key in page)})
        return self.get_paginated_response(shown.data)

    @extend_schema(operation_id="keys_create", request=KeyNew, responses={201: KeyIssued})
    def create(self, request: Request) -> Response:
        values = self.read(KeyNew)
        with refusing_aliases():
            issued = keys.issue(membership=self._owner(values.pop("customer", None)), **_settings(values))
        allowed = {name: amount for name, amount in values.get("allowances", {}).items() if amount is not None}
        if allowed:
            limits.set_allowance(api_key_id=issued.key.pk, **allowed)
        self._note("issue", issued.key)
        return Response(KeyIssued(issued.key, context={"secret": issued.secret}).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="keys_read", responses=KeyShown)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(KeyShown(self.get_object()).data)

    @extend_schema(operation_id="keys_change", request=KeyChange, responses=KeyShown)
    def partial_update(self, request: Request, pk: int) -> Response:
        key = self._live()
        values = self.read(KeyChange)
        before = {
            "name": key.name, "expires_at": key.expires_at, "models": key.models_allowed, "aliases": key.model_aliases,
            "networks": key.networks_allowed,
            "rpm": key.rpm, "tpm": key.tpm, "concurrency": key.concurrency, "tags": key.tags,
        }  # fmt: skip
        with refusing_aliases():
            keys.change(key=key, **(before | {name: values[name] for name in SETTINGS if name in values}))
        if "allowances" in values:
            found = {one.scope: one.limit_micros for one in limits.state(key.pk).windows}
            stored = {name: found.get(scope) for name, scope in WINDOWS.items()}
            limits.set_allowance(api_key_id=key.pk, **(stored | values["allowances"]))
        self._note("change", key)
        return Response(KeyShown(key).data)

    @extend_schema(operation_id="keys_rotate", request=Overlap, responses=KeyIssued)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: int) -> Response:
        hours = self.read(Overlap)["overlap_hours"]
        issued = keys.rotate(key=self._live(), overlap=datetime.timedelta(hours=hours))
        self._note("rotate", issued.key)
        return Response(KeyIssued(issued.key, context={"secret": issued.secret}).data)

    @extend_schema(operation_id="keys_pause", request=None, responses=KeyShown)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: int) -> Response:
        return self._paused(is_paused=True)

    @extend_schema(operation_id="keys_resume", request=None, responses=KeyShown)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: int) -> Response:
        return self._paused(is_paused=False)

    @extend_schema(operation_id="keys_revoke", request=None, responses=KeyShown)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: int) -> Response:
        key = self._changeable()
        keys.revoke(key=key)
        self._note("revoke", key)
        return Response(KeyShown(key).data)

    def _paused(self, *, is_paused: bool) -> Response:
        key = self._live()
        keys.pause(key=key, is_paused=is_paused)
        self._note("pause" if is_paused else "resume", key)
        return Response(KeyShown(key).data)

    def _owner(self, customer: int | None) -> Membership:
        """Return whom the key is for: the caller, or for staff one of their customers."""
        if customer is None or customer == self.member.pk:
            return self.member
        found = (
            self.narrow(Membership.objects.filter(pk=customer)).first() if self.actor.is_staff and self.actor.role != "support" else None
        )
        if found is None:
            raise exceptions.NotFound(_("There is no such customer."))
        return cast(Membership, found)

    def _changeable(self) -> ApiKey:
        """Return the key; to support staff others' keys are there to be looked at."""
        key = cast(ApiKey, self.get_object())
        if key.membership_id != self.member.pk and self.actor.role == "support":
            raise exceptions.PermissionDenied(_("Support staff do not change keys."))
        return key

    def _live(self) -> ApiKey:
        key = self._changeable()
        if key.state == ApiKey.State.REVOKED:
            raise Revoked
        return key

    def _note(self, verb: str, key: ApiKey) -> None:
        """Write what staff do to others' keys into the trail."""
        if key.membership_id != self.member.pk:
            audit.record(actor=self.actor, action=f"apikey.{verb}", target=key, after={"by": "api"}, tenant=key.tenant)


class Revoked(exceptions.APIException):
    """The key is revoked: nothing changes it any more."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "This key is revoked."


def _settings(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in SETTINGS if name in values}
