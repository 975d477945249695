"""The request log: every call of a member, narrowed by key, model, status and day."""

from __future__ import annotations

import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import past, visits
from accounts.models import ApiKey, Membership
from console.pages import cursors, rows
from console.pages.door import MemberRequest, members_only
from gateway import selectors
from gateway.models import UsageRecord

KEYS_TO_CHOOSE = 200


@visits.shown
@members_only
@require_safe
def call_list(request: MemberRequest) -> HttpResponse:
    """Show the calls, a page at a time."""
    before = cursors.uuid(request.GET.get("before", ""))
    wanted = _wanted(request)
    found, older = rows.calls(request.member, before=before, wanted=wanted)
    shown = {"keys": _keys(request.member), "statuses": UsageRecord.Status.choices, "has_past": past.has_any(request.member)}
    narrowed = {"rows": found, "chosen": request.GET, "is_narrowed": wanted != selectors.Wanted()}
    context = cursors.links(request, older=older) | shown | narrowed
    return render(request, "console/calls.html", context)


def _wanted(request: MemberRequest) -> selectors.Wanted:
    chosen = request.GET
    until = cursors.day(chosen.get("until", ""))
    status = chosen.get("status", "")
    return selectors.Wanted(
        api_key_id=cursors.number(chosen.get("key", "")),
        model=chosen.get("model", "").strip()[:120],
        status=status if status in UsageRecord.Status.values else "",
        since=cursors.day(chosen.get("since", "")),
        until=None if until is None else until + datetime.timedelta(days=1),
    )


def _keys(member: Membership) -> list[tuple[Any, ...]]:
    """Offer the newest keys to choose from; one with thousands finds the others by their page."""
    rows_of = ApiKey.objects.filter(membership=member).order_by("-pk")
    return list(rows_of.values_list("pk", "name", "prefix")[:KEYS_TO_CHOOSE])
