"""Usage in the API: single calls and their sums; for customers their own, for staff their shop's."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import arithmetic
from console.api.base import ApiView
from console.api.filters import Choice, Day, Number, Text
from console.api.searching import SEARCH
from gateway import rollups, selectors, spans
from gateway.models import UsageRecord

LONGEST_DAYS = 400
BY = {"day": "start", "model": "model", "key": "api_key_id", "customer": "membership_id"}


class Call(serializers.Serializer[Any]):
    """One call: no channel, no upstream, no text."""

    id = serializers.UUIDField()
    at = serializers.DateTimeField(source="created_at")
    key = serializers.IntegerField(source="api_key_id")
    customer = serializers.IntegerField(source="membership_id")
    model = serializers.CharField()
    status = serializers.ChoiceField(choices=UsageRecord.Status.choices)
    error = serializers.CharField(allow_blank=True)
    buckets = serializers.DictField(child=serializers.IntegerField(), source="usage")
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    price_micros = serializers.IntegerField()
    usage_source = serializers.ChoiceField(choices=UsageRecord.Source.choices)
    is_stream = serializers.BooleanField()
    first_ms = serializers.IntegerField(allow_null=True)
    total_ms = serializers.IntegerField()


class Item(serializers.Serializer[Any]):
    """One product of the sum: `count` × `price` (µ$ per million) in millionths of a µ$."""

    name = serializers.CharField()
    count = serializers.IntegerField()
    price = serializers.IntegerField(allow_null=True)
    product = serializers.IntegerField()


class Arithmetic(serializers.Serializer[Any]):
    """How the price came about, by the rules of that time: all products together, rounded up once."""

    items = Item(many=True)
    per_call_micros = serializers.IntegerField()
    numerator = serializers.IntegerField()
    price_micros = serializers.IntegerField()
    above = serializers.IntegerField(allow_null=True)
    is_free = serializers.BooleanField()
    agrees = serializers.BooleanField()


class Upstream(serializers.Serializer[Any]):
    """Who answered, and what it cost: the platform's affair."""

    channel = serializers.IntegerField(source="channel_id", allow_null=True)
    model = serializers.CharField(source="upstream_model")
    tried = serializers.ListField(child=serializers.IntegerField(), help_text="Channels that were asked in vain.")
    reasons = serializers.ListField(child=serializers.CharField())
    cost_micros = serializers.IntegerField()


class CallDetail(Call):
    """A call with its arithmetic (null where its rules are not there any more); what was upstream is for the platform's staff."""

    arithmetic = serializers.SerializerMethodField()
    upstream = serializers.SerializerMethodField()

    @extend_schema_field(Upstream(allow_null=True))
    def get_upstream(self, call: UsageRecord) -> Any:
        return Upstream(call).data if self.context["is_platform"] else None

    @extend_schema_field(Arithmetic(allow_null=True))
    def get_arithmetic(self, call: UsageRecord) -> Any:
        sums = self.context["sums"]
        return None if sums is None else Arithmetic(sums).data


class Sum(serializers.Serializer[Any]):
    """What some calls used."""

    group = serializers.CharField()
    calls = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    price_micros = serializers.IntegerField()


class Sums(serializers.Serializer[Any]):
    """Sums of whole days in UTC, up to some seconds old."""

    since = serializers.DateField()
    until = serializers.DateField()
    results = Sum(many=True)


FILTERS = (
    Number("key", "api_key_id"),
    Number("customer", "membership_id"),
    Text("model"),
    Choice("status", UsageRecord.Status.values),
    SEARCH,
)
SINCE, UNTIL, GROUP = Day("since"), Day("until"), Choice("by", tuple(BY))


def _position(cursor: Any) -> UUID | None:
    """Return the last call of the page before; raise 404 for a cursor that is not ours."""
    try:
        return UUID(cursor.position) if cursor is not None and cursor.position else None
    except ValueError:
        raise exceptions.NotFound(_("There is no such page.")) from None


