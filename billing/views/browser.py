"""The orders that a browser has seen: a signed list of their numbers in a cookie, good for finding them again here."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix, reverse

from billing.models import Order

COOKIE = "orders"
# In the session: the order whose page somebody left to sign in.
LEFT = "order_left"
KEEP = 10
_AGE_SECONDS = 180 * 86_400
_SALT = "orders of this browser"


def known(request: HttpRequest) -> list[int]:
    """Return the orders in the cookie; a changed or old one counts as none."""
    text = request.get_signed_cookie(COOKIE, default="", salt=_SALT, max_age=_AGE_SECONDS) or ""
    return [int(part) for part in text.split(".") if part.isdecimal()]


def remember(response: HttpResponse, request: HttpRequest, order: Order) -> None:
    """Let this browser find the order again."""
    numbers = [*(pk for pk in known(request) if pk != order.pk), order.pk][-KEEP:]
    response.set_signed_cookie(
        COOKIE, ".".join(map(str, numbers)), salt=_SALT, max_age=_AGE_SECONDS, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE, path=get_script_prefix(),
    )  # fmt: skip


def sign_in_from(request: HttpRequest, order: Order) -> HttpResponse:
    """Lead to signing in, and from there back to an order's page: its secret stands in no address on the way."""
    request.session[LEFT] = order.pk
    response = redirect_to_login(reverse("lookup"))
    remember(response, request, order)
    return response


def left(request: HttpRequest) -> int | None:
    """Return the order whose page somebody who is signed in now had left for that, once."""
    return request.session.pop(LEFT, None) if request.user.is_authenticated else None
