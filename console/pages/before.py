"""What a member did before the move: the other system's log, to be read."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import past, visits
from console.pages import cursors
from console.pages.door import MemberRequest, members_only

LINES_A_PAGE = 50


@visits.shown
@members_only
@require_safe
def entries(request: MemberRequest) -> HttpResponse:
    """Show the lines, newest first, a page at a time."""
    before = cursors.uuid(request.GET.get("before", ""))
    found, older = past.of(request.member, before=before, limit=LINES_A_PAGE)
    return render(request, "console/before.html", {"rows": found} | cursors.links(request, older=older))
