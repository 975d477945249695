"""A member's own data: name and language, a download of everything kept, and being forgotten."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts import erasure, visits
from accounts.models import User
from billing import ledger
from console.pages import export, farewell
from console.pages.door import MemberRequest, members_only
from foundation.forms import HouseForm


class ProfileForm(HouseForm):
    """Ask how to call somebody, and in which language to write to them."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, required=False)
    language = forms.ChoiceField(
        label=gettext_lazy("Language of mails"), choices=[("", gettext_lazy("as the shop writes")), *settings.LANGUAGES], required=False
    )


class ForgetForm(HouseForm):
    """Ask for the address once more, so that nobody is forgotten by a slip."""

    address = forms.CharField(label=gettext_lazy("Write your e-mail address"), max_length=254)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._expected = farewell.name_of(user)
        self.fields["address"].widget.attrs["autocomplete"] = "off"

    def clean_address(self) -> str:
        typed: str = self.cleaned_data["address"].strip().lower()
        if typed != self._expected.lower():
            raise forms.ValidationError(_("This is not the address of this account."))
        return typed


@visits.shown
@members_only
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: MemberRequest) -> HttpResponse:
    """Show and change name and language; the rest has pages of its own."""
    user = request.member.user
    form = ProfileForm(request.POST if request.method == "POST" else None, initial={"name": user.name, "language": user.language})
    if request.method == "POST" and form.is_valid():
        user.name, user.language = form.cleaned_data["name"], form.cleaned_data["language"]
        user.save(update_fields=["name", "language"])
        messages.success(request, _("Saved."))
        return redirect("console_profile")
    member = request.member
    context = {"form": form, "member": member, "acceptances": member.acceptances.order_by("-pk")[:10], "visits": visits.of(member)}
    return render(request, "console/profile.html", context)


@members_only
@require_safe
def export_data(request: MemberRequest) -> HttpResponse:
    """Download what is kept of this person at this shop."""
    response = HttpResponse(json.dumps(export.of(request.member), indent=1, ensure_ascii=False), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@members_only
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth ships no types
@require_http_methods(["GET", "HEAD", "POST"])
def forget(request: MemberRequest) -> HttpResponse:
    """Ask, then forget the person: it cannot be undone, and what is left in the wallet is lost."""
    user = request.member.user
    form = ForgetForm(request.POST if request.method == "POST" else None, user=user)
    left = ledger.balance(membership_id=request.member.pk).available_micros
    if request.method != "POST" or not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
        return render(request, "console/forget.html", {"form": form, "left": left}, status=status)
    try:
        farewell.forget(user)
    except erasure.StillOwner as error:
        form.add_error(None, _("You are the only owner of %(shop)s. Make somebody else its owner first.") % {"shop": error})
        return render(request, "console/forget.html", {"form": form, "left": left}, status=HTTPStatus.CONFLICT)
    language = translation.get_language()
    logout(request)
    messages.success(request, _("Your account is gone. Goodbye."))
    response = redirect("landing")
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language or "en")
    return response
