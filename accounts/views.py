"""Pages of this room beside allauth's: sign-in and security without dead passkey offers, and the first set-up."""

from __future__ import annotations

import ipaddress
from typing import Any

from allauth.account.views import LoginView
from allauth.mfa.base.views import IndexView
from allauth.mfa.webauthn.views import AddWebAuthnView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts import people, setup, tenants
from accounts.forms import OperatorForm


class SignInView(LoginView):
    """allauth's page; browsers refuse passkeys on hosts that are addresses, so the button is left out there."""

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
