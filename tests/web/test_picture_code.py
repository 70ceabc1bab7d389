"""Entering without JavaScript: the form's code, its picture and sound, and what a wrong try costs."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import Entry
from tests.support.factories import make_campaign
from tests.support.visitor import filled_form, read_code

pytestmark = pytest.mark.sqlite_is_enough

HTML = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def campaign(session: Session) -> None:
    make_campaign(session)


def code_form(app: Flask, client: FlaskClient, **changes: str) -> dict[str, str]:
    """The form as a browser without JavaScript sends it: the page's nonce, no proof of work, the digits."""
    page = client.get("/c/summer").get_data(as_text=True)
    nonce = re.search(r'name="nonce"[^>]*value="([0-9a-f]{32})"', page)
    assert nonce is not None
    form = filled_form(client, nonce=nonce[1], altcha="")
    digits = read_code(app.extensions["prizewell"].picture_code, form["code_token"])
    return form | {"code": digits} | changes


def sent(client: FlaskClient, form: dict[str, str]) -> TestResponse:
    return client.post("/c/summer/entries", data=form, headers=HTML)


def entries(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Entry)) or 0


def token_in(answer: TestResponse) -> str:
    found = re.search(r'name="code_token"[^>]*value="([^"]+)"', answer.get_data(as_text=True))
    assert found is not None
    return found[1]


def test_the_digits_enter(app: Flask, client: FlaskClient, session: Session) -> None:
    answer = sent(client, code_form(app, client))
    assert answer.status_code == 303
    assert "You won" in client.get(answer.location).get_data(as_text=True)
    assert entries(session) == 1


def test_a_code_opens_one_entry(app: Flask, client: FlaskClient, session: Session) -> None:
    form = code_form(app, client)
    assert sent(client, form).status_code == 303
    again = sent(client, form | {"email": "other@example.org", "nonce": "0" * 32})
    assert again.status_code == 422
    assert token_in(again) != form["code_token"]
    assert entries(session) == 1


def test_a_wrong_try_uses_the_challenge_up_and_brings_another(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    form = code_form(app, client)
    wrong = f"{(int(form['code']) + 1) % 10**6:06d}"
    answer = sent(client, form | {"code": wrong})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Those were not the digits." in page
    assert 'value="ayse@example.org"' in page, "what was filled in stays"
    assert token_in(answer) != form["code_token"]
    assert sent(client, form).status_code == 422, "the right digits come too late"
    assert entries(session) == 0


def test_a_mistake_elsewhere_keeps_the_code_and_what_was_typed(app: Flask, client: FlaskClient) -> None:
    form = code_form(app, client, email="nobody")
    answer = sent(client, form)
    assert answer.status_code == 422
    assert token_in(answer) == form["code_token"]
    assert f'value="{form["code"]}"' in answer.get_data(as_text=True)
    assert sent(client, form | {"email": "ayse@example.org"}).status_code == 303


def test_other_digits_can_be_asked_for(app: Flask, client: FlaskClient, session: Session) -> None:
    form = code_form(app, client)
    answer = sent(client, form | {"another_code": "1", "email": "half@"})
    assert answer.status_code == 200
    assert token_in(answer) != form["code_token"]
    assert 'value="half@"' in answer.get_data(as_text=True)
    assert '<ul class="errors" id="email-errors"></ul>' in answer.get_data(as_text=True)
    assert entries(session) == 0


def test_picture_and_sound_are_there_for_whoever_has_the_token(app: Flask, client: FlaskClient) -> None:
    token = code_form(app, client)["code_token"]
    for name, mimetype in (("png", "image/png"), ("png?on=dark", "image/png"), ("wav?lang=tr", "audio/wav")):
        ending, _, query = name.partition("?")
        answer = client.get(f"/c/summer/code/{token}.{ending}?{query}")
        assert (answer.status_code, answer.mimetype) == (200, mimetype)
    for path in (f"/c/winter/code/{token}.png", "/c/summer/code/x.png", "/c/summer/code/x.wav"):
        assert client.get(path).status_code == 404


def test_a_browser_with_javascript_needs_no_code(client: FlaskClient, session: Session) -> None:
    assert sent(client, filled_form(client)).status_code == 303
    assert entries(session) == 1


def test_neither_proof_nor_code_enters_nothing(app: Flask, client: FlaskClient, session: Session) -> None:
    form = code_form(app, client, code="", code_token="")
    assert sent(client, form).status_code == 422
    assert entries(session) == 0
