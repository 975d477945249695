"""Find the client's address, the tenant by the host, the language, the actor by the session; keep visits read-only; name sign-in sites."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts import domains, scope, social, tenants, visits
from foundation import csp
from foundation.translations import PARAMETER

GetResponse = Callable[[HttpRequest], HttpResponseBase]

HEALTH_PATH = "/healthz"
ACCOUNT_PATHS = "/accounts/"
TLS_PATH = "/internal/tls-allowed"
API_PATHS = "/api/"
# The session's names for the visit that runs in it, and for the page it was begun from.
VISIT = "support_visit"
VISIT_BACK = "support_visit_back"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_UNKNOWN_HOST = "Nobody answers on this host. Check the address, or add the host to a tenant's domains.\n"


class AddressMiddleware:
    """Set REMOTE_ADDR to the client's address where the relay, which found it out, talks to us over a Unix socket."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # A Unix socket has no address, only our own relay can reach it; over TCP the header could be anybody's.
        if not _is_address(request.META.get("REMOTE_ADDR", "")):
            told = request.headers.get("X-Real-IP", "")
            request.META["REMOTE_ADDR"] = told if _is_address(told) else "127.0.0.1"
        return self.get_response(request)


class TenantMiddleware:
    """Set `request.tenant`; refuse unknown hosts before anything else runs: links in mails carry the host."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info == HEALTH_PATH:
            # Balancers ask by address, with any host.
            return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")
        if request.path_info == TLS_PATH:
            # A proxy asks by its own name for the host, before it gets a certificate.
            is_ours = domains.may_have_certificate(request.GET.get("domain", ""))
            return HttpResponse("yes\n" if is_ours else "no\n", status=200 if is_ours else 404, content_type="text/plain; charset=utf-8")
        try:
            tenant = tenants.by_host(request.get_host())
        except DisallowedHost:
            tenant = None
        if tenant is None:
            return HttpResponse(_UNKNOWN_HOST, status=404, content_type="text/plain; charset=utf-8")
        request.tenant = tenant  # type: ignore[attr-defined]  # what this middleware is for
        return self.get_response(request)


class LanguageMiddleware(LocaleMiddleware):
    """Speak the language that the address asks for (`?lang=`), else the visitor's, else the tenant's.

    What an address asked for is remembered as if it had been chosen from the menu: forms lead on without it.
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        wanted = _language_asked(request) or _language_unasked(request)
        if wanted:
            translation.activate(wanted)
            request.LANGUAGE_CODE = wanted

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        answer: HttpResponseBase = super().process_response(request, response)
        asked = _language_asked(request)
        if asked and asked != request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME):
            answer.set_cookie(
                settings.LANGUAGE_COOKIE_NAME, asked, max_age=settings.LANGUAGE_COOKIE_AGE, path=settings.LANGUAGE_COOKIE_PATH,
                secure=settings.LANGUAGE_COOKIE_SECURE, httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
                samesite=settings.LANGUAGE_COOKIE_SAMESITE,
            )  # fmt: skip
        return answer


class ActorMiddleware:
    """Set `request.actor`, looked up when first used."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.actor = SimpleLazyObject(lambda: _actor(request))  # type: ignore[attr-defined]  # what this middleware is for
        return self.get_response(request)


class VisitMiddleware:
    """While staff see the console as a customer: the tenant and the actor are the customer's, and nothing else is reached.

    `request.visit` is the running visit or None.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.visit = None  # type: ignore[attr-defined]  # what this middleware is for
        # Who brings no session visits nobody: public pages stay without `Vary: Cookie`.
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            _enter(request)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> HttpResponse | None:
        """Refuse every page that is not marked for visits, and everything that would change something."""
        is_safe = request.method in _SAFE
        if request.visit is None or visits.is_let_through(view, is_safe=is_safe):  # type: ignore[attr-defined]  # set above
            return None
        return _refused(request, is_safe=is_safe)


class SignInPagesMiddleware:
    """Let forms of the account pages lead to this tenant's sign-in services (Content-Security-Policy: form-action)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path_info.startswith(ACCOUNT_PATHS) and isinstance(response, HttpResponse):
            csp.allow_form_to(response, origins=social.origins(request.tenant))  # type: ignore[attr-defined]  # set by TenantMiddleware
        return response


def _language_asked(request: HttpRequest) -> str:
    """Return the language that the address names, where the tenant offers it."""
    asked = request.GET.get(PARAMETER, "")
    return asked if asked in tenants.languages(request.tenant) else ""  # type: ignore[attr-defined]  # set by TenantMiddleware


def _language_unasked(request: HttpRequest) -> str:
    """Return the tenant's own language for who names none: search engines mostly."""
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES or request.headers.get("Accept-Language"):
        return ""
    return tenants.languages(request.tenant)[0]  # type: ignore[attr-defined]  # as above


def _actor(request: HttpRequest) -> scope.Actor:
    user = request.user if request.user.is_authenticated else None
    return scope.actor(user=user, tenant=request.tenant)  # type: ignore[attr-defined]  # set by TenantMiddleware


def _enter(request: HttpRequest) -> None:
    pk = request.session.get(VISIT)
    if pk is None:
        return
    visit = visits.current(pk=pk, user=request.user) if request.user.is_authenticated else None
    if visit is None:
        del request.session[VISIT]
        messages.info(request, _("Your look into a customer's console has ended."))
        return
    member = visit.membership
    request.visit = visit  # type: ignore[attr-defined]  # what the middleware is for
    request.tenant = member.tenant  # type: ignore[attr-defined]  # a console is its tenant's, on the platform's hosts too
    request.actor = scope.Actor(user=member.user, tenant=member.tenant, membership=member)  # type: ignore[attr-defined]


def _refused(request: HttpRequest, *, is_safe: bool) -> HttpResponse:
    """Say why, in the way the page asked."""
    if is_safe:
        text = _("This page is not shown while you see the console as a customer: it holds secrets, or is not the customer's console.")
    else:
        text = _("You see the console as a customer: nothing can be changed. Stop it first.")
    if request.path_info.startswith(API_PATHS):
        body = {"error": {"code": "forbidden", "message": text, "fields": {}}}
        return JsonResponse(body, status=HTTPStatus.FORBIDDEN)
    if "HX-Request" in request.headers:
        messages.error(request, text)
        return HttpResponse(status=HTTPStatus.FORBIDDEN, headers={"HX-Refresh": "true"})
    return render(request, "accounts/visit_refused.html", {"text": text}, status=HTTPStatus.FORBIDDEN)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
