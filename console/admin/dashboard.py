"""The first page of a back office: calls, spending and errors of the last days, and the stock that is left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import scope
from accounts.admin_scope import actor_of
from accounts.models import ApiKey, AuditEvent
from billing import chart, money
from billing.models.ledger import LedgerAccount
from channels_app.models import Channel
from console.admin import checklist, customers, selling
from console.admin.base import BoundedPaginator
from console.admin.tiles import Tile
from gateway import rollups, selectors
from gateway.models import UsageTenantHour

DAYS = 14
KEEP_SECONDS = 20
# On the first days of a month its customers say little: they are still those of the month before.
YOUNG_DAYS = 3
MODELS = 8
OWED = ("stock", "escrow", "wallet", "lot")


def context(request: HttpRequest, site: str) -> dict[str, Any]:
    """Return what the index template shows; figures over usage are kept for some seconds."""
    actor = actor_of(request)
    name = f"dashboard:{site}:{actor.tenant.pk}:{get_language()}"
    found: dict[str, Any] | None = cache.get(name)
    if found is None:
        found = _usage(actor) | _customers(actor) | selling.context(actor, site)
        cache.set(name, found, KEEP_SECONDS)
    return {
        "tiles": [*found["selling"], *found["tiles"], *_keys(actor)],
        "chart": found["chart"],
        "models": found["models"],
        **{part: found[part] for part in ("month", "dearest", "running_dry", "waiting", "short", "health")},
        "site": site,
        "steps": checklist.steps(actor.tenant, site),
        "channels": scope.narrow(actor, Channel.objects.select_related("check_result"))[:8],
        "events": scope.narrow(actor, AuditEvent.objects.select_related("actor"))[:8],
    }


def _usage(actor: scope.Actor) -> dict[str, Any]:
    """Read the sums, which are seconds old: 24 hours are the current one and the 23 before it, days are those of UTC."""
    hours, days = scope.narrow(actor, UsageTenantHour.objects.all()), scope.narrow(actor, selectors.days("tenant_id", "model"))
    end = rollups.hour_of(timezone.now()) + rollups.HOUR
    last = selectors.total(hours, since=end - timedelta(days=1), until=end)
    before = selectors.total(hours, since=end - timedelta(days=2), until=end - timedelta(days=1))
    today = rollups.day_of(timezone.now())
    so_far = selectors.total(days, since=today, until=today + rollups.DAY)
    window = {"since": today - timedelta(days=DAYS - 1), "until": today + rollups.DAY}
    models = selectors.sums(days, by="model", **window)
    return {
        "tiles": [
            Tile(_("Spent today"), money.format_usd(so_far.price_micros), _("%s calls since midnight UTC") % f"{so_far.calls:,}"),
            Tile(_("Calls, 24 h"), f"{last.calls:,}", _("%s the day before") % f"{before.calls:,}"),
            Tile(_("Spent, 24 h"), money.format_usd(last.price_micros), _beside(actor, last, before)),
            Tile(_("Errors, 24 h"), _share(last.broken, last.calls), _("%s calls without a full answer") % f"{last.broken:,}"),
        ],
        "chart": _chart(selectors.sums(days, by="start", **window), today),
        "models": sorted(
            ({"model": model, "calls": one.calls, "price": one.price_micros} for model, one in models.items()),
            key=lambda row: (-row["price"], row["model"]),
        )[:MODELS],
    }


def _beside(actor: scope.Actor, last: selectors.Sums, before: selectors.Sums) -> str:
    """Say what the calls cost upstream to the platform alone: to a shop that is its seller's business."""
    if actor.is_platform:
        return _("upstream cost %s") % money.format_usd(last.cost_micros)
    return _("%s the day before") % money.format_usd(before.price_micros)


def _customers(actor: scope.Actor) -> dict[str, Any]:
    """Return who spends most and who runs dry this month."""
    month, known = to_know(actor)
    return {"month": f"{month:%Y-%m}", "dearest": known.dearest, "running_dry": known.running_dry}


def to_know(actor: scope.Actor) -> tuple[datetime, customers.Customers]:
    """Return the customers to know of this month, or of the one before while it is young, and the month."""
    month = rollups.month_of(timezone.now() - YOUNG_DAYS * rollups.DAY)
    return month, customers.of_month(actor, month=month)


def _chart(spent: Mapping[datetime, selectors.Sums], today: datetime) -> str:
    """Return Chart.js data: dollars spent on each of the last days; empty where nothing was."""
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    if not any(spent[day].price_micros for day in days if day in spent):
        return ""
    return json.dumps(
        {
            "labels": [date_format(day, _("j M")) for day in days],
            "datasets": [
                {
                    "label": _("Spent, $"),
                    "data": [spent.get(day, selectors.Sums()).price_micros / money.MICROS for day in days],
                    "borderColor": "var(--color-primary-600)",
                    "backgroundColor": "var(--color-primary-600)",
                }
            ],
        }
    )


def _keys(actor: scope.Actor) -> list[Tile]:
    """Return the live keys, and beside them what the platform owes in service, or a shop earned on calls."""
    keys = Tile(_("Active sub-keys"), _counted(scope.narrow(actor, ApiKey.objects.filter(state=ApiKey.State.ACTIVE))))
    if actor.is_platform:
        owed = LedgerAccount.objects.filter(ledger="Q", kind__in=OWED).aggregate(sum=Sum("balance"))["sum"] or 0
        return [Tile(_("Outstanding quota"), money.format_usd(owed), _("sold and not used yet, everywhere")), keys]
    return [Tile(_("Margin on calls today"), money.format_usd(_margin(actor)), _("goes to your stock every night")), keys]


def _counted(rows: QuerySet[ApiKey]) -> str:
    """Write how many rows there are, as far as lists count: reading half a million keys takes half a second."""
    found = rows.order_by()[: BoundedPaginator.limit + 1].count()
    return f"{found:,}" if found <= BoundedPaginator.limit else f"{BoundedPaginator.limit:,}+"


def _margin(actor: scope.Actor) -> int:
    """Return what the shop earned since margins last became stock."""
    return sum(map(chart.balance_of, LedgerAccount.objects.filter(tenant=actor.tenant, kind="margin", ledger="Q")))


def _share(part: int, whole: int) -> str:
    return "0 %" if not whole else f"{100 * part / whole:.1f} %"
