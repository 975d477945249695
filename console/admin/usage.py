"""Usage rows: one a call, to be looked at. Lists stay fast on any number of rows: bounded in time, neither counted nor skipped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.views import ChangeList

from accounts import scope
from accounts.admin_scope import actor_of
from accounts.models import ApiKey, Membership
from billing import arithmetic, chart
from billing.money import MICROS, format_usd
from channels_app.models import Channel
from console.admin.base import DeskAdmin, ReadOnly
from console.admin.exports import Exported
from console.admin.figures import label, lines, moment, mono, number, usd
from console.admin.keyset import KeysetList
from gateway import spans
from gateway.models import UsageQuerySet, UsageRecord

STATUS_LABELS = {"ok": "success", "partial": "warning", "disconnected": "info", "failed": "danger"}
PERIODS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "400d": timedelta(days=400),
}
DEFAULT_PERIOD = "7d"
MOST_PEOPLE = 200


class PeriodFilter(admin.SimpleListFilter):
    """The time in which calls began: read as a range of ids, so that only those months are touched."""

    title = gettext_lazy("time")
    parameter_name = "time"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("1h", gettext_lazy("last hour")),
            ("24h", gettext_lazy("last 24 hours")),
            ("30d", gettext_lazy("last 30 days")),
            ("400d", gettext_lazy("all that is kept")),
        ]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": gettext_lazy("last 7 days")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[UsageRecord]) -> QuerySet[UsageRecord]:
        end = timezone.now() + timedelta(minutes=1)
        found: QuerySet[UsageRecord] = queryset.between(_since(self.value()), end)  # type: ignore[attr-defined]  # the manager's verb
        return found


def _since(period: str | None) -> datetime:
    """Return when a period begins that ends now."""
    return timezone.now() - PERIODS.get(period or DEFAULT_PERIOD, PERIODS[DEFAULT_PERIOD])


def _identifier_of(term: str) -> UUID | None:
    try:
        return UUID(term)
    except ValueError:
        return None


def _model_of(typed: str) -> str:
    """Return what is typed when it is a model's name; nothing for a request's number, a sub-key's beginning or an address."""
    term = typed.strip()
    return "" if term.startswith("sk-") or "@" in term or _identifier_of(term) else term


class CallList(KeysetList):
    """Reads no days that have no call of the wanted model or status."""

    days: list[spans.Span] | None = None

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows: UsageQuerySet = super().get_queryset(request, exclude_parameters)
        status, model = request.GET.get("status__exact", ""), _model_of(self.query)
        if not (status or model):
            return rows
        actor = actor_of(request)
        tenant_id, since = None if actor.is_platform else actor.tenant.pk, _since(request.GET.get(PeriodFilter.parameter_name))
        self.days = spans.of(rows, who=Q(), tenant_id=tenant_id, model=model, status=status, since=since)
        return spans.bounded(rows, self.days)

    def read(self, *, before: UUID | None, limit: int) -> list[Any]:
        if self.days is None:
            return super().read(before=before, limit=limit)
        return spans.newest(self.queryset, self.days, limit=limit, before=before)


class UsageRecordAdmin(Exported, ReadOnly, DeskAdmin[UsageRecord]):
    """Calls of a tenant, for its staff: what was asked, how much, for how much."""

    list_display: tuple[str, ...] = ("at", "customer", "api_key", "model", "tokens", "price", "status_label", "times")
    list_filter = (PeriodFilter, "status")
    list_select_related = ("membership__user", "membership__tenant", "api_key", "tenant")
    export_columns = (
        ("id", "id"),
        ("at", "id:at"),
        ("customer", "membership_id"),
        ("key", "api_key_id"),
        ("model", "model"),
        ("status", "status"),
        ("input_tokens", "input_tokens"),
        ("output_tokens", "output_tokens"),
        ("price_micros", "price_micros"),
        ("first_ms", "first_ms"),
        ("total_ms", "total_ms"),
    )
    search_fields = ("id",)
    search_help_text = gettext_lazy("Request number, beginning of a sub-key, e-mail, or exact model name")
    ordering = ("-id",)
    sortable_by = ()
    fieldsets: tuple[Any, ...] = (
        (
            None,
            {
                "fields": (
                    "shown_id",
                    "at",
                    "tenant",
                    "membership",
                    "api_key",
                    "model",
                    "status_label",
                    "error",
                    "is_stream",
                    "first",
                    "total",
                )
            },
        ),
        (gettext_lazy("Price"), {"fields": ("buckets", "usage_source", "numerator", "price", "arithmetic", "book", "journal_id")}),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CallList

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for _title, rows in self.fieldsets for name in rows["fields"])

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Turn the words into ids first: no join and no LIKE over the big table."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if identifier := _identifier_of(term):
            return queryset.filter(pk=identifier), False
        actor = actor_of(request)
        if term.startswith("sk-"):
            keys = scope.narrow(actor, ApiKey.objects.filter(prefix__startswith=term[:10]))
            return queryset.filter(api_key_id__in=list(keys.values_list("pk", flat=True)[:MOST_PEOPLE])), False
        if "@" in term:
            people = scope.narrow(actor, Membership.objects.filter(user__email__startswith=term.lower()))
            return queryset.filter(membership_id__in=list(people.values_list("pk", flat=True)[:MOST_PEOPLE])), False
        return queryset.filter(model=term), False

    @admin.display(description=gettext_lazy("customer"))
    def customer(self, row: UsageRecord) -> str:
        return str(row.membership.user)

    @admin.display(description=gettext_lazy("request"))
    def shown_id(self, row: UsageRecord) -> SafeString:
        return mono(row.pk)

    @admin.display(description=gettext_lazy("at"), ordering="id")
    def at(self, row: UsageRecord) -> SafeString:
        return moment(row.created_at)

    @admin.display(description=gettext_lazy("tokens in / out"))
    def tokens(self, row: UsageRecord) -> SafeString:
        return number(f"{row.input_tokens:,} / {row.output_tokens:,}")

    @admin.display(description=gettext_lazy("buckets"))
    def buckets(self, row: UsageRecord) -> SafeString:
        return lines(f"{bucket}: {count:,}" for bucket, count in row.usage.items() if count)

    @admin.display(description=gettext_lazy("arithmetic"))
    def arithmetic(self, row: UsageRecord) -> SafeString:
        return lines(_sums(row))

    @admin.display(description=gettext_lazy("price"))
    def price(self, row: UsageRecord) -> SafeString:
        return usd(row.price_micros)

    @label(description=gettext_lazy("status"), colours=STATUS_LABELS)
    def status_label(self, row: UsageRecord) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @admin.display(description=gettext_lazy("first / in all, ms"))
    def times(self, row: UsageRecord) -> SafeString:
        return number(f"{'—' if row.first_ms is None else f'{row.first_ms:,}'} / {row.total_ms:,}")

    @admin.display(description=gettext_lazy("first content"))
    def first(self, row: UsageRecord) -> SafeString:
        return number("—" if row.first_ms is None else f"{row.first_ms:,} ms")

    @admin.display(description=gettext_lazy("in all"))
    def total(self, row: UsageRecord) -> SafeString:
        return number(f"{row.total_ms:,} ms")


