"""Find the client's address, the tenant by the request's host, and the actor by its session; name the sign-in services."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from accounts import domains, scope, social, tenants
from foundation import csp

GetResponse = Callable[[HttpRequest], HttpResponseBase]

HEALTH_PATH = "/healthz"
ACCOUNT_PATHS = "/accounts/"
TLS_PATH = "/internal/tls-allowed"
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


class ActorMiddleware:
    """Set `request.actor`, looked up when first used."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.actor = SimpleLazyObject(lambda: _actor(request))  # type: ignore[attr-defined]  # what this middleware is for
        return self.get_response(request)


class SignInPagesMiddleware:
    """Let forms of the account pages lead to this tenant's sign-in services (Content-Security-Policy: form-action)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path_info.startswith(ACCOUNT_PATHS) and isinstance(response, HttpResponse):
            csp.allow_form_to(response, origins=social.origins(request.tenant))  # type: ignore[attr-defined]  # set by TenantMiddleware
        return response


def _actor(request: HttpRequest) -> scope.Actor:
    user = request.user if request.user.is_authenticated else None
    return scope.actor(user=user, tenant=request.tenant)  # type: ignore[attr-defined]  # set by TenantMiddleware


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
