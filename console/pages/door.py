"""The console's door: a signed-in member of this tenant passes, a visitor signs in first, a stranger finds nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language

from accounts import legal
from accounts.models import Membership, SupportVisit, Tenant
from accounts.scope import Actor

P = ParamSpec("P")
# One's own data can be had, and taken away, without accepting anything.
BEFORE_TERMS = frozenset({"console_profile", "console_export", "console_forget"})


class PageRequest(HttpRequest):
    """A request after the tenancy middleware."""

    tenant: Tenant
    actor: Actor
    visit: SupportVisit | None


class MemberRequest(PageRequest):
    """A request of somebody who belongs here."""

    member: Membership


def members_only(
    view: Callable[Concatenate[MemberRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let only members of this tenant in, and let nobody keep the page: it shows money and keys."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        entering = cast(MemberRequest, request)
        if entering.actor.user is None:
            return redirect_to_login(request.get_full_path())
        if entering.actor.membership is None:
            return _outside(entering)
        entering.member = entering.actor.membership
        if _must_accept(entering):
            return redirect(f"{reverse('accounts_accept_terms')}?{urlencode({'next': request.get_full_path()})}")
        response = view(entering, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        return response

    return cast(Callable[Concatenate[HttpRequest, P], HttpResponseBase], guarded)


def _must_accept(request: MemberRequest) -> bool:
    """Tell whether a customer who opens a page has terms to accept first; keys work on, and nothing that was typed is lost."""
    match = request.resolver_match
    if request.visit is not None:
        return False  # nobody accepts for somebody else
    is_page = request.method in {"GET", "HEAD"} and "HX-Request" not in request.headers
    if not is_page or request.member.role != Membership.Role.CUSTOMER or (match is not None and match.url_name in BEFORE_TERMS):
        return False
    return bool(legal.unaccepted(membership=request.member, language=get_language() or ""))


def _outside(request: PageRequest) -> HttpResponseBase:
    """Tell somebody whose account waits for approval so; to all others the page does not exist."""
    waits = Membership.objects.filter(tenant=request.tenant, user=request.actor.user, state=Membership.State.WAITING)
    if not waits.exists():
        raise Http404
    return render(request, "console/waiting.html", status=HTTPStatus.FORBIDDEN)