class PlatformUsageAdmin(UsageRecordAdmin):
    """All calls, with the channel that answered and what it cost us."""

    list_display = ("at", "tenant", "customer", "model", "channel", "tokens", "price", "cost", "status_label", "times")
    fieldsets = (
        *UsageRecordAdmin.fieldsets,
        (gettext_lazy("Upstream"), {"fields": ("channel", "upstream_model", "tries", "cost", "margin", "paid_from", "paid_to")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[UsageRecord]:
        name = Channel.objects.filter(pk=OuterRef("channel_id")).values("name")[:1]
        rows: QuerySet[UsageRecord] = super().get_queryset(request)
        return rows.annotate(channel_name=Subquery(name), sink_id=Value(chart.account(kind="sink_usage").pk))

    @admin.display(description=gettext_lazy("channel"))
    def channel(self, row: UsageRecord) -> str:
        name: str | None = row.channel_name  # type: ignore[attr-defined]  # annotated above
        return "—" if row.channel_id is None else name or f"#{row.channel_id}"

    @admin.display(description=gettext_lazy("channels tried"))
    def tries(self, row: UsageRecord) -> SafeString:
        """Name who was asked in vain and why; rows from before reasons were kept have none."""
        names = dict(Channel.objects.filter(pk__in=row.tried).values_list("pk", "name"))
        reasons = row.reasons or [""] * len(row.tried)
        return lines(
            f"{names.get(channel, f'#{channel}')}: {reason}".removesuffix(": ") for channel, reason in zip(row.tried, reasons, strict=False)
        )

    @admin.display(description=gettext_lazy("cost"))
    def cost(self, row: UsageRecord) -> SafeString:
        return usd(row.cost_micros)

    @admin.display(description=gettext_lazy("margin"))
    def margin(self, row: UsageRecord) -> SafeString:
        return usd(row.margin_micros(row.sink_id))  # type: ignore[attr-defined]  # annotated above

    @admin.display(description=gettext_lazy("paid from"))
    def paid_from(self, row: UsageRecord) -> SafeString:
        return _amounts(row.parts)

    @admin.display(description=gettext_lazy("paid to"))
    def paid_to(self, row: UsageRecord) -> SafeString:
        return _amounts(row.splits)


def _amounts(pairs: list[list[int]]) -> SafeString:
    return lines(f"#{account}: {amount:,} µ$" for account, amount in pairs)


def _sums(row: UsageRecord) -> Iterator[str]:
    """Write a row's price out: count × price = product, a line each, then the sum and its rounding."""
    sums = arithmetic.explain(
        tenant_id=row.tenant_id, book=row.book, usage=row.usage, price_micros=row.price_micros, numerator=int(row.numerator)
    )
    if sums is None:
        return
    for item in sums.items:
        yield f"{item.name}: {item.count:,} × {'–' if item.price is None else format_usd(item.price)} ÷ 1M = {item.product:,}"
    if sums.per_call_micros:
        yield f"1 × {format_usd(sums.per_call_micros)} = {sums.per_call_micros * MICROS:,}"
    yield f"Σ {sums.numerator:,} ÷ 1M → {sums.price_micros:,} µ${'' if sums.agrees and not sums.is_free else f' ≠ {row.price_micros:,} µ$'}"
