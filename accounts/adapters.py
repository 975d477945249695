"""What allauth asks us: who may join this tenant, how its mails look, which apps and passkeys belong to its host."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import requests
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from fido2.utils import websafe_decode
from fido2.webauthn import AttestationObject

from accounts import invitations, legal, mailing, referrals, social, tenants
from accounts.models import Tenant, User
from foundation import notify, vault

# The session's name for the token of an invitation that was opened.
INVITATION = "invitation"


def _tenant() -> Tenant:
    """Return the tenant of the request at hand; the platform where there is none."""
    return cast(Tenant, getattr(context.request, "tenant", None) or tenants.root())


class AccountAdapter(DefaultAccountAdapter):
    """People sign up and in on a tenant's host, and get its mails."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return tenants.admits(tenant=_tenant()) or has_invitation(request)

    def clean_email(self, email: str) -> str:
        if has_invitation(context.request):
            return email.lower()
        if not tenants.admits_address(tenant=_tenant(), email=email):
            raise ValidationError(_("Addresses of this domain are not admitted here."))
        return email.lower()

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Make the person a member where the sign-up policy allows it: after every way to sign in, so also after sign-up."""
        tenant = _tenant()
        is_new = not tenants.has(tenant=tenant, user=user)
        member = None
        with contextlib.suppress(tenants.NotAdmitted):
            member = tenants.join(tenant=tenant, user=user, by_policy=True)
            # The sign-up page says so; who was brought here by others is asked at the first visit.
            if is_new:
                legal.accept(membership=member, language=get_language() or "")
                referrals.bind(request, member)
        response = cast(HttpResponse, super().post_login(request, user, **kwargs))
        # Who may not join this way may have an invitation, which asks who brought them later.
        if member is not None and referrals.COOKIE in request.COOKIES:
            referrals.forget(response)
        return response

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Keep who brought somebody until the address is confirmed, wherever the mail is opened."""
        saved: User = super().save_user(request, user, form, commit)
        if saved.pk:
            referrals.carry(request, tenant=_tenant(), user=saved)
        return saved

    def get_from_email(self) -> str:
        return notify.sender(tenants.spoken(_tenant()).name)

    def format_email_subject(self, subject: str) -> str:
        return f"[{tenants.spoken(_tenant()).name}] {subject}"

    def render_mail(self, template_prefix: str, email: str | list[str], context: dict[str, Any], headers: Any = None) -> EmailMessage:
        tenant = tenants.spoken(_tenant())
        request = context.get("request")
        # allauth's texts name the site by its host; ours is called by its name.
        site = SimpleNamespace(name=tenant.name, domain=request.get_host() if request else "")
        values = {**context, "tenant": tenant, "current_site": site}
        message = cast(EmailMessage, super().render_mail(template_prefix, email, values, headers))
        message.connection = mailing.by(tenant)
        message.reply_to = [tenant.reply_to] if tenant.reply_to else []
        return message


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Each tenant has its own apps; the platform's serve only the platform."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return tenants.admits(tenant=_tenant()) or has_invitation(request)

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        """Keep who brought somebody: the account's adapter is not asked where no form was filled in."""
        saved: User = super().save_user(request, sociallogin, form)
        referrals.carry(request, tenant=_tenant(), user=saved)
        return saved

    def list_apps(self, request: HttpRequest, **kwargs: Any) -> list[SocialApp]:
        return social.usable(super().list_apps(request, **kwargs), tenant=_tenant())

    def get_requests_session(self) -> requests.Session:
        return social.session()


class MFAAdapter(DefaultMFAAdapter):
    """Second factors: secrets sealed, passkeys counted only on the host they were made on."""

    def encrypt(self, text: str) -> str:
        return vault.seal(text, context="second-factor")

    def decrypt(self, encrypted_text: str) -> str:
        return vault.unseal(encrypted_text, context="second-factor")

    def get_totp_issuer(self) -> str:
        return _tenant().name

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": tenants.host_name(context.request.get_host()), "name": _tenant().name}

    def is_mfa_enabled(self, user: User, types: Sequence[str] | None = None) -> bool:
        """Tell whether the person can answer with a second factor here: a passkey of another host cannot."""
        rows = Authenticator.objects.filter(user_id=user.pk)
        rows = rows if types is None else rows.filter(type__in=types)
        return any(row.type != Authenticator.Type.WEBAUTHN or belongs_to_host(row, _host()) for row in rows)


def has_invitation(request: HttpRequest | None) -> bool:
    """Tell whether this visitor came by an invitation that is still open: it lets them sign up whatever the policy."""
    session = getattr(request, "session", None)
    token: str = session.get(INVITATION, "") if session is not None else ""
    return bool(token) and invitations.find(tenant=_tenant(), token=token) is not None


def belongs_to_host(passkey: Authenticator, host: str) -> bool:
    """Tell whether a passkey was made on this host: its attestation holds the SHA-256 of the host's name."""
    encoded = passkey.data["credential"]["response"]["attestationObject"]
    attestation = AttestationObject(websafe_decode(encoded))
    return bool(attestation.auth_data.rp_id_hash == hashlib.sha256(host.encode()).digest())


def _host() -> str:
    return tenants.host_name(context.request.get_host()) if context.request else ""
