"""Mail: how a letter leaves the house. Over SMTP, into a folder, or onto the screen."""

import os
import re
import smtplib
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from enum import StrEnum
from pathlib import Path
from typing import Protocol, assert_never
from urllib.parse import unquote, urlsplit
from uuid import UUID

from app.adapters.letters import Letter
from app.domain.delivery import NotSent, Sending, Sent, Trouble
from app.domain.identity import canonical_email, is_loopback, wire_address

TIMEOUT_SECONDS = 10.0  # for each answer of the mail server
_STATUS = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}\b")


class Security(StrEnum):
    """How the way to the mail server is protected."""

    TLS = "tls"  # from the first byte
    STARTTLS = "starttls"  # before anything of ours is said; never without
    NONE = "none"  # on this machine only


@dataclass(frozen=True, slots=True)
class SmtpRoute:
    """A mail server."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class FolderRoute:
    """A folder that takes one .eml file per message."""

    folder: Path


@dataclass(frozen=True, slots=True)
class ConsoleRoute:
    """Standard output."""


Route = SmtpRoute | FolderRoute | ConsoleRoute


def parse_route(text: str) -> Route | None:
    """Where mail goes; None for `off`. Raises ValueError, whose text never repeats a password."""
    if text == "off":
        return None
    if text == "console:":
        return ConsoleRoute()
    wrong = ValueError(
        "must be like smtp://user:password@host:587, smtps://…, file:///folder, console: or off"
    )
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return FolderRoute(Path(unquote(parts.path)))
    if parts.scheme not in {"smtp", "smtps"} or not host or parts.path.strip("/") or parts.query:
        raise wrong
    if parts.scheme == "smtps":
        security, usual = Security.TLS, 465
    else:
        security, usual = (Security.NONE, 25) if is_loopback(host) else (Security.STARTTLS, 587)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return SmtpRoute(host, port or usual, security, user, password)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mail comes from; without a name, each letter may bring one."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        """The part after the @."""
        return self.address.rpartition("@")[2]


def parse_sender(text: str) -> Sender:
    """The sender in `win@example.org` or `Name <win@example.org>`. Raises ValueError."""
    name, address = parseaddr(text)
    try:
        canonical_email(address)
    except ValueError:
        raise ValueError("must be like win@example.org, or Name <win@example.org>") from None
    return Sender(wire_address(address), name)


def compose(
    letter: Letter,
    *,
    to: str,
    sender: Sender,
    sender_name: str,
    message_id: UUID,
    now: datetime,
    stop_url: str = "",
) -> EmailMessage:
    """The whole message. The same id makes the same Message-ID, by which mail programs know a second copy.
    With a `stop_url` they can offer to stop such mail (RFC 8058).

    Raises ValueError for an address that no header can hold.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(sender.address, sender.name or sender_name or "Prizewell")
    mail["To"] = _address(wire_address(to))
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message_id.hex}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if stop_url:
        mail["List-Unsubscribe"] = f"<{stop_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    return mail


def _address(address: str, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)


class Mailer(Protocol):
    """Sends one message, and says what came of it. Trouble on the way is an answer, not an exception."""

    def send(self, mail: EmailMessage) -> Sending:
        """Hand the message over."""


class SmtpMailer:
    """Hands messages to a mail server, each over a connection of its own."""

    def __init__(
        self, route: SmtpRoute, *, context: ssl.SSLContext | None = None, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self._route = route
        self._context = context or ssl.create_default_context()
        self._timeout = timeout

    def send(self, mail: EmailMessage) -> Sending:
        """Sent once the server has taken the message; only its "no" to this address or mail is for good."""
        try:
            with self._connected() as server:
                server.send_message(mail)
        except (smtplib.SMTPException, ssl.SSLError, OSError) as error:
            return _told(error)
        return Sent()

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        route = self._route
        if route.security is Security.TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                route.host, route.port, timeout=self._timeout, context=self._context
            )
        else:
            server = smtplib.SMTP(route.host, route.port, timeout=self._timeout)
        try:
            if route.security is Security.STARTTLS:
                _start_tls(server, self._context)
            if route.user:
                _log_in(server, route)
            yield server
            with suppress(smtplib.SMTPException, OSError):  # what was taken stays taken
                server.quit()
        finally:
            server.close()


