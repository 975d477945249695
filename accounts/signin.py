"""Sign in by e-mail, or by the username a person has at the tenant whose host it is."""

from __future__ import annotations

from typing import Any

from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User


class SignInForm(LoginForm):
    """allauth's form with one field for both."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = forms.CharField(
            label=_("E-mail or username"),
            max_length=254,
            widget=forms.TextInput(attrs={"autocomplete": "username webauthn", "autofocus": True}),
        )
        self.fields["login"] = field
        self.order_fields(["login", "password", "remember"])

    def user_credentials(self) -> dict[str, Any]:
        """Name the person by address, or by username here."""
        login, password = self.cleaned_data["login"], self.cleaned_data["password"]
        name = "email" if "@" in login else "tenant_username"
        return {name: login, "password": password}

    def clean(self) -> dict[str, Any]:
        """Let in who has no address: there is none to confirm."""
        values: dict[str, Any] = super().clean()
        if self.user is not None and not self.user.email:
            self._login.email_verification = EmailVerificationMethod.NONE
        return values


class UsernameBackend(BaseBackend):
    """Checks a password for a username at the request's tenant."""

    def authenticate(
        self, request: HttpRequest | None, tenant_username: str | None = None, password: str | None = None, **_kwargs: Any
    ) -> User | None:
        """Return the person; an unknown username takes as long as a wrong password."""
        tenant = getattr(request, "tenant", None)
        if tenant is None or not tenant_username or password is None:
            return None
        rows = Membership.objects.select_related("user").filter(tenant=tenant, username=tenant_username.strip())
        member = rows.first()
        if member is None:
            User().set_password(password)
            return None
        return member.user if member.user.check_password(password) and member.user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id).first()
