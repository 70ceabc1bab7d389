"""Mail over a real SMTP server, into a folder and onto the screen."""

import socket
import ssl
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from uuid import UUID

import pytest

from app.adapters.letters import Letter
from app.adapters.mail import (
    ConsoleMailer,
    ConsoleRoute,
    FolderMailer,
    FolderRoute,
    Mailer,
    Route,
    Security,
    Sender,
    SmtpMailer,
    SmtpRoute,
    compose,
    make_mailer,
    parse_route,
    parse_sender,
)
from app.domain.delivery import NotSent, Sent, Trouble
from tests.support.fakes import NOON
from tests.support.smtp import PASSWORD, USER, Certified, Postbox, certified, postbox

LETTER = Letter("You won: ☕ coffee", "Your code: ABC\n", "<p>Your code: <b>ABC</b></p>")
ID = UUID("01901b2c-7a00-7000-8000-000000000001")


def mail(to: str = "ada@example.org") -> EmailMessage:
    sender = Sender("win@brand.example")
    return compose(LETTER, to=to, sender=sender, sender_name="Brand, Inc.", message_id=ID, now=NOON)


@pytest.fixture
def box() -> Iterator[Postbox]:
    with postbox() as found:
        yield found


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certified(tmp_path_factory.mktemp("certificate"))


def test_a_message_arrives_whole(box: Postbox) -> None:
    assert SmtpMailer(box.route()).send(mail()) == Sent()
    (found,) = box.mails
    assert found["From"] == '"Brand, Inc." <win@brand.example>'
    assert found["To"] == "ada@example.org"
    assert found["Subject"] == "You won: ☕ coffee"
    assert found["Message-ID"] == f"<{ID.hex}@brand.example>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Date"].datetime == NOON
    text, html = (found.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == LETTER.text.strip()
    assert html.get_content().strip() == LETTER.html


def test_the_settings_name_goes_before_the_letters(box: Postbox) -> None:
    sender = Sender("win@brand.example", "The Shop")
    SmtpMailer(box.route()).send(
        compose(LETTER, to="ada@example.org", sender=sender, sender_name="Brand", message_id=ID, now=NOON)
    )
    assert box.mails[0]["From"] == "The Shop <win@brand.example>"


def test_a_domain_beyond_ascii_is_written_as_servers_know_it(box: Postbox) -> None:
    assert SmtpMailer(box.route()).send(mail("ada@bücher.example")) == Sent()
    assert box.mails[0]["To"] == "ada@xn--bcher-kva.example"


def test_a_name_beyond_ascii_needs_a_server_that_takes_it(box: Postbox) -> None:
    assert SmtpMailer(box.route()).send(mail("zoë@example.org")) == NotSent(Trouble.ADDRESS, for_good=True)
    assert box.mails == []


@pytest.mark.parametrize(
    ("stage", "answer", "expected"),
    [
        ("RCPT", "550 5.1.1 <ada@example.org> unknown", NotSent(Trouble.RECIPIENT, True, "550 5.1.1")),
        ("RCPT", "450 4.2.1 try later", NotSent(Trouble.RECIPIENT, False, "450 4.2.1")),
        ("RCPT", "550 no ada@example.org here", NotSent(Trouble.RECIPIENT, True, "550")),
        ("DATA", "554 5.7.1 spam", NotSent(Trouble.CONTENT, True, "554 5.7.1")),
        ("DATA", "452 4.3.1 full", NotSent(Trouble.CONTENT, False, "452 4.3.1")),
        ("MAIL", "550 5.7.1 not you", NotSent(Trouble.SENDER, False, "550 5.7.1")),
        ("MAIL", "421 closing", NotSent(Trouble.SENDER, False, "421")),
    ],
)
def test_a_no_is_for_good_only_where_it_means_this_mail(
    box: Postbox, stage: str, answer: str, expected: NotSent
) -> None:
    box.answers[stage] = answer
    assert SmtpMailer(box.route()).send(mail()) == expected
    assert box.mails == []


def test_over_starttls_with_a_log_in(certificate: Certified) -> None:
    with postbox(starttls=certificate.server) as box:
        route = box.route(Security.STARTTLS, USER, PASSWORD)
        assert SmtpMailer(route, context=certificate.client).send(mail()) == Sent()
        assert len(box.mails) == 1
        wrong = box.route(Security.STARTTLS, USER, "nobody")
        refused = SmtpMailer(wrong, context=certificate.client).send(mail())
        assert isinstance(refused, NotSent)
        assert (refused.trouble, refused.for_good) == (Trouble.LOGIN, False)
        stranger = SmtpMailer(route, context=ssl.create_default_context()).send(mail())
        assert stranger == NotSent(Trouble.NO_TLS, for_good=False)
        assert len(box.mails) == 1


def test_over_tls_from_the_first_byte(certificate: Certified) -> None:
    with postbox(tls=certificate.server) as box:
        assert SmtpMailer(box.route(Security.TLS), context=certificate.client).send(mail()) == Sent()
        assert len(box.mails) == 1


def test_without_encryption_nothing_is_said(box: Postbox) -> None:
    route = box.route(Security.STARTTLS, USER, PASSWORD)
    assert SmtpMailer(route).send(mail()) == NotSent(Trouble.NO_TLS, for_good=False)
    assert box.mails == []


def test_a_server_without_log_in(box: Postbox) -> None:
    route = box.route(Security.NONE, USER, PASSWORD)
    assert SmtpMailer(route).send(mail()) == NotSent(Trouble.LOGIN, for_good=False)


def test_nobody_listens() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        route = SmtpRoute("127.0.0.1", probe.getsockname()[1], Security.NONE)
    assert SmtpMailer(route).send(mail()) == NotSent(Trouble.UNREACHABLE, for_good=False)


def test_a_server_that_says_nothing_is_left_after_a_while() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        route = SmtpRoute("127.0.0.1", silent.getsockname()[1], Security.NONE)
        assert SmtpMailer(route, timeout=0.2).send(mail()) == NotSent(Trouble.UNREACHABLE, for_good=False)


def test_taken_is_taken_although_the_server_is_gone_before_the_goodbye() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=_take_and_vanish, args=(listening,))
        serving.start()
        route = SmtpRoute("127.0.0.1", listening.getsockname()[1], Security.NONE)
        assert SmtpMailer(route, timeout=5).send(mail()) == Sent()
        serving.join(5)


