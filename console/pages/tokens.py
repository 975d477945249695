"""Access tokens of the management API in the console: made once, shown once, revoked."""

from __future__ import annotations

import datetime
from http import HTTPStatus
from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts import access_tokens
from accounts.models import AccessToken, Membership
from console.pages.context import base_url
from console.pages.door import MemberRequest, members_only
from console.pages.key_forms import LIFETIMES
from console.pages.keys import first_use, new_nonce
from foundation.forms import HouseForm


class TokenForm(HouseForm):
    """What a token is called, what it may do, and until when."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    lifetime = forms.ChoiceField(label=gettext_lazy("Expires"), choices=LIFETIMES, required=False, initial="90")
    scopes = forms.MultipleChoiceField(label=gettext_lazy("It may"), widget=forms.CheckboxSelectMultiple)
    nonce = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, *args: Any, member: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        scopes: Any = self.fields["scopes"]
        scopes.choices = [(name, name) for name in access_tokens.offered(member)]

    def expires_at(self) -> datetime.datetime | None:
        days = self.cleaned_data.get("lifetime")
        return timezone.now() + datetime.timedelta(days=int(days)) if days else None


def _wants_step_up(request: HttpRequest) -> bool:
    return request.method == "POST" and not access_tokens.STEP_UP_SCOPES.isdisjoint(request.POST.getlist("scopes"))


@members_only
@reauthentication_required(enabled=_wants_step_up)  # type: ignore[untyped-decorator]  # allauth ships no types
@sensitive_variables("issued")
@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request: MemberRequest) -> HttpResponse:
    """List this member's tokens with the form of a new one; answer a POST with the token itself."""
    form = TokenForm(request.POST, member=request.member) if request.method == "POST" else _fresh(request)
    if request.method == "POST" and form.is_valid():
        if not first_use(request, nonce=form.cleaned_data["nonce"]):
            messages.warning(request, _("This token was made already and is not shown again. Make another one if you lost it."))
            return redirect("console_tokens")
        values = form.cleaned_data
        issued = access_tokens.issue(membership=request.member, name=values["name"], scopes=values["scopes"], expires_at=form.expires_at())
        context = {"token": issued.token, "secret": issued.secret, "api_url": f"{base_url(request)}/api/v1"}
        return render(request, "console/token_made.html", context)
    rows = AccessToken.objects.filter(membership=request.member, revoked_at=None).order_by("-pk")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "console/tokens.html", {"form": form, "rows": rows, "now": timezone.now()}, status=status)


@members_only
@require_POST
def token_revoke(request: MemberRequest, pk: int) -> HttpResponse:
    """Refuse one of this member's tokens from now on."""
    access_tokens.revoke(token=get_object_or_404(AccessToken, pk=pk, membership=request.member))
    messages.success(request, _("The token is revoked."))
    return redirect("console_tokens")


def _fresh(request: MemberRequest) -> TokenForm:
    return TokenForm(member=request.member, initial={"nonce": new_nonce(), "lifetime": "90"})
