"""The orders of a member, the newest first."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import visits
from billing import buyers
from console.pages import cursors
from console.pages.door import MemberRequest, members_only

A_PAGE = 25
_TONES = {"paid": "info", "delivered": "success", "review": "warning", "refunded": "neutral", "pending": "warning"}


@visits.shown
@members_only
@require_safe
def order_list(request: MemberRequest) -> HttpResponse:
    """Show what this member ordered; each leads to its own page with the codes."""
    before = cursors.number(request.GET.get("before", ""))
    found = buyers.page(membership_id=request.member.pk, before=before, limit=A_PAGE + 1)
    older = found[A_PAGE - 1].order.pk if len(found) > A_PAGE else None
    rows = [(row, _TONES.get(row.order.state, "neutral")) for row in found[:A_PAGE]]
    return render(request, "console/orders.html", {"rows": rows} | cursors.links(request, older=older))
