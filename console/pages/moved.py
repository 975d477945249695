"""Addresses that people of a one-api or new-api have in their bookmarks, and where that is here."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_safe

from console.pages.door import members_only

# Old path → the page's name here. `panel/…` is one-api's second theme, `console/…` is new-api.
PAGES = {
    "login": "account_login",
    "register": "account_signup",
    "reset": "account_reset_password",
    "user/reset": "account_reset_password",
    "topup": "redeem",
    "token": "console_keys",
    "log": "console_calls",
    "setting": "console_profile",
    "dashboard": "console_dashboard",
    "panel": "console_dashboard",
    "panel/dashboard": "console_dashboard",
    "panel/token": "console_keys",
    "panel/log": "console_calls",
    "panel/topup": "redeem",
    "panel/profile": "console_profile",
}
MEMBERS = {
    "console/token": "console_keys",
    "console/log": "console_calls",
    "console/topup": "redeem",
    "console/personal": "console_profile",
}


@require_safe
def moved(request: HttpRequest, name: str) -> HttpResponse:
    """Send the browser on, with what stood behind the question mark."""
    query = request.META.get("QUERY_STRING", "")
    return HttpResponseRedirect(reverse(name) + (f"?{query}" if query else ""))


def patterns() -> list[URLPattern]:
    """Return the old addresses, with and without a slash behind."""
    both = [(old, name, moved) for old, name in PAGES.items()] + [(old, name, members_only(moved)) for old, name in MEMBERS.items()]
    return [path(f"{old}{end}", view, {"name": name}) for old, name, view in both for end in ("", "/")]
