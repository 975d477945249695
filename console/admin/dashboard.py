"""The first page of a back office: calls, spending and errors of the last days, and the stock that is left."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import scope
from accounts.admin_scope import actor_of
from accounts.models import ApiKey, AuditEvent
from billing import money
from billing.models.ledger import LedgerAccount
from channels_app.models import Channel
from foundation import ids
from gateway.models import UsageQuerySet, UsageRecord

DAYS = 14
KEEP_SECONDS = 20
FAILED = ("failed", "partial")
OWED = ("stock", "escrow", "wallet", "lot")


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of the first row."""

    title: str
    figure: str
    note: str = ""


def context(request: HttpRequest, site: str) -> dict[str, Any]:
    """Return what the index template shows; figures over usage are kept for some seconds."""
    actor = actor_of(request)
    name = f"dashboard:{site}:{actor.tenant.pk}"
    found: dict[str, Any] | None = cache.get(name)
    if found is None:
        found = _usage(actor)
        cache.set(name, found, KEEP_SECONDS)
    return {
        "tiles": [*found["tiles"], *_stock(actor)],
        "chart": found["chart"],
        "models": found["models"],
        "channels": scope.narrow(actor, Channel.objects.select_related("check_result"))[:8],
        "events": scope.narrow(actor, AuditEvent.objects.select_related("actor"))[:8],
    }


def _usage(actor: scope.Actor) -> dict[str, Any]:
    now = timezone.now()
    rows = cast(UsageQuerySet, scope.narrow(actor, UsageRecord.objects.all()).order_by())
    day, before = _sums(rows, now - timedelta(days=1), now), _sums(rows, now - timedelta(days=2), now - timedelta(days=1))
    recent = rows.between(now - timedelta(days=DAYS), now + timedelta(minutes=1))
    return {
        "tiles": [
            Tile(_("Calls, 24 h"), f"{day['calls']:,}", _("%s the day before") % f"{before['calls']:,}"),
            Tile(_("Spent, 24 h"), money.format_usd(day["price"]), _("upstream cost %s") % money.format_usd(day["cost"])),
            Tile(_("Errors, 24 h"), _share(day["errors"], day["calls"]), _("%s calls without a full answer") % f"{day['errors']:,}"),
        ],
        "chart": _chart(recent, now),
        "models": list(recent.values("model").annotate(calls=Count("pk"), price=Sum("price_micros")).order_by("-price")[:8]),
    }


def _sums(rows: UsageQuerySet, start: datetime, end: datetime) -> dict[str, int]:
    found = rows.between(start, end).aggregate(
        calls=Count("pk"), price=Sum("price_micros"), cost=Sum("cost_micros"), errors=Count("pk", filter=Q(status__in=FAILED))
    )
    return {name: value or 0 for name, value in found.items()}


def _chart(rows: QuerySet[UsageRecord], now: datetime) -> str:
    """Return Chart.js data: dollars spent on each of the last days."""
    last = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [last - timedelta(days=back) for back in reversed(range(DAYS))]
    spent = rows.aggregate(**{f"day{number}": Sum("price_micros", filter=_on(day)) for number, day in enumerate(days)})
    return json.dumps(
        {
            "labels": [f"{day:%d %b}" for day in days],
            "datasets": [
                {
                    "label": _("Spent, $"),
                    "data": [(spent[f"day{number}"] or 0) / money.MICROS for number in range(DAYS)],
                    "borderColor": "var(--color-primary-600)",
                    "backgroundColor": "var(--color-primary-600)",
                }
            ],
        }
    )


def _on(day: datetime) -> Q:
    """Select one day's rows by the time inside their ids."""
    return Q(id__gte=ids.uuid7_floor(day), id__lt=ids.uuid7_floor(day + timedelta(days=1)))


def _stock(actor: scope.Actor) -> list[Tile]:
    """Return what is left to sell (for the platform: what is owed in service) and the live keys."""
    live = scope.narrow(actor, ApiKey.objects.filter(state=ApiKey.State.ACTIVE)).count()
    keys = Tile(_("Active sub-keys"), f"{live:,}")
    if actor.is_platform:
        owed = LedgerAccount.objects.filter(ledger="Q", kind__in=OWED).aggregate(sum=Sum("balance"))["sum"] or 0
        return [Tile(_("Outstanding quota"), money.format_usd(owed), _("sold and not used yet, everywhere")), keys]
    stock = LedgerAccount.objects.filter(tenant=actor.tenant, kind="stock", ledger="Q").aggregate(sum=Sum("balance"))["sum"] or 0
    return [Tile(_("Stock"), money.format_usd(stock), _("quota bought and not sold yet")), keys]


def _share(part: int, whole: int) -> str:
    return "0 %" if not whole else f"{100 * part / whole:.1f} %"
