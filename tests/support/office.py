"""A post office whose mail stays here, for tests of what is written and when."""

from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy.orm import Session

from app.adapters.letters import Letters
from app.adapters.links import Links
from app.adapters.mail import Mailer, Sender
from app.adapters.tokens import Signer
from app.config import ROOT
from app.domain.delivery import Sending, Sent
from app.services import outbox
from app.services.outbox import PostOffice
from tests.support.application import SECRET_KEY
from tests.support.fakes import NOON, FakeRng

SIGNER = Signer([SECRET_KEY])


class Postman:
    """A mailer that keeps what it was given, and answers as it is told to; then Sent."""

    def __init__(self, *answers: Sending | Exception) -> None:
        self.mails: list[EmailMessage] = []
        self.answers = list(answers)

    def send(self, mail: EmailMessage) -> Sending:
        """See Mailer.send."""
        self.mails.append(mail)
        answer = self.answers.pop(0) if self.answers else Sent()
        if isinstance(answer, Exception):
            raise answer
        return answer


def office(mailer: Mailer) -> PostOffice:
    """A post office that sends by this mailer."""
    letters = Letters(ROOT / "templates" / "email", Path(ROOT) / "app" / "translations")
    links = Links("https://win.example", SIGNER)
    return PostOffice(mailer, letters, links, Sender("win@brand.example"))


def deliver_all(session: Session, mailer: Mailer, now: datetime = NOON) -> None:
    """Send all that is due at that moment."""
    while outbox.deliver_next(session, office(mailer), clock=lambda: now, rng=FakeRng(9)):
        pass


def text_of(mail: EmailMessage) -> str:
    """What a mail says as plain text."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
