"""Asking to be told of an opening: the form before it, the same answer for all, the way back."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.tokens import Purpose
from app.config import load_settings
from app.domain.eligibility import CampaignStatus
from app.models import OpeningReminder
from app.services.opening_reminders import ask
from tests.support.application import application, environment
from tests.support.factories import VAULT, make_campaign
from tests.support.fakes import FakeRng
from tests.support.office import SIGNER
from tests.support.visitor import hidden_fields

pytestmark = pytest.mark.sqlite_is_enough

PATH = "/c/summer/reminder"
REAL_NOW = datetime.now(UTC)


def kept(session: Session) -> list[str | None]:
    session.rollback()
    return list(session.scalars(select(OpeningReminder.email).order_by(OpeningReminder.id)))


def page(client: FlaskClient, path: str = "/c/summer") -> str:
    return client.get(path).get_data(as_text=True)


def form(client: FlaskClient, email: str = "ayse@example.org", path: str = "/c/summer") -> dict[str, str]:
    return hidden_fields(page(client, path)) | {"waiting_email": email}


@pytest.fixture(autouse=True)
def opens_later(session: Session) -> None:
    make_campaign(session, opens_at=REAL_NOW + timedelta(days=2), timezone="Europe/Istanbul")


def test_the_answer_is_the_same_for_everybody(client: FlaskClient, session: Session) -> None:
    sent = form(client)
    answers = [client.post(PATH, data=sent) for _time in range(2)]
    trapped = client.post(PATH, data=sent | {"waiting_email": "bot@example.org", "homepage": "x"})
    for answer in (*answers, trapped):
        assert (answer.status_code, answer.location) == (303, PATH)
    assert kept(session) == ["ayse@example.org"]
    told = client.get(PATH)
    assert "We write to you when it opens" in told.get_data(as_text=True)
    assert told.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("email", ["", "nothing", "a" * 250 + "@example.org"])
def test_what_is_no_address_comes_back(client: FlaskClient, session: Session, email: str) -> None:
    answer = client.post(PATH, data=form(client, email))
    told = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in told
    assert "Gold prize" in told
    assert kept(session) == []


def test_a_forged_request_is_told_to_send_it_again(client: FlaskClient, session: Session) -> None:
    answer = client.post(PATH, data={"waiting_email": "ayse@example.org"})
    assert answer.status_code == 422
    assert "open for too long" in answer.get_data(as_text=True)
    assert kept(session) == []


def test_it_works_inside_another_site(app: Flask, session: Session) -> None:
    framed = app.test_client(use_cookies=False)
    sent = form(framed, path="/c/summer/embed")
    assert framed.post(PATH, data=sent).status_code == 422, "not from a page of ours"
    assert framed.post(PATH, data=sent, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
    assert kept(session) == ["ayse@example.org"]


def test_an_open_campaign_takes_nobody(client: FlaskClient, session: Session) -> None:
    sent = form(client)
    make_campaign(session, slug="open", seed=2)
    assert "waiting_email" not in page(client, "/c/open")
    assert client.post("/c/open/reminder", data=sent).status_code == 303
    assert kept(session) == []
    assert client.get("/c/open/reminder").location == "/c/open"
    assert client.post("/c/nothing/reminder", data=sent).status_code == 404


def test_without_mail_nobody_is_asked(session: Session, database_url: str, tmp_path: object) -> None:
    settings = load_settings(environment(database_url, tmp_path, PRIZEWELL_MAIL="off"))  # type: ignore[arg-type]
    with application(settings) as app:
        told = page(app.test_client())
    assert "waiting_email" not in told
    assert "No need to sign up" in told


def link(session: Session) -> str:
    ask(session, "summer", "ayse@example.org", "en", now=REAL_NOW, rng=FakeRng(4), vault=VAULT)
    reminder = session.scalars(select(OpeningReminder.id)).one()
    session.rollback()
    return f"{PATH}/{SIGNER.sign(Purpose.REMINDER, reminder.hex, datetime.now(UTC))}"


def test_it_is_taken_back_by_a_button(client: FlaskClient, session: Session) -> None:
    path = link(session)
    told = client.get(path)
    assert "Delete my address" in told.get_data(as_text=True)
    assert told.headers["Referrer-Policy"] == "no-referrer"
    assert kept(session) == ["ayse@example.org"], "programs that look through mail open links"
    assert "No mail will come" in client.post(path).get_data(as_text=True)
    assert kept(session) == []
    for answer in (client.get(path), client.post(path)):
        assert "No mail will come" in answer.get_data(as_text=True)


def test_a_link_that_is_none(client: FlaskClient, session: Session) -> None:
    path = link(session)
    make_campaign(session, slug="winter", opens_at=REAL_NOW + timedelta(days=2), seed=2)
    for other in (f"{PATH}/forged", path.replace("summer", "winter")):
        assert "No mail will come" in client.post(other).get_data(as_text=True)
    assert kept(session) == ["ayse@example.org"]
    make_campaign(session, slug="secret", status=CampaignStatus.DRAFT, seed=5)
    assert client.get("/c/secret/reminder/forged").status_code == 404


def test_the_page_says_when_in_the_zone_of_the_campaign(client: FlaskClient) -> None:
    told = page(client)
    assert "(Europe/Istanbul)" in told
    assert 'data-zone="Europe/Istanbul"' in told
    assert 'role="timer"' in told
