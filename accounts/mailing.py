"""Mails to members are written here; a tenant's leave by its own server where it has one, and by the platform's while that fails."""

from __future__ import annotations

import smtplib
from collections.abc import Mapping, Sequence
from email.utils import formataddr, parseaddr
from typing import Any

import structlog
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from accounts import tenants
from accounts.models import MailServer, Membership, Tenant
from foundation import notify, smtp, vault

_SEAL = "mail-server"

log = structlog.get_logger(__name__)


def tell(member: Membership, *, template: str, context: Mapping[str, Any], key: str | None = None) -> bool:
    """Write one e-mail to a member, in their language and their shop's name; False for one without an address.

    `context` is what the template says beside the shop's name; with a `key`, at most one is ever written.
    """
    if not member.user.email:
        return False
    tenant = tenants.spoken(member.tenant, language_of(member))
    notify.email(
        to=member.user.email,
        template=template,
        context={"shop": tenant.name, **context},
        language=language_of(member),
        sender_name=tenant.name,
        account=tenant.pk,
        reply_to=tenant.reply_to,
        key=key,
    )
    return True


def language_of(member: Membership) -> str:
    """Return in which language a member is written to."""
    return member.user.language or member.tenant.language


def seal(password: str) -> str:
    """Return a server's password as it is kept."""
    return vault.seal(password, context=_SEAL) if password else ""


class ShopBackend(BaseEmailBackend):
    """Hands mails to a tenant's own server; the platform takes what that does not."""

    def __init__(self, tenant_id: int) -> None:
        super().__init__()
        self._tenant_id = tenant_id

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Return how many were sent; raise what the platform's server raises, and for a recipient whom the own one refuses."""
        own = MailServer.objects.select_related("tenant").filter(tenant_id=self._tenant_id, is_active=True).first()
        return sum(self._send(message, own) for message in email_messages)

    def _send(self, message: EmailMessage, own: MailServer | None) -> int:
        if own is not None:
            platforms = message.from_email
            try:
                return hand_in(message, server=own)
            except smtplib.SMTPRecipientsRefused:
                raise
            except smtp.FAILURES as error:
                log.warning("a tenant's mail server failed", tenant=self._tenant_id, error=smtp.reason(error))
                MailServer.objects.filter(pk=own.pk).update(failure=smtp.reason(error), failed_at=timezone.now())
            message.from_email = platforms
        return get_connection().send_messages([message]) or 0


def hand_in(message: EmailMessage, *, server: MailServer) -> int:
    """Send a mail by a tenant's own server, under its address. Raise one of foundation.smtp.FAILURES."""
    message.from_email = formataddr((parseaddr(message.from_email)[0] or server.tenant.name, server.sender))
    password = vault.unseal(server.sealed, context=_SEAL) if server.sealed else ""
    where = smtp.Server(
        host=server.host, port=server.port, is_tls=server.security == MailServer.Security.TLS, username=server.username, password=password
    )
    return smtp.GuardedBackend(where).send_messages([message]) or 0


def by(tenant: Tenant) -> BaseEmailBackend:
    """Return by what a tenant's mails leave."""
    return ShopBackend(tenant.pk)


@notify.carrier
def _by_account(account: int) -> BaseEmailBackend:
    return ShopBackend(account)
