"""A mail server in a thread that speaks SMTP over TLS from the first byte: takes mails, or answers as it is told."""

from __future__ import annotations

import base64
import datetime
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class MailDouble:
    """Use as a context; `certificate` is what clients must trust. `answers` replaces the reply to a verb."""

    folder: Path
    answers: dict[str, bytes] = field(default_factory=dict)
    logins: list[tuple[str, str]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._certify())
        double = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                double._talk(self)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def get_request(self) -> tuple[Any, Any]:
                plain, peer = super().get_request()
                return context.wrap_socket(plain, server_side=True), peer

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that does not trust us says so itself."""

        self._server = Server(("127.0.0.1", 0), Session)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def certificate(self) -> Path:
        return self.folder / "mail.pem"

    def _talk(self, session: socketserver.StreamRequestHandler) -> None:
        def say(line: bytes) -> None:
            session.wfile.write(line + b"\r\n")

        say(b"220 mail.test ESMTP")
        while line := session.rfile.readline():
            words = line.decode().strip()
            verb = words.partition(" ")[0].upper()
            if verb in self.answers:
                say(self.answers[verb])
            elif verb == "EHLO":
                say(b"250-mail.test\r\n250 AUTH PLAIN")
            elif verb == "AUTH":
                _, user, password = base64.b64decode(words.rpartition(" ")[2]).decode().split("\0")
                self.logins.append((user, password))
                say(b"235 in")
            elif verb == "DATA":
                say(b"354 go on")
                self.mails.append("".join(iter(lambda: session.rfile.readline().decode(), ".\r\n")))
                say(b"250 taken")
            elif verb == "QUIT":
                say(b"221 bye")
                return
            else:
                say(b"250 ok")

    def _certify(self) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.test")])
        now = datetime.datetime.now(datetime.UTC)
        built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        built = built.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        names = x509.SubjectAlternativeName([x509.DNSName("mail.test")])
        signed = built.add_extension(names, critical=False).sign(key, hashes.SHA256())
        self.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        secret = self.folder / "mail.key"
        plain = serialization.NoEncryption()
        secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
        return self.certificate, secret
