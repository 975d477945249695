"""Pages of this room beside allauth's: sign-in and security without dead passkey offers, set-up, joining, legal pages, riddles."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from typing import Any

from allauth.account.views import LoginView
from allauth.mfa.base.views import IndexView
from allauth.mfa.webauthn.views import AddWebAuthnView
from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import adapters, invitations, legal, middleware, people, referrals, setup, tenants, visits
from accounts.forms import OperatorForm
from accounts.models import LegalPage, Membership, User
from accounts.signin import SignInForm
from foundation import puzzles


class SignInView(LoginView):
    """allauth's page; browsers refuse passkeys on hosts that are addresses, so the button is left out there."""

    form_class = SignInForm

    def get_form_class(self) -> type[SignInForm]:
        return SignInForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if is_address(self.request.get_host()):
            context["PASSKEY_LOGIN_ENABLED"] = False
        return context


class SecurityView(IndexView):
    """allauth's page of second factors; where browsers refuse passkeys it offers none, but those that are there can be managed."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if is_address(self.request.get_host()) and not context["authenticators"].get("webauthn"):
            context["MFA_SUPPORTED_TYPES"] = [kind for kind in context["MFA_SUPPORTED_TYPES"] if kind != "webauthn"]
        return context


class AddPasskeyView(AddWebAuthnView):
    """allauth's page to add a passkey; not there where no browser could make one."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_address(request.get_host()):
            raise Http404
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        return answer


def is_address(host: str) -> bool:
    """Tell whether a Host header names an IP address."""
    try:
        ipaddress.ip_address(tenants.host_name(host).strip("[]"))
    except ValueError:
        return False
    return True


def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """Show and take the form of the first operator; 404 once there is one, and on a shop's host."""
    if not request.tenant.is_root or not setup.is_valid(token):  # type: ignore[attr-defined]  # set by TenantMiddleware
        raise Http404
    form = OperatorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            setup.make_first_operator(email=form.cleaned_data["email"], password=form.cleaned_data["password"])
        except people.EmailTaken:
            form.add_error("email", _("Somebody has this address already."))
        except setup.AlreadySetUp:
            raise Http404 from None
        else:
            return redirect("account_login")
    return render(request, "accounts/setup.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Show who invites to what; who is signed in joins by POST, others sign in or up first and come back."""
    tenant = request.tenant  # type: ignore[attr-defined]  # set by TenantMiddleware
    found = invitations.find(tenant=tenant, token=token)
    if found is None:
        return render(request, "accounts/join_ended.html", status=HTTPStatus.GONE)
    request.session[adapters.INVITATION] = token
    if request.method != "POST" or not isinstance(request.user, User):
        return render(request, "accounts/join.html", {"invitation": found})
    is_new = not tenants.has(tenant=tenant, user=request.user)
    try:
        member = invitations.accept(tenant=tenant, token=token, user=request.user)
    except invitations.NotForYou:
        return render(request, "accounts/join.html", {"invitation": found, "is_for_another": True}, status=HTTPStatus.FORBIDDEN)
    except invitations.InvitationEnded:
        return render(request, "accounts/join_ended.html", status=HTTPStatus.GONE)
    legal.accept(membership=member, language=get_language() or "")
    if is_new and member.role == Membership.Role.CUSTOMER:
        referrals.bind(request, member)
    request.session.pop(adapters.INVITATION, None)
    messages.success(request, _("Welcome to %(shop)s.") % {"shop": tenants.spoken(tenant).name})
    response = redirect("reseller:index" if member.role in member.STAFF_ROLES and not tenant.is_root else "console_dashboard")
    if referrals.COOKIE in request.COOKIES:
        referrals.forget(response)
    return response


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign one's own other browser out, of whatever shop's host it is; the one that asks signs out by its menu."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    if session.session_key != request.session.session_key:
        get_adapter().end_sessions([session])
        messages.success(request, _("The session has ended."))
    return redirect("usersessions_list")


@visits.ends
@require_POST
def end_visit(request: HttpRequest) -> HttpResponse:
    """Stop seeing the console as a customer, and go back to where it was begun."""
    visit = request.visit  # type: ignore[attr-defined]  # set by VisitMiddleware
    if visit is None:
        return redirect("landing")
    visits.end(visit=visit, address=request.META.get("REMOTE_ADDR"))
    request.session.pop(middleware.VISIT)
    back: str = request.session.pop(middleware.VISIT_BACK, "")
    return redirect(back or "landing")


@visits.shown
@require_safe
def legal_page(request: HttpRequest, kind: str) -> HttpResponse:
    """Show one of the tenant's legal pages in the reader's language."""
    tenant = request.tenant  # type: ignore[attr-defined]  # set by TenantMiddleware
    page = legal.page(tenant=tenant, kind=kind, language=get_language() or "") if kind in LegalPage.Kind.values else None
    if page is None:
        raise Http404
    return render(request, "accounts/legal.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def accept_terms(request: HttpRequest) -> HttpResponse:
    """Show the legal pages that changed since the member accepted them; POST accepts them as they stand."""
    member = request.actor.membership  # type: ignore[attr-defined]  # set by ActorMiddleware
    if member is None:
        raise Http404
    wanted = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    back = wanted if is_ours else reverse("console_dashboard")
    language = get_language() or ""
    found = legal.unaccepted(membership=member, language=language)
    if request.method == "POST" and request.POST.getlist("seen") == [f"{page.pk}:{page.version}" for page in found]:
        legal.accept(membership=member, language=language)
        found = []
    if not found:
        return redirect(back)
    return render(request, "accounts/accept_terms.html", {"pages": found, "next": back})


@require_safe
def human(request: HttpRequest, token: str, kind: str) -> HttpResponse:
    """Draw or speak the digits of the human check, for browsers without JavaScript."""
    try:
        body = puzzles.picture(token) if kind == "png" else puzzles.sound(token)
    except puzzles.Unreadable:
        raise Http404 from None
    return HttpResponse(body, content_type="image/png" if kind == "png" else "audio/wav", headers={"Cache-Control": "no-store"})
