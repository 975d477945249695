"""Find the tenant by the request's host, and the actor by its session."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from accounts import scope, tenants

GetResponse = Callable[[HttpRequest], HttpResponseBase]

HEALTH_PATH = "/healthz"
_UNKNOWN_HOST = "Nobody answers on this host. Check the address, or add the host to a tenant's domains.\n"


class TenantMiddleware:
    """Set `request.tenant`; refuse unknown hosts before anything else runs: links in mails carry the host."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info == HEALTH_PATH:
            # Balancers ask by address, with any host.
            return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")
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


def _actor(request: HttpRequest) -> scope.Actor:
    user = request.user if request.user.is_authenticated else None
    return scope.actor(user=user, tenant=request.tenant)  # type: ignore[attr-defined]  # set by TenantMiddleware
