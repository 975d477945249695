"""Write outgoing mail as .eml files: development's mailbox."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from foundation.ids import uuid7


class EmlBackend(BaseEmailBackend):
    """Django's mail backend that keeps each message as MAIL_DIR/<time-ordered id>.eml."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        settings.MAIL_DIR.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            (settings.MAIL_DIR / f"{uuid7()}.eml").write_bytes(message.message().as_bytes())
        return len(email_messages)
