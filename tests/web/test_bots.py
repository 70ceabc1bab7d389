"""What gives a program away before its entry gets anywhere: a field nobody sees, and haste."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.config import load_settings
from app.models import Entry, SpentChallenge
from tests.support.application import application, environment
from tests.support.factories import make_campaign
from tests.support.visitor import enter, filled_form

pytestmark = pytest.mark.sqlite_is_enough


PAGE = {"Accept": "text/html"}
HUMAN = "Please confirm that you are human."


def stored(session: Session) -> list[int | None]:
    session.rollback()
    return [session.scalar(select(func.count()).select_from(table)) for table in (Entry, SpentChallenge)]


@pytest.fixture
def hasty_app(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application with a least time that no test takes."""
    with application(
        load_settings(environment(database_url, tmp_path, PRIZEWELL_LEAST_FILL_SECONDS="60"))
    ) as other:
        yield other


def test_the_field_nobody_sees_is_out_of_everyones_way(client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    page = client.get("/c/summer").get_data(as_text=True)
    field = re.search(
        r'<div class="visually-hidden" aria-hidden="true">\s*(<input[^>]*name="homepage"[^>]*>)', page
    )
    assert field
    assert 'autocomplete="off"' in field[1]
    assert 'tabindex="-1"' in field[1]
    assert 'value=""' in field[1]


@pytest.mark.parametrize("homepage", ["https://example.org", "x", " "])
def test_who_fills_it_in_is_no_person(client: FlaskClient, session: Session, homepage: str) -> None:
    make_campaign(session)
    form = filled_form(client)
    answer = enter(client, form | {"homepage": homepage}, **PAGE)
    assert answer.status_code == 422
    assert HUMAN in answer.get_data(as_text=True)
    assert stored(session) == [0, 0], "not even its CAPTCHA is used up"
    assert enter(client, form | {"homepage": ""}).status_code == 200


def test_a_bot_is_told_what_a_failed_captcha_is_told(client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    caught = enter(client, filled_form(client, homepage="x"))
    failed = enter(client, filled_form(client, altcha="x"))
    assert (caught.status_code, caught.json) == (failed.status_code, failed.json)


def test_other_errors_come_first(client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    answer = enter(client, filled_form(client, homepage="x", email="no address"))
    assert answer.json is not None
    assert list(answer.json["errors"]) == ["email"]


def test_a_form_sent_at_once_is_no_persons(hasty_app: Flask, session: Session) -> None:
    make_campaign(session)
    client = hasty_app.test_client()
    assert 'data-least-seconds="60"' in client.get("/c/summer").get_data(as_text=True)
    answer = enter(client, filled_form(client), **PAGE)
    assert answer.status_code == 422
    assert HUMAN in answer.get_data(as_text=True)
    assert stored(session) == [0, 0]


def test_the_same_form_sent_later_is_taken(hasty_app: Flask, session: Session) -> None:
    make_campaign(session)
    client = hasty_app.test_client()
    form = filled_form(client)
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61)):
        assert enter(client, form).status_code == 200
    assert stored(session) == [1, 1]
