"""Usage of a member: by day, model and key, as a chart and as tables."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import visits
from accounts.models import ApiKey
from console.pages import charts
from console.pages.door import MemberRequest, members_only
from gateway import rollups, selectors

SPANS = (7, 30, 90)
MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Line:
    """What one model or key used; `share` is its percentage of the money."""

    name: str
    sums: selectors.Sums
    share: int
    key_id: int | None = None


@visits.shown
@members_only
@require_safe
def usage(request: MemberRequest) -> HttpResponse:
    """Show the last 7, 30 or 90 days."""
    days = next((span for span in SPANS if str(span) == request.GET.get("days")), 30)
    who = Q(membership_id=request.member.pk)
    spending = charts.spending(who, days=days)
    context = {
        "span": days,
        "spans": SPANS,
        "spending": spending,
        "by_model": by_model(who, days=days),
        "by_key": _by_key(who, days=days),
        "days": [(day, sums) for day, sums in reversed(spending.days) if sums.calls],
    }
    return render(request, "console/usage.html", context)


def by_model(who: Q, *, days: int) -> list[Line]:
    """Add up by model, the dearest first."""
    return _lines({str(model): sums for model, sums in selectors.live(by="model", who=who, since=_since(days)).items()})


def _by_key(who: Q, *, days: int) -> list[Line]:
    found = selectors.live(by="api_key_id", who=who, since=_since(days))
    names = dict(ApiKey.objects.filter(pk__in=found).values_list("pk", "name"))
    total = sum(sums.price_micros for sums in found.values())
    dearest = sorted(found.items(), key=lambda item: -item[1].price_micros)[:MOST_ROWS]
    return [Line(names.get(key_id, "–"), sums, _share(sums, total), key_id) for key_id, sums in dearest]


def _lines(found: dict[str, selectors.Sums]) -> list[Line]:
    total = sum(sums.price_micros for sums in found.values())
    dearest = sorted(found.items(), key=lambda item: (-item[1].price_micros, item[0]))[:MOST_ROWS]
    return [Line(name, sums, _share(sums, total)) for name, sums in dearest]


def _share(sums: selectors.Sums, total: int) -> int:
    return round(100 * sums.price_micros / total) if total else 0


def _since(days: int) -> datetime.datetime:
    return rollups.day_of(timezone.now()) - datetime.timedelta(days=days - 1)
