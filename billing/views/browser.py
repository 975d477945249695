"""The orders that a browser has seen: a signed list of their numbers in a cookie, good for finding them again here."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix

from billing.models import Order

COOKIE = "orders"
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
