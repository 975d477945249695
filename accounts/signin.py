"""The forms people come in by, each with the human check; and sign-in by e-mail or the tenant's username."""

from __future__ import annotations

from typing import Any

from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.forms import BaseSignupForm, LoginForm, ResetPasswordForm, SignupForm
from allauth.core import context
from allauth.socialaccount.forms import SignupForm as SocialForm
from django import forms
from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import captcha
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
        captcha.guard(self, self.request, door="sign_in", subject=self.data.get("login", ""))

    def user_credentials(self) -> dict[str, Any]:
        """Name the person by address, or by username here."""
        login, password = self.cleaned_data["login"], self.cleaned_data["password"]
        name = "email" if "@" in login else "tenant_username"
        return {name: login, "password": password}

    def clean(self) -> dict[str, Any]:
        """Let in who has no address: there is none to confirm. Who fails often must show that no program does it."""
        try:
            values: dict[str, Any] = super().clean()
        except forms.ValidationError:
            captcha.note(self.request, door="sign_in", subject=self.cleaned_data["login"], form=self)
            raise
        if self.user is not None and not self.user.email:
            self._login.email_verification = EmailVerificationMethod.NONE
        return values


class _AskedForm(BaseSignupForm):
    """What makes an account: many from one place are asked for the human check."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        captcha.guard(self, context.request, door="sign_up")

    def try_save(self, request: HttpRequest) -> Any:
        """Count each account that is made, and each that was there already."""
        captcha.note(request, door="sign_up")
        return super().try_save(request)


class SignUpForm(_AskedForm, SignupForm):
    """allauth's form."""


class SocialSignUpForm(_AskedForm, SocialForm):
    """allauth's form after another service that gave no address: it asks and counts as sign-up does."""


class ResetForm(ResetPasswordForm):
    """allauth's form; it sends a mail each time, so it counts each time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        captcha.guard(self, context.request, door="reset")

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Count the mail and send it."""
        captcha.note(request, door="reset")
        return str(super().save(request, **kwargs))


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
