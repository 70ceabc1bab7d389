"""The winner's mail in the console and on the result page: what became of it, and sending it again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.config import load_settings
from app.domain.delivery import Trouble
from app.domain.outcomes import Won
from app.domain.roles import Role
from app.extensions import tools
from app.models import AuditRecord, Message, MessageState
from app.services.entries import submit_entry
from app.web.admin.wording import mail_trouble
from tests.support.application import application, environment
from tests.support.factories import VAULT, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import sign_in
from tests.support.visitor import enter, filled_form

pytestmark = pytest.mark.sqlite_is_enough


WINNERS = "/admin/campaigns/summer/winners"


@pytest.fixture
def won(session: Session) -> Won:
    make_campaign(session)
    outcome = submit_entry(session, submission(), now=NOON, rng=FakeRng(4), vault=VAULT)
    assert isinstance(outcome, Won)
    return outcome


def set_state(session: Session, **values: object) -> None:
    session.execute(update(Message).values(values))
    session.commit()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Mail due"),
        ({"last_error": "unreachable"}, "the mail server does not answer"),
        ({"state": MessageState.SENT, "sent_at": NOON + timedelta(hours=1)}, "15 Jun 2030, 13:00"),
        ({"state": MessageState.FAILED, "last_error": "recipient 550 5.1.1"}, "takes no mail (550 5.1.1)"),
    ],
)
def test_what_became_of_the_mail(
    app: Flask, session: Session, won: Won, values: dict[str, object], words: str
) -> None:
    set_state(session, **values) if values else None
    page = sign_in(app, session, Role.EDITOR).page(WINNERS)
    assert words in page
    is_over = values.get("state") is not None
    assert ("Send again" in page) == is_over


def test_a_viewer_looks_and_does_not_send(app: Flask, session: Session, won: Won) -> None:
    set_state(session, state=MessageState.FAILED, last_error="gone")
    page = sign_in(app, session, Role.VIEWER).page(WINNERS)
    assert "Mail failed" in page
    assert "Send again" not in page


@pytest.mark.parametrize("htmx", [True, False])
def test_it_is_sent_again(app: Flask, session: Session, won: Won, htmx: bool) -> None:
    set_state(session, state=MessageState.FAILED, last_error="gone")
    staff = sign_in(app, session, Role.EDITOR)
    path = f"{WINNERS}/{won.entry.hex}/mail"
    answer = staff.post(path, htmx=htmx)
    if htmx:
        assert answer.status_code == 200
        assert "Mail due" in answer.get_data(as_text=True)
    else:
        assert answer.status_code == 303
        assert "goes out once more" in staff.page(WINNERS)
    session.rollback()
    assert len(session.scalars(select(Message)).all()) == 2
    record = session.scalars(select(AuditRecord).where(AuditRecord.action == "winner.mail")).one()
    assert record.account_id == staff.account.id
    assert staff.post(path, htmx=htmx).status_code == 409, "it is on its way"


def test_every_trouble_has_its_words(app: Flask) -> None:
    with app.test_request_context():
        told = {mail_trouble(str(word)) for word in Trouble}
        assert len(told) == len(Trouble)
        assert mail_trouble(None) == mail_trouble("unknown") == "something went wrong"


def test_the_result_promises_mail(app: Flask, session: Session) -> None:
    make_campaign(session)
    client = app.test_client()
    page = enter(client, filled_form(client), Accept="text/html", **{"HX-Request": "true"})
    assert 'We also mail it to <bdi dir="ltr">a…@example.org</bdi>.' in page.get_data(as_text=True)


def test_the_links_in_the_mail_open(app: Flask, won: Won) -> None:
    with app.app_context():
        office = tools().office
    assert office is not None
    client = app.test_client()
    for url in (office.links.result("summer", won.entry, won.at), office.links.rules("summer")):
        page = client.get(url.removeprefix("http://localhost"))
        assert page.status_code == 200
    result = client.get(office.links.result("summer", won.entry, NOON).removeprefix("http://localhost"))
    assert won.code in result.get_data(as_text=True)


@pytest.fixture
def app_without_mail(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("without")
    with application(load_settings(environment(database_url, folder, PRIZEWELL_MAIL="off"))) as app:
        yield app


def test_where_mail_is_off_nobody_speaks_of_it(app_without_mail: Flask, session: Session, won: Won) -> None:
    client = app_without_mail.test_client()
    page = enter(client, filled_form(client), Accept="text/html", **{"HX-Request": "true"})
    assert "Your code" in page.get_data(as_text=True)
    assert "mail it" not in page.get_data(as_text=True)
    staff = sign_in(app_without_mail, session, Role.EDITOR)
    assert "Mail due" not in staff.page(WINNERS)
    answer = staff.post(f"{WINNERS}/{won.entry.hex}/mail")
    assert answer.status_code == 409
    assert "off on this server" in answer.get_data(as_text=True)
