"""The Content-Security-Policy of every page: no inline code, no foreign origin."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
# The admin theme evaluates Alpine expressions and sets style attributes.
ADMIN = STRICT | {"script-src": "'self' 'unsafe-eval'", "style-src": "'self' 'unsafe-inline'"}


def policy(*, path: str, form_origins: Iterable[str] = (), widget_origins: Iterable[str] = ()) -> str:
    """Spell the policy of one path.

    `form_origins` are further places a form of this page may lead to, `widget_origins` those whose script and frame it holds.
    """
    rules = ADMIN if path.startswith(tuple(settings.CSP_ADMIN_PATHS)) else STRICT
    rules = rules | {"form-action": " ".join(["'self'", *form_origins])}
    if origins := " ".join(widget_origins):
        rules |= {"script-src": f"{rules['script-src']} {origins}", "frame-src": origins}
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def allow_form_to(response: HttpResponse, *, origins: Iterable[str]) -> None:
    """Let forms of this one page lead to a payment or identity provider."""
    response["X-Keyosk-Form-Action"] = " ".join(origins)


def allow_widget(request: HttpRequest, *, origin: str) -> None:
    """Let the answer to this one request hold another origin's script and frame."""
    request.widget_origins = {*getattr(request, "widget_origins", ()), origin}  # type: ignore[attr-defined]  # read below


class PolicyMiddleware:
    """Put the policy on each answer that has none of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        origins = response.headers.get("X-Keyosk-Form-Action", "").split()
        del response.headers["X-Keyosk-Form-Action"]
        if "Content-Security-Policy" not in response.headers:
            response.headers["Content-Security-Policy"] = policy(
                path=request.path_info, form_origins=origins, widget_origins=sorted(getattr(request, "widget_origins", ()))
            )
        return response
