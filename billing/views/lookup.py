"""Finding orders again, three ways: by this browser, by a code to the address they were placed with, by signing in.

Whatever somebody types, the next page and its words are the same: nobody learns which orders or addresses there are.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import captcha
from billing import one_time, order_mail, redeem_limits, selectors
from billing.capability import of as capability_of
from billing.capability import site_of
from billing.forms import LookupCodeForm, LookupForm
from billing.models import Order
from billing.views import browser
from billing.views.door import ShopRequest, address_of, entering, private

DOOR = "lookup"
ASKED = "lookup"
GOOD_FOR_SECONDS = 600


@require_http_methods(["GET", "HEAD", "POST"])
def lookup(request: HttpRequest) -> HttpResponse:
    """Show the last orders of this browser, or of who is signed in (`?by=`), or ask for number and address: on POST a code is mailed.

    Who left an order's page to sign in is led back there.
    """
    visitor = entering(request)
    if (left := browser.left(request)) and (order := Order.objects.filter(tenant=visitor.tenant, pk=left).first()):
        return private(redirect("order", capability=capability_of(order)))
    form = LookupForm(request.POST if request.method == "POST" else None)
    captcha.guard(form, request, door=DOOR)
    status = HTTPStatus.OK
    if request.method == "POST" and form.is_valid():
        # Each one counts, found or not: else the check itself would tell.
        captcha.note(request, door=DOOR)
        number, email = form.cleaned_data["number"].strip().upper(), form.cleaned_data["email"].strip().lower()
        asked = {"number": number, "email": email, "nonce": one_time.nonce(), "until": time.time() + GOOD_FOR_SECONDS}
        request.session[ASKED] = asked
        _mail_code(visitor, asked)
        return private(redirect("lookup_code"))
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    return private(render(request, "shop/lookup.html", {"form": form, **_tabs(visitor)}, status=status))


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def lookup_code(request: HttpRequest) -> HttpResponse:
    """Ask for the code that was mailed, and open the order with it."""
    visitor = entering(request)
    asked: dict[str, Any] | None = request.session.get(ASKED)
    if asked is None:
        return private(redirect("lookup"))
    form = LookupCodeForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
        return private(render(request, "shop/lookup_code.html", {"form": form, "asked": asked}, status=status))
    order = _opened(visitor, asked, form.cleaned_data["code"])
    if order is None:
        form.add_error("code", _("This code is wrong or too old. After five attempts ask for a new one."))
        context = {"form": form, "asked": asked}
        return private(render(request, "shop/lookup_code.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY))
    del request.session[ASKED]
    messages.success(request, _("This browser finds the order again from now on."))
    response = private(redirect("order", capability=capability_of(order)))
    browser.remember(response, request, order)
    return response


def _tabs(request: ShopRequest) -> dict[str, Any]:
    """Return the open tab (the one asked for, else the first that holds an order, else the question), all tabs, and the orders."""
    member = request.actor.membership
    found = {
        "browser": selectors.last_orders(tenant=request.tenant, remembered=browser.known(request)),
        "login": selectors.last_orders(tenant=request.tenant, membership=member) if member is not None else [],
    }
    names = {"browser": _("This browser"), "number": _("Number and e-mail"), "login": _("My account")}
    full = next((name for name, rows in found.items() if rows), "number")
    asked = "number" if request.method == "POST" else request.GET.get("by", "")
    tab = asked if asked in names else full
    rows = [{"order": row, "capability": capability_of(row), **selectors.amounts(row)} for row in found.get(tab, [])]
    return {"tab": tab, "tabs": list(names.items()), "rows": rows, "is_member": member is not None}


def _find(request: ShopRequest, asked: dict[str, Any]) -> Order | None:
    return Order.objects.filter(tenant=request.tenant, number=asked["number"], email=asked["email"]).exclude(email="").first()


def _mail_code(request: ShopRequest, asked: dict[str, Any]) -> None:
    """Send the code to the address the order was placed with; a guess sends nothing."""
    found = _find(request, asked)
    if not redeem_limits.may_look_up(address=address_of(request), email=asked["email"]) or found is None:
        return
    if not found.site:  # placed before orders kept where
        Order.objects.filter(pk=found.pk).update(site=site_of(request))
    order_mail.write(found, "order_code", occasion=asked["nonce"], nonce=asked["nonce"])


def _opened(request: ShopRequest, asked: dict[str, Any], code: str) -> Order | None:
    """Return the order if the code is right, in time and not the sixth attempt."""
    may_try = redeem_limits.may_try_code(nonce=asked["nonce"], address=address_of(request))
    found = _find(request, asked)
    is_right = one_time.is_right(f"order:{found.pk if found else 0}", asked["nonce"], code)
    return found if may_try and is_right and time.time() < asked["until"] else None
