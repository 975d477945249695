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
from billing import money
from billing import referrals as program
from billing.models import ReferralProgram, ReferralReward
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
    found = {reward.referral_id: reward for reward in program.rewards(member, most=MOST_SHOWN)}
    if settings is None and not found:
        raise Http404
    rows = Referral.objects.filter(referrer=member).select_related("referred__user")[:MOST_SHOWN]
    welcome = next((reward for reward in found.values() if reward.referral.referred_id == member.pk), None)
    context = {
        "link": _link(request, member) if settings is not None else "",
        "terms": _terms(settings) if settings is not None else [],
        "rows": [_row(one, found.get(one.pk)) for one in rows],
        "welcome": None if welcome is None else (_amount(welcome), _note(welcome)),
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


def _row(one: Referral, reward: ReferralReward | None) -> Brought:
    name = referrals.masked(one.referred.user)
    if reward is not None:
        return Brought(name, one.created_at, _amount(reward), _note(reward))
    return Brought(name, one.created_at, "", _("no reward for this one") if one.settled_at else _("no purchase yet"))


def _amount(reward: ReferralReward) -> str:
    if reward.paid_in == ReferralProgram.Paid.QUOTA:
        return money.format_usd(reward.amount)
    return money.format_minor(reward.amount, currency=reward.currency)


def _note(reward: ReferralReward) -> str:
    return _("taken back: the purchase was paid back") if reward.reversed_at else reward.get_paid_in_display()


def _terms(settings: ReferralProgram) -> list[str]:
    """Say in sentences what the shop gives."""
    mine = program.spell(settings, fixed=settings.referrer_fixed, percent=settings.referrer_percent)
    theirs = program.spell(settings, fixed=settings.referred_fixed, percent=settings.referred_percent)
    found = [_("You get %(amount)s for the first purchase of everybody you bring.") % {"amount": mine}] if mine else []
    found += [_("They get %(amount)s for it.") % {"amount": theirs}] if theirs else []
    if settings.cap is not None:
        found.append(_("At most %s each.") % program.amount_text(settings, settings.cap))
    if settings.least_minor:
        least = money.format_minor(settings.least_minor, currency=settings.tenant.currency)
        found.append(_("The purchase must be worth %s at least.") % least)
    if settings.wait_days:
        found.append(_("It comes %d days after the purchase.") % settings.wait_days)
    if settings.most_rewards:
        found.append(_("For %d people at most.") % settings.most_rewards)
    return found
