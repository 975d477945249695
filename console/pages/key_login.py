"""A name and a password for a sub-key: what chat pages behind a site's own sign-in send by HTTP Basic."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import key_logins
from accounts.models import ApiKey
from console.pages.door import MemberRequest, members_only
from console.pages.keys import live_key
from foundation.forms import HouseForm


class LoginForm(HouseForm):
    """The pair. The password is never shown again."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=100,
        min_length=key_logins.SHORTEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("At least 12 characters. It opens the wallet as the key does."),
    )

    def __init__(self, *args: Any, key: ApiKey, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"name": key.login or ""}
        self._key = key

    def give(self) -> bool:
        """Take the pair over; a refusal becomes an error of its field."""
        try:
            key_logins.give(key=self._key, name=self.cleaned_data["name"], password=self.cleaned_data["password"])
        except key_logins.BadLogin as error:
            self.add_error(error.field, str(error))
            return False
        return True


@sensitive_post_parameters("password")
@members_only
@require_http_methods(["GET", "HEAD", "POST"])
def key_login(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask for the pair and keep its fingerprint."""
    key = live_key(request, pk)
    form = LoginForm(request.POST if request.method == "POST" else None, key=key)
    if request.method == "POST" and form.is_valid() and form.give():
        messages.success(request, _("“%(name)s” opens this key from now on.") % {"name": key.login})
        return redirect("console_key", pk=key.pk)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "console/key_login.html", {"form": form, "key": key}, status=status)


@members_only
@require_POST
def key_login_end(request: MemberRequest, pk: int) -> HttpResponse:
    """Refuse the pair from now on."""
    key = live_key(request, pk)
    key_logins.take_away(key=key)
    messages.success(request, _("Only the secret opens this key now."))
    return redirect("console_key", pk=key.pk)
