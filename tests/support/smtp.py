"""A real SMTP server for tests, in a thread of this process, that answers as it is told to."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.adapters.mail import Security, SmtpRoute
from tests.support.fakes import NOON

USER, PASSWORD = "ada", "lovelace"


@dataclass
class Postbox:
    """What came in, and what is answered where; an answer that does not begin with 2 takes nothing."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)  # by "MAIL", "RCPT" or "DATA"

    def route(self, security: Security = Security.NONE, user: str = "", password: str = "") -> SmtpRoute:
        """The way to this server."""
        return SmtpRoute("localhost", self.port, security, user, password)

    async def handle_MAIL(  # noqa: N802 -- aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer to the sender."""
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer to the recipient."""
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the message, or not."""
        answer = self.answers.get("DATA", "250 OK")
        if answer.startswith("2"):
            content = envelope.content
            assert isinstance(content, bytes)
            mail = message_from_bytes(content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        return answer


@contextmanager
def postbox(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[Postbox]:
    """A server on this machine while the block lasts; with `starttls` it wants that and a log-in."""
    box = Postbox()
    options: dict[str, Any] = {"ssl_context": tls} if tls else {}
    if starttls:
        options |= {
            "tls_context": starttls,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": _knows,
        }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = probe.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=box.port, enable_SMTPUTF8=False, **options)
    server.start()
    try:
        yield box
    finally:
        server.stop()


def _knows(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    is_ada = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_ada, handled=False)


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate for localhost: the server's side, and a client that trusts it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def certified(folder: Path) -> Certified:
    """Make one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOON.replace(year=2000))
        .not_valid_after(NOON.replace(year=2100))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "localhost.crt", folder / "localhost.key"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(public, private)
    return Certified(server, ssl.create_default_context(cafile=public))
