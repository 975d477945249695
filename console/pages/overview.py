"""The console's reading pages: overview, and the wallet with its statement."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import visits
from accounts.models import Membership
from billing import alerts, buyers, direct, ledger, quota_units, rates, statements, store_credit
from billing.money import MICROS
from console.pages import amounts, charts, cursors, offer, rows
from console.pages.context import base_url
from console.pages.door import MemberRequest, members_only
from console.pages.forms import WatchForm, kept, typed
from foundation import sheets

CHART_DAYS = 14
LAST_CALLS = 8
LAST_CODES = 8
CSV_HEAD = ("id", "at", "kind", "memo", "reference", "amount_micros", "balance_micros", "amount", "balance")
# Behind them where the shop counts in another currency and a rate is known.
CSV_FOREIGN = ("currency", "amount_in_currency", "balance_in_currency")


@visits.shown
@members_only
@require_safe
def dashboard(request: MemberRequest) -> HttpResponse:
    """Show what is left, what was called last, and how to go on."""
    calls, _older = rows.calls(request.member, limit=LAST_CALLS)
    context = _balance(request) | {"rows": calls, "models": offer.models(request.member), "api_url": f"{base_url(request)}/v1"}
    if calls:
        spending = charts.spending(Q(membership_id=request.member.pk), days=CHART_DAYS)
        available = ledger.balance(membership_id=request.member.pk).available_micros
        context |= {"spending": spending, "lasts": charts.days_left(available, spending)}
    return render(request, "console/dashboard.html", context)


@visits.shown
@members_only
@require_safe
def wallet(request: MemberRequest) -> HttpResponse:
    """Show balance, last codes and the statement, a page at a time: in dollars, in µ$, and in the shop's money where a rate is known."""
    before, wanted = cursors.number(request.GET.get("before", "")), _wanted(request)
    page = statements.page(membership_id=request.member.pk, before=before, wanted=wanted)
    links = cursors.links(request, older=page.older)
    watch = WatchForm(initial=_watch(request))
    converter = rates.from_usd(request.member.tenant.currency)
    lines = [(one, amounts.foreign(converter.amount(one.amount_micros, at=one.at)) if converter else "") for one in page.entries]
    context = {"page": page, "lines": lines, "currency": converter.currency if converter else "", "watch": watch}
    context["kept"] = {"free": store_credit.free(request.member), "moved": store_credit.movements(request.member)}
    context |= {"kinds": statements.KINDS, "chosen": request.GET, "is_narrowed": wanted != statements.Wanted()}
    context["codes"] = buyers.codes(membership_id=request.member.pk, limit=LAST_CODES)
    context["shop_currency"] = request.member.tenant.currency
    return render(request, "console/wallet.html", _balance(request) | links | context)


@members_only
@require_POST
def wallet_watch(request: MemberRequest) -> HttpResponse:
    """Remember below which balance this member wants to be told."""
    form = WatchForm(request.POST, initial=_watch(request))
    below = kept(form, "below", alerts.below(membership_id=request.member.pk)) if form.is_valid() else None
    if below is not None:
        alerts.watch(membership_id=request.member.pk, below_micros=below)
        messages.success(request, _("Saved."))
    else:
        example = {"amount": quota_units.current().typed(5 * MICROS // 2), "unit": quota_units.current().name}
        messages.error(request, _("Write an amount such as %(amount)s (%(unit)s), or 0.") % example)
    return redirect("console_wallet")


@members_only
@require_safe
def statement_csv(request: MemberRequest) -> StreamingHttpResponse:
    """Download the statement, all of it or what the page was narrowed to."""
    converter = rates.from_usd(request.tenant.currency)
    head = CSV_HEAD + (CSV_FOREIGN if converter else ())
    return sheets.download(head, _statement(request.member, converter, _wanted(request)), name="statement.csv")


def _wanted(request: MemberRequest) -> statements.Wanted:
    kind, until = request.GET.get("kind", ""), cursors.day(request.GET.get("until", ""))
    return statements.Wanted(
        kind=kind if kind in statements.KINDS else "",
        since=cursors.day(request.GET.get("since", "")),
        until=None if until is None else until + datetime.timedelta(days=1),
    )


def _watch(request: MemberRequest) -> dict[str, str]:
    return {"below": typed(alerts.below(membership_id=request.member.pk))}


def _balance(request: MemberRequest) -> dict[str, object]:
    balance = ledger.balance(membership_id=request.member.pk)
    has_presets = bool(direct.presets(request.tenant.pk))
    return {"balance": balance, "active_keys": rows.active_keys(request.member), "has_presets": has_presets}


def _statement(member: Membership, converter: rates.Converter | None, wanted: statements.Wanted) -> Iterator[tuple[Any, ...]]:
    for entry in statements.everything(membership_id=member.pk, wanted=wanted):
        micros = (entry.amount_micros, entry.balance_micros)
        foreign = (converter.currency, *(converter.amount(one, at=entry.at) for one in micros)) if converter else ()
        yield (entry.id, entry.at.isoformat(), entry.kind, entry.memo, entry.reference, *micros, *map(amounts.plain, micros), *foreign)
