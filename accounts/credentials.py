"""What somebody signs in with, changed by a program of theirs: addresses, password, second factors, services.

The pages for it are allauth's, which ask for the password once more and keep a step in the browser's session. A program has
neither: its token was made for this after the password was typed, and a step is sealed into what it sends back. Limits of
tries, and mails about what changed, are allauth's own.

CredentialError       the message says why
└── TooOften          so many tries for now
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

from allauth.account import signals as account_signals
from allauth.account.adapter import get_adapter
from allauth.account.forms import AddEmailForm
from allauth.account.internal.flows import manage_email
from allauth.account.models import EmailAddress
from allauth.core import ratelimit
from allauth.mfa.adapter import get_adapter as get_factor_adapter
from allauth.mfa.base.internal.flows import check_rate_limit, delete_and_cleanup
from allauth.mfa.internal.flows.add import validate_can_add_authenticator
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.recovery_codes.internal.flows import can_generate_recovery_codes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, validate_totp_code
from allauth.socialaccount.internal.flows.connect import validate_disconnect
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from foundation import vault

_DRAFT_SECONDS = 600
_SIGNER = TimestampSigner(salt="accounts.credentials.totp")
_GONE_MAILS = {Authenticator.Type.TOTP: "mfa/email/totp_deactivated", Authenticator.Type.WEBAUTHN: "mfa/email/webauthn_removed"}


class CredentialError(Exception):
    """This cannot be changed so."""


class TooOften(CredentialError):
    """Nobody may try so often."""


@dataclass(frozen=True, slots=True)
class TotpDraft:
    """What an authenticator app is given, and what is sent back with its first code."""

    secret: str
    address: str
    draft: str


def add_address(request: HttpRequest, user: User, *, email: str) -> EmailAddress:
    """Note an address and mail its owner to confirm it. Raise CredentialError."""
    _count(request, user, "manage_email")
    form = AddEmailForm(user, {"email": email})
    if not form.is_valid():
        raise CredentialError(" ".join(form.errors["email"]))
    address: EmailAddress = EmailAddress.objects.add_email(request, user, form.cleaned_data["email"], confirm=False)
    ask_to_confirm(request, address)
    account_signals.email_added.send(sender=EmailAddress, request=request, user=user, email_address=address)
    return address


def ask_to_confirm(request: HttpRequest, address: EmailAddress) -> None:
    """Mail the owner of an address to confirm it, once in three minutes. Raise CredentialError."""
    if address.verified:
        raise CredentialError(_("This address is confirmed already."))
    if not ratelimit.consume(request, action="confirm_email", key=address.email.lower()):
        raise TooOften(_("A mail is on its way already: wait some minutes."))
    address.send_confirmation(request)


def make_primary(request: HttpRequest, address: EmailAddress) -> None:
    """Sign in by this address from now on, and tell the one before. Raise CredentialError."""
    if not manage_email.can_mark_as_primary(address):
        raise CredentialError(_("Confirm this address first."))
    before = EmailAddress.objects.filter(user=address.user, primary=True).exclude(pk=address.pk).first()
    address.set_as_primary()
    manage_email.emit_email_changed(request, before, address)


def remove_address(request: HttpRequest, address: EmailAddress) -> None:
    """Forget an address that nobody signs in by. Raise CredentialError."""
    if not manage_email.can_delete_email(address):
        raise CredentialError(_("Sign in by another address first."))
    user, email = address.user, address.email
    address.remove()
    account_signals.email_removed.send(sender=EmailAddress, request=request, user=user, email_address=address)
    get_adapter().send_notification_mail("account/email/email_deleted", user, {"deleted_email": email})


@sensitive_variables()
def set_password(request: HttpRequest, user: User, *, current: str, new: str) -> None:
    """Set a password where the current one is right, or there was none: every browser is signed out. Raise CredentialError."""
    _count(request, user, "change_password")
    had_one = user.has_usable_password()
    if had_one and not user.check_password(current):
        raise CredentialError(_("This is not your current password."))
    adapter = get_adapter()
    try:
        adapter.clean_password(new, user=user)
    except ValidationError as error:
        raise CredentialError(" ".join(error.messages)) from None
    adapter.set_password(user, new)
    signal = account_signals.password_changed if had_one else account_signals.password_set
    signal.send(sender=User, request=request, user=user)
    adapter.send_notification_mail("account/email/password_changed" if had_one else "account/email/password_set", user)


@sensitive_variables("secret")
def begin_totp(user: User) -> TotpDraft:
    """Return the secret of a new authenticator app: nothing changes before its first code. Raise CredentialError."""
    _can_have_factors(user)
    if Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        raise CredentialError(_("An authenticator app is set up already: remove it first."))
    secret = generate_totp_secret()
    sealed = vault.seal(f"{user.pk}:{secret}", context="totp-draft")
    return TotpDraft(secret, get_factor_adapter().build_totp_url(user, secret), _SIGNER.sign(sealed))


@sensitive_variables("secret")
def finish_totp(request: HttpRequest, user: User, *, draft: str, code: str) -> Authenticator:
    """Ask for codes of this app from now on, if its first is right. Raise CredentialError."""
    _can_have_factors(user)
    try:
        owner, _colon, secret = vault.unseal(_SIGNER.unsign(draft, max_age=_DRAFT_SECONDS), context="totp-draft").partition(":")
    except (BadSignature, vault.CannotUnseal):
        owner = secret = ""
    if owner != str(user.pk):
        raise CredentialError(_("Begin again: this is over, or not yours."))
    try:
        forget_tries = check_rate_limit(user)
    except ValidationError as error:
        raise TooOften(" ".join(error.messages)) from None
    if not validate_totp_code(secret, code):
        raise CredentialError(_("The code is not right."))
    forget_tries()
    made: Authenticator = TOTP.activate(user, secret).instance
    get_adapter().send_notification_mail("mfa/email/totp_activated", user)
    return made


def remove_factor(request: HttpRequest, factor: Authenticator) -> None:
    """Ask for this factor no more; with the last one its recovery codes go. Raise CredentialError."""
    mail = _GONE_MAILS.get(factor.type)
    if mail is None:
        raise CredentialError(_("Recovery codes go with the last factor."))
    delete_and_cleanup(request, factor)
    get_adapter().send_notification_mail(mail, factor.user)


def rename_passkey(factor: Authenticator, *, name: str) -> None:
    """Call a passkey otherwise. Raise CredentialError."""
    if factor.type != Authenticator.Type.WEBAUTHN:
        raise CredentialError(_("Only passkeys have names."))
    factor.wrap().name = name
    factor.save(update_fields=["data"])


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Return new codes in place of those before. Raise CredentialError."""
    User.objects.select_for_update().get(pk=user.pk)
    if not can_generate_recovery_codes(user):
        raise CredentialError(_("Set up an authenticator app or a passkey first."))
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    get_adapter().send_notification_mail("mfa/email/recovery_codes_generated", user)
    return codes


def disconnect(request: HttpRequest, account: SocialAccount) -> None:
    """Sign in by this service no more. Raise CredentialError where nothing else would be left."""
    try:
        validate_disconnect(request, account)
    except ValidationError as error:
        raise CredentialError(" ".join(error.messages)) from None
    user = account.user
    account.delete()
    # Not `get_provider`, which there is none of where the shop gave the service up.
    told = {"account": account, "provider": SimpleNamespace(name=account.provider)}
    get_adapter().send_notification_mail("socialaccount/email/account_disconnected", user, context=told)


def _count(request: HttpRequest, user: User, act: str) -> None:
    if not ratelimit.consume(request, action=act, user=user):
        raise TooOften(_("Too many tries: wait some minutes."))


def _can_have_factors(user: User) -> None:
    try:
        validate_can_add_authenticator(user)
    except ValidationError as error:
        raise CredentialError(" ".join(error.messages)) from None
