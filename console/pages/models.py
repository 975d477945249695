"""The models a member may call: what they cost, whether they answer now and how they did in the last day."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts import tenants, visits
from accounts.models import Membership
from billing import price_lists, price_sheet
from billing.price_sheet import Sheet
from channels_app import outlook
from channels_app.outlook import Outlook
from console.pages.door import MemberRequest, members_only

KEEP_SECONDS = 30
STATES: dict[str, tuple[Promise, str]] = {
    "ok": (_("answers"), "success"),
    "disturbed": (_("disturbed"), "warning"),
    "out": (_("does not answer"), "error"),
}


@dataclass(frozen=True, slots=True)
class Run:
    """Hours in a row that were alike: where they begin, how many, and how they were."""

    start: int
    length: int
    state: str


@dataclass(frozen=True, slots=True)
class Line:
    """One model of the list."""

    outlook: Outlook
    sheet: Sheet

    @property
    def label(self) -> Promise:
        return STATES[self.outlook.state][0]

    @property
    def tone(self) -> str:
        return STATES[self.outlook.state][1]

    @property
    def runs(self) -> list[Run]:
        """Return the last hours as few shapes: a list may hold hundreds of models."""
        found: list[Run] = []
        for state, same in groupby(self.outlook.slots):
            length = len(list(same))
            found.append(Run(found[-1].start + found[-1].length if found else 0, length, state))
        return found

    @property
    def was_checked(self) -> bool:
        return any(slot != "unknown" for slot in self.outlook.slots)

    @property
    def good_hours(self) -> tuple[int, int]:
        """Return how many of the hours with checks were without a failure, and how many there were."""
        checked = [slot for slot in self.outlook.slots if slot != "unknown"]
        return checked.count("ok"), len(checked)


@visits.shown
@members_only
@require_safe
def model_list(request: MemberRequest) -> HttpResponse:
    """Show what may be called; a word narrows the list."""
    word = request.GET.get("q", "").strip()[:60]
    lines = listed(request.member)
    shown = [line for line in lines if word.lower() in line.outlook.model.lower()]
    context = {"lines": shown, "word": word, "count": len(lines), "slots": outlook.SLOTS}
    return render(request, "console/models.html", context)


def listed(member: Membership) -> list[Line]:
    """Return the models that are served to a member and have a price."""
    book = price_lists.load(member.tenant_id)
    found = ((one, book.resolve(one.model, group=member.group)) for one in _outlooks(member))
    return [Line(one, price_sheet.of(price)) for one, price in found if price is not None]


def _outlooks(member: Membership) -> list[Outlook]:
    """Return how models are served, up to half a minute old: reading the channels unseals their keys."""
    name = f"outlook:{member.tenant_id}:{member.group}"
    known: list[Outlook] | None = cache.get(name)
    if known is None:
        known = outlook.of_group(tenant_chain=tenants.chain(member.tenant_id), group=member.group, now=timezone.now())
        cache.set(name, known, KEEP_SECONDS)
    return known
