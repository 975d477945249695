"""Redeem codes, up to twenty at once: typed before signing in, they wait sealed in the session, never in an address."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts import captcha, tenants
from billing import codes, ledger, quota_units
from billing.forms import RedeemForm
from billing.views.door import ShopRequest, address_of, entering, member_of, private
from foundation import vault

WAITING = "code_waiting"
DOOR = "redeem"


@sensitive_post_parameters("code")
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
def redeem(request: HttpRequest) -> HttpResponse:
    """Ask for codes and move their quota into the wallet."""
    visitor = entering(request)
    if request.method != "POST":
        empty = RedeemForm(initial={"code": _waiting(visitor)})
        captcha.guard(empty, request, door=DOOR)
        return _page(visitor, empty)
    form = RedeemForm(request.POST)
    captcha.guard(form, request, door=DOOR)
    if not form.is_valid():
        return _page(visitor, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if visitor.actor.user is None:
        return sign_in_first(visitor, form.cleaned_data["code"])
    return _redeem(visitor, form)


def sign_in_first(request: ShopRequest, texts: Sequence[str]) -> HttpResponse:
    """Keep codes for after signing in, and lead there: they wait in the form that is shown next."""
    request.session[WAITING] = vault.seal("\n".join(texts), context="waiting-code")
    return redirect_to_login(reverse("redeem"))


@dataclass(frozen=True, slots=True)
class Line:
    """What came of one of several codes: its quota and until when it lasts, ready to print, where it is in the wallet."""

    code: str
    text: str
    is_good: bool
    units: str = ""
    until: datetime.datetime | None = None


def _redeem(request: ShopRequest, form: RedeemForm) -> HttpResponse:
    """Redeem what was typed, each code by itself; those that were not redeemed stay in the form."""
    before = _balance(request)
    lines = [_line(request, code) for code in form.cleaned_data["code"]]
    left = [line.code for line in lines if not line.is_good]
    for _refusal in left:
        captcha.note(request, door=DOOR, form=form)
    if left:
        return _refused(request, form, lines, left, before)
    request.session.pop(WAITING, None)
    if len(lines) > 1:
        return _page(request, RedeemForm(), lines=lines, before=before)
    told, now = lines[0].text, _balance(request)
    if now != before:
        told += " " + _("Your wallet held %(before)s and holds %(now)s now.") % {"before": before or quota_units.short(0), "now": now}
    messages.success(request, told)
    return private(redirect("redeem"))


def _refused(request: ShopRequest, form: RedeemForm, lines: Sequence[Line], left: Sequence[str], before: str) -> HttpResponse:
    is_one = len(lines) == 1
    told = _("Not redeemed: %(left)d of %(all)d. These stay here.") % {"left": len(left), "all": len(lines)}
    form.add_error("code", lines[0].text if is_one else told)
    form.data = QueryDict(urlencode({"code": "\n".join(left)}))
    return _page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY, lines=() if is_one else lines, before=before)


def _line(request: ShopRequest, code: str) -> Line:
    try:
        done = codes.redeem(membership=member_of(request), code=code, address=address_of(request))
    except (codes.CannotRedeem, tenants.NotAdmitted) as refusal:
        return Line(code, _reason(refusal), is_good=False)
    units = quota_units.short(done.units_micros)
    if done.is_repeat:
        text = _("You had redeemed this code before: %(units)s.")
    else:
        text = _("%(units)s is in your wallet, until %(until)s.") if done.expires_at else _("%(units)s is in your wallet.")
    told = text % {"units": units, "until": f"{done.expires_at:%Y-%m-%d}" if done.expires_at else ""}
    return Line(code, told, is_good=True, units=units, until=done.expires_at)


def _reason(refusal: Exception) -> str:
    """Say in the visitor's language why; every code that is not good gets the same words."""
    match refusal:
        case codes.Typo():
            return _("This is not a whole code: a character is missing or wrong.")
        case codes.TooMany():
            return _("Too many attempts. Wait a minute and try again.")
        case codes.Refused():
            return _("This code is not valid. Check it, or ask the shop where you bought it.")
        case _:
            return _("This shop does not take new customers by itself. Ask the shop.")


def _waiting(request: ShopRequest) -> str:
    """Return what was typed before signing in."""
    sealed = request.session.get(WAITING, "") if request.actor.user is not None else ""
    try:
        return vault.unseal(sealed, context="waiting-code") if sealed else ""
    except vault.CannotUnseal:
        return ""


def _balance(request: ShopRequest) -> str:
    """Return what the visitor can spend here, ready to print; nothing for who is no customer."""
    member = request.actor.membership
    return quota_units.short(ledger.balance(membership_id=member.pk).available_micros) if member else ""


def _page(
    request: ShopRequest, form: RedeemForm, status: int = HTTPStatus.OK, lines: Sequence[Line] = (), before: str = ""
) -> HttpResponse:
    context = {"form": form, "balance": _balance(request), "lines": lines, "before": before or quota_units.short(0)}
    return private(render(request, "shop/redeem.html", context, status=status))
