"""One-time links by mail: made when they are sent, and not sent once they are worth nothing."""

import re
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.letters import Letters
from app.adapters.links import Links
from app.adapters.mail import Sender
from app.adapters.tokens import Purpose, Signer
from app.config import ROOT
from app.domain.delivery import Sending, Sent
from app.domain.roles import Role
from app.models import Account, Message, MessageKind, MessageState
from app.services import accounts, outbox
from app.services.audit import COMMAND_LINE
from app.services.outbox import PostOffice
from tests.support.application import SECRET_KEY
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import PASSWORD, make_account

SIGNER = Signer([SECRET_KEY])
LETTERS = Letters(ROOT / "templates" / "email", Path(ROOT) / "app" / "translations")


class Kept:
    """A mailer that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    def send(self, mail: EmailMessage) -> Sending:
        """Take it."""
        self.mails.append(mail)
        return Sent()


def deliver(session: Session) -> list[EmailMessage]:
    """What a worker sends now."""
    mailer = Kept()
    links = Links("https://win.example", SIGNER)
    office = PostOffice(mailer, LETTERS, links, Sender("win@example.org", ""))
    while outbox.deliver_next(session, office, clock=lambda: NOON, rng=FakeRng(3)):
        pass
    return mailer.mails


def invite(session: Session, email: str = "ece@example.org") -> Account:
    return accounts.invite(
        session, email, Role.VIEWER, by_mail=True, actor=COMMAND_LINE, now=NOON, rng=FakeRng(len(email))
    )


def test_an_invitation_arrives_with_a_link_that_works_once(session: Session) -> None:
    invited = invite(session)
    stored = session.scalars(select(Message)).one()
    assert (stored.kind, stored.account_id) == (MessageKind.SIGN_IN_LINK, invited.id)
    (mail,) = deliver(session)
    assert mail["To"] == "ece@example.org"
    assert mail["Subject"] == "Your sign-in link for Prizewell · Prizewell giriş bağlantınız"
    text = mail.get_body(("plain",))
    page = mail.get_body(("html",))
    assert text is not None
    assert page is not None
    found = re.search(r"https://win.example/account/link/(\S+)", text.get_content())
    assert found
    assert f'href="{found[0]}"' in page.get_content()
    assert "<script" not in page.get_content()
    account = accounts.read_link(session, SIGNER.read(Purpose.SIGN_IN, found[1], NOON))
    assert account is not None
    assert account.id == invited.id
    accounts.set_password_by_link(session, account.id, account.link_counter, PASSWORD, "Ece", now=NOON)
    assert accounts.read_link(session, SIGNER.read(Purpose.SIGN_IN, found[1], NOON)) is None
    session.expire_all()
    assert session.scalars(select(Message.state)).one() is MessageState.SENT
    assert deliver(session) == []


@pytest.mark.parametrize("what", ["used", "replaced", "disabled"])
def test_a_link_that_is_worth_nothing_any_more_is_not_sent(session: Session, what: str) -> None:
    make_account(session, Role.ADMIN)
    invited = invite(session)
    if what == "used":
        accounts.set_password_by_link(session, invited.id, invited.link_counter, PASSWORD, "Ece", now=NOON)
    elif what == "replaced":
        accounts.invite(session, invited.email, Role.EDITOR, actor=COMMAND_LINE, now=NOON, rng=FakeRng(8))
    else:
        accounts.disable(session, invited.id, actor=COMMAND_LINE, now=NOON)
    assert deliver(session) == []
    stored = session.scalars(select(Message).execution_options(populate_existing=True)).one()
    assert (stored.state, stored.last_error) == (MessageState.FAILED, "gone")
