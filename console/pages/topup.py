"""Top up the wallet: the shop's presets, one press each, which places an order and leads to its payment."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing import capability, catalogue, codes, direct, orders
from console.pages.door import MemberRequest, members_only


@members_only
@require_http_methods(["GET", "HEAD", "POST"])
def topup(request: MemberRequest) -> HttpResponse:
    """Offer the presets; on POST order one and go to its page."""
    offered = [catalogue.spoken(one, tenant=request.tenant) for one in direct.presets(request.tenant.pk)]
    if request.method != "POST":
        return _page(request, offered)
    chosen = next((one for one in offered if str(one.pk) == request.POST.get("preset")), None)
    if chosen is None:
        messages.error(request, _("This amount is no longer offered."))
        return _page(request, offered, status=HTTPStatus.NOT_FOUND)
    try:
        placed = orders.place(product=chosen, buyer=_buyer(request), quantity=chosen.least_pieces)
    except codes.SoldOut:
        messages.error(request, _("The shop has not so much left. Take less, or come back later."))
        return _page(request, offered, status=HTTPStatus.CONFLICT)
    except orders.OrderError as refusal:
        messages.error(request, str(refusal))
        return _page(request, offered, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return redirect("order", capability=placed.capability)


def _buyer(request: MemberRequest) -> orders.Buyer:
    person = request.member.user
    return orders.Buyer(
        email=person.email or "", contact="" if person.email else str(request.member.username or person.pk), membership=request.member,
        address=request.META.get("REMOTE_ADDR") or None, language=get_language() or "", site=capability.site_of(request),
    )  # fmt: skip


def _page(request: MemberRequest, offered: Sequence[Any], *, status: int = HTTPStatus.OK) -> HttpResponse:
    return render(request, "console/topup.html", {"presets": offered}, status=status)
