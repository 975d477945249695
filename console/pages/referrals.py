"""Bringing customers: a member's link, whom it brought, what was given for it; and the door the link leads to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import referrals, visits
from accounts.models import Membership, Referral
from billing import referrals as program
from console.pages.door import MemberRequest, PageRequest, members_only

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Brought:
    """Somebody who came by the link: as much of the name as others may read, and what it earned."""

    name: str
    at: datetime
    reward: str
    note: str


@visits.shown
@members_only
@require_safe
def show(request: MemberRequest) -> HttpResponse:
    """Show the link and its fruits; 404 where the shop rewards nobody and never did."""
    member = request.member
    settings = program.program(request.tenant)
    found = program.rewards(member, most=MOST_SHOWN)
    if settings is None and not found:
        raise Http404
    rows = Referral.objects.filter(referrer=member).select_related("referred__user")[:MOST_SHOWN]
    earned = {reward.referral_id: reward for reward in found if not reward.is_welcome}
    welcome = next((reward for reward in found if reward.is_welcome), None)
    context = {
        "link": _link(request, member) if settings is not None else "",
        "terms": program.terms(settings) if settings is not None else [],
        "rows": [_row(one, earned.get(one.pk)) for one in rows],
        "welcome": None if welcome is None else (welcome.amount, _note(welcome)),
    }
    return render(request, "console/referrals.html", context)


@require_safe
def enter(request: PageRequest, code: str) -> HttpResponse:
    """Remember by whose link somebody came, and show the shop; a link that leads nowhere shows it too."""
    response = redirect("landing")
    if program.program(request.tenant) is not None and referrals.referrer(tenant=request.tenant, code=code) is not None:
        referrals.remember(request, response, code=code)
    response["Cache-Control"] = "no-store"
    return response


def _link(request: MemberRequest, member: Membership) -> str:
    return request.build_absolute_uri(reverse("referral", args=[referrals.code_of(member)]))


def _row(one: Referral, reward: program.Reward | None) -> Brought:
    name = referrals.masked(one.referred.user)
    if reward is not None:
        return Brought(name, one.created_at, reward.amount, _note(reward))
    return Brought(name, one.created_at, "", _("no reward for this one") if one.settled_at else _("no purchase yet"))


def _note(reward: program.Reward) -> str:
    return _("taken back: the purchase was paid back") if reward.is_reversed else reward.paid_in