class _NoTls(smtplib.SMTPException):
    """The server offers no encryption."""


class _NoLogin(smtplib.SMTPException):
    """The server offers no way to log in."""


def _start_tls(server: smtplib.SMTP, context: ssl.SSLContext) -> None:
    try:
        server.starttls(context=context)
    except (smtplib.SMTPNotSupportedError, smtplib.SMTPResponseException) as error:
        raise _NoTls from error


def _log_in(server: smtplib.SMTP, route: SmtpRoute) -> None:
    try:
        server.login(route.user, route.password)
    except smtplib.SMTPNotSupportedError as error:
        raise _NoLogin from error


_TROUBLES: tuple[tuple[type[Exception], Trouble], ...] = (
    (_NoTls, Trouble.NO_TLS),
    (ssl.SSLError, Trouble.NO_TLS),
    (_NoLogin, Trouble.LOGIN),
    (smtplib.SMTPAuthenticationError, Trouble.LOGIN),
    (smtplib.SMTPSenderRefused, Trouble.SENDER),
    (smtplib.SMTPDataError, Trouble.CONTENT),
)


def _told(error: Exception) -> NotSent:
    if isinstance(error, smtplib.SMTPNotSupportedError):  # an address beyond ASCII, which this server cannot
        return NotSent(Trouble.ADDRESS, for_good=True)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return NotSent(Trouble.RECIPIENT, code >= 500, _digits(code, text))
    trouble = next((word for kind, word in _TROUBLES if isinstance(error, kind)), Trouble.UNREACHABLE)
    if not isinstance(error, smtplib.SMTPResponseException):
        return NotSent(trouble, for_good=False)
    for_good = trouble is Trouble.CONTENT and error.smtp_code >= 500
    return NotSent(trouble, for_good, _digits(error.smtp_code, error.smtp_error))


def _digits(code: int, text: bytes | str) -> str:
    """The answer's code, and its status code where it begins with one."""
    status = _STATUS.match(text if isinstance(text, bytes) else text.encode())
    return f"{code} {status[0].decode()}" if status else str(code)


class FolderMailer:
    """Puts each message into a folder, private, as a file that mail programs open; oldest names first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mail: EmailMessage) -> Sending:
        """Write the file; the same message again takes its place."""
        name = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        draft = self._folder / f"{name}.{os.getpid()}.new"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(_as_file(mail))
            draft.replace(self._folder / f"{name}.eml")
        except OSError:
            return NotSent(Trouble.UNREACHABLE, for_good=False)
        return Sent()


def _as_file(mail: EmailMessage) -> bytes:
    is_ascii = str(mail["To"]).isascii()
    return mail.as_bytes() if is_ascii else mail.as_bytes(policy=SMTPUTF8)


class ConsoleMailer:
    """Prints each message's text: for trying things out on one's own machine."""

    def send(self, mail: EmailMessage) -> Sending:
        """Print whom it is to, its subject and its text."""
        body = mail.get_body(("plain",))
        text = body.get_content() if body else ""
        sys.stdout.write(f"\n--- To: {mail['To']}\n--- Subject: {mail['Subject']}\n\n{text}\n")
        sys.stdout.flush()
        return Sent()


def make_mailer(route: Route | None) -> Mailer | None:
    """What serves the route; None where mail is off."""
    match route:
        case SmtpRoute():
            return SmtpMailer(route)
        case FolderRoute(folder):
            return FolderMailer(folder)
        case ConsoleRoute():
            return ConsoleMailer()
        case None:
            return None
        case _ as unreachable:
            assert_never(unreachable)
