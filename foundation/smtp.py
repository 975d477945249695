"""A mail server that somebody else names: TLS always, time-outs, and no address inside our own network."""

from __future__ import annotations

import contextlib
import smtplib
import socket
from dataclasses import dataclass, field

from django.core.mail.backends.smtp import EmailBackend

from foundation import outbound

TIMEOUT_SECONDS = 10
# What goes wrong between us and such a server; a refused recipient is one too (smtplib.SMTPRecipientsRefused).
FAILURES = (OSError, smtplib.SMTPException, outbound.OutboundError)


@dataclass(frozen=True, slots=True)
class Server:
    """Where to hand mails in; without `is_tls` from the first byte the connection turns to TLS by STARTTLS."""

    host: str
    port: int
    is_tls: bool
    username: str = ""
    password: str = field(default="", repr=False)


class _Plain(smtplib.SMTP):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        # The name is looked up once, every address checked; certificates are still checked against the name.
        return super()._get_socket(outbound.address_of(host, port), port, timeout)  # type: ignore[misc,no-any-return]  # untyped


class _Tls(smtplib.SMTP_SSL):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return super()._get_socket(outbound.address_of(host, port), port, timeout)  # type: ignore[misc,no-any-return]  # untyped


class GuardedBackend(EmailBackend):
    """Django's SMTP backend over guarded connections; sending raises one of FAILURES."""

    def __init__(self, server: Server) -> None:
        super().__init__(
            host=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=not server.is_tls,
            use_ssl=server.is_tls,
            timeout=TIMEOUT_SECONDS,
        )

    def open(self) -> bool | None:
        """Connect and sign in; a connection on which that fails is closed at once."""
        try:
            return super().open()
        except BaseException:
            with contextlib.suppress(*FAILURES):
                self.close()
            raise

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _Tls if self.use_ssl else _Plain


def reason(error: BaseException) -> str:
    """Say in a line why a mail was not taken: the server's code and words, never what was sent."""
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else str(error.smtp_error)
        return f"{error.smtp_code} {words}"[:200]
    return f"{type(error).__name__}: {error}"[:200]