def _take_and_vanish(listening: socket.socket) -> None:
    client, _ = listening.accept()
    with client, client.makefile("rwb", buffering=0) as lines:
        for greeting in (b"220 here", b"250 hello", b"250 ok", b"250 ok", b"354 go on"):
            lines.write(greeting + b"\r\n")
            lines.readline()
        while lines.readline().strip() != b".":
            pass
        lines.write(b"250 taken\r\n")


def test_a_folder_takes_private_files_that_mail_programs_open(tmp_path: Path) -> None:
    folder = tmp_path / "instance" / "mail"
    for _ in range(2):
        assert FolderMailer(folder).send(mail()) == Sent()
    (path,) = folder.iterdir()
    assert path.name == f"{ID.hex}.eml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert message_from_bytes(path.read_bytes(), policy=default)["Subject"] == LETTER.subject


def test_a_folder_takes_names_beyond_ascii(tmp_path: Path) -> None:
    assert FolderMailer(tmp_path).send(mail("zoë@example.org")) == Sent()
    (path,) = tmp_path.iterdir()
    assert "zoë@example.org" in path.read_text("utf-8")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("in the way")
    assert FolderMailer(tmp_path / "mail").send(mail()) == NotSent(Trouble.UNREACHABLE, for_good=False)


def test_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    assert ConsoleMailer().send(mail()) == Sent()
    printed = capsys.readouterr().out
    assert "To: ada@example.org" in printed
    assert "Your code: ABC" in printed


SMTP_ROUTES = {
    "smtp://mx.example.org": SmtpRoute("mx.example.org", 587, Security.STARTTLS),
    "smtp://ada:l%40ve@mx.example.org:2525": SmtpRoute(
        "mx.example.org", 2525, Security.STARTTLS, "ada", "l@ve"
    ),
    "smtps://mx.example.org": SmtpRoute("mx.example.org", 465, Security.TLS),
    "smtp://localhost": SmtpRoute("localhost", 25, Security.NONE),
    "smtp://[::1]:1025": SmtpRoute("::1", 1025, Security.NONE),
}
ROUTES: dict[str, Route | None] = SMTP_ROUTES | {
    "file:///var/mail%20out": FolderRoute(Path("/var/mail out")),
    "console:": ConsoleRoute(),
    "off": None,
}


@pytest.mark.parametrize("text", ROUTES)
def test_where_mail_goes(text: str) -> None:
    assert parse_route(text) == ROUTES[text]


@pytest.mark.parametrize(
    "text",
    [
        "mail",
        "smtp://",
        "http://x",
        "file://x/y",
        "file:relative",
        "smtp://u:p/w@host",
        "smtp://host/inbox",
        "smtp://host?x=1",
    ],
)
def test_what_is_no_way_for_mail(text: str) -> None:
    with pytest.raises(ValueError, match="must be like smtp://") as caught:
        parse_route(text)
    assert "p/w" not in str(caught.value)


def test_a_password_is_not_shown() -> None:
    assert "l@ve" not in repr(parse_route("smtp://ada:l%40ve@mx.example.org"))


def test_the_sender() -> None:
    assert parse_sender("Win <win@brand.example>") == Sender("win@brand.example", "Win")
    assert parse_sender("win@brand.example") == Sender("win@brand.example")
    for wrong in ("", "Win", "win@localhost", "Win <>"):
        with pytest.raises(ValueError, match="must be like"):
            parse_sender(wrong)


@pytest.mark.parametrize(
    ("route", "kind"),
    [
        (SMTP_ROUTES["smtp://localhost"], SmtpMailer),
        (FolderRoute(Path("/nowhere")), FolderMailer),
        (ConsoleRoute(), ConsoleMailer),
        (None, type(None)),
    ],
)
def test_what_serves_a_route(route: Route | None, kind: type[Mailer | None]) -> None:
    assert type(make_mailer(route)) is kind