class UsageView(ApiView):
    """Calls."""

    subject = "usage"
    serializer_class = Call
    lookup_value_converter = "uuid"

    def get_queryset(self) -> Any:
        rows = UsageRecord.objects.all()
        return self._mine(rows)

    @extend_schema(operation_id="usage_list", parameters=[one.parameter for one in (*FILTERS, SINCE, UNTIL)], responses=Call(many=True))
    def list(self, request: Request) -> Response:
        rows = self.get_queryset()
        since, until = SINCE.value(request), UNTIL.value(request)
        if since is not None or until is not None:
            end = until + datetime.timedelta(days=1) if until else timezone.now() + datetime.timedelta(hours=1)
            rows = rows.between(since or selectors.BEGINNING, end)
        for one in FILTERS:
            rows = one.narrow(rows, request)
        return self.get_paginated_response(Call(self.paginate_queryset(self._bounded(rows, request, since)), many=True).data)

    def _bounded(self, rows: Any, request: Request, since: datetime.datetime | None) -> Any:
        """Leave out the days that have no call of the model or with the status that is asked for."""
        model, status = (request.query_params.get(name, "") for name in ("model", "status"))
        if not (model or status):
            return rows
        columns = {"membership_id": request.query_params.get("customer"), "api_key_id": request.query_params.get("key")}
        if not self.actor.is_staff:
            columns["membership_id"] = str(self.member.pk)
        who = Q(**{name: int(value) for name, value in columns.items() if value})
        tenant_id = None if self.actor.is_platform else self.actor.tenant.pk
        days = spans.of(rows, who=who, tenant_id=tenant_id, model=model, status=status, since=since)
        page: Any = self.paginator
        at = page.decode_cursor(request)
        if at is not None and (at.reverse or at.offset):
            return spans.bounded(rows, days)
        found = spans.newest(rows.only("pk"), days, limit=page.get_page_size(request) + 1, before=_position(at))
        return rows.filter(pk__in=[row.pk for row in found])

    @extend_schema(operation_id="usage_read", responses=CallDetail)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        call = self.get_object()
        sums = arithmetic.explain(
            tenant_id=call.tenant_id, book=call.book, usage=call.usage, price_micros=call.price_micros, numerator=int(call.numerator)
        )
        return Response(CallDetail(call, context={"sums": sums, "is_platform": self.actor.is_platform}).data)

    @extend_schema(
        operation_id="usage_summary",
        parameters=[one.parameter for one in (FILTERS[0], FILTERS[1], FILTERS[2], SINCE, UNTIL, GROUP)],
        responses=Sums,
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def summary(self, request: Request) -> Response:
        today = rollups.day_of(timezone.now())
        until = UNTIL.value(request) or today
        since = max(SINCE.value(request) or until - datetime.timedelta(days=29), until - datetime.timedelta(days=LONGEST_DAYS))
        column: Any = BY[GROUP.value(request) or "day"]
        asked: Any = [one.lookup for one in FILTERS[:3] if one.value(request) is not None]
        if not self.actor.is_staff:
            asked.append("membership_id")
        rows = self._mine(selectors.days(column, *asked))
        for one in FILTERS[:3]:
            rows = one.narrow(rows, request)
        found = selectors.sums(rows, by=column, since=since, until=until + datetime.timedelta(days=1))
        shown = [_sum(group, sums) for group, sums in sorted(found.items(), key=lambda item: str(item[0]))]
        return Response(Sums({"since": since.date(), "until": until.date(), "results": shown}).data)

    def _mine(self, rows: Any) -> Any:
        """Keep the caller's own calls, and for staff those of the shop (usage rows name no owner path of their own)."""
        return self.narrow(rows) if self.actor.is_staff else rows.filter(Q(membership_id=self.member.pk))


def _sum(group: Any, sums: selectors.Sums) -> dict[str, Any]:
    name = f"{group:%Y-%m-%d}" if isinstance(group, datetime.datetime) else str(group)
    return {
        "group": name,
        "calls": sums.calls,
        "input_tokens": sums.input_tokens,
        "output_tokens": sums.output_tokens,
        "price_micros": sums.price_micros,
    }
