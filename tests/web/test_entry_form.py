"""The form of a campaign that asks for more: shown, filled in, refused in place and stored."""

import csv
import io
import re
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.entry_form import (
    DEFAULT,
    EMAIL,
    NAME,
    AgeBy,
    AgeGate,
    FieldPlan,
    FormPlan,
    Kind,
    options_of,
    read_answers,
)
from app.domain.roles import Role
from app.models import Campaign, Entry
from app.services import entry_forms
from app.services.audit import COMMAND_LINE
from app.web.public import forms
from tests.support.factories import make_campaign
from tests.support.fakes import NOON
from tests.support.staff import sign_in
from tests.support.visitor import enter, filled_form, hidden_fields

pytestmark = pytest.mark.sqlite_is_enough

PAGE = {"Accept": "text/html"}
PLAN = FormPlan(
    (
        EMAIL,
        replace(NAME, required=False),
        FieldPlan("country", Kind.COUNTRY),
        FieldPlan("phone", Kind.PHONE, help="We call winners only."),
        FieldPlan("postcode", Kind.POSTCODE, required=False),
        FieldPlan("birth_date", Kind.BIRTH_DATE),
        FieldPlan("select_1", Kind.SELECT, "Shirt size", options=options_of("S\nM")),
        FieldPlan("tick_1", Kind.TICK, "I have a garden"),
        FieldPlan("text_1", Kind.TEXT, "Your wish", required=False),
    ),
    AgeGate(18, AgeBy.BIRTH_DATE),
    countries=("TR", "DE"),
    marketing_text="The newsletter, please",
    partner="Corner & Pine",
)
GOOD = {
    "country": "TR",
    "phone": "+90 532 123 45 67",
    "birth_date-day": "29",
    "birth_date-month": "2",
    "birth_date-year": "2000",
    "select_1": "o2",
    "tick_1": "y",
    "partner_consent": "y",
    "marketing": "y",
    "name": "",
}


def save(session: Session, campaign: Campaign, plan: FormPlan) -> Campaign:
    return entry_forms.save(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    """A live campaign that asks for everything one can ask for."""
    return save(session, make_campaign(session), PLAN)


def only(session: Session) -> Entry:
    session.rollback()
    return session.scalars(select(Entry)).one()


def errors(client: FlaskClient, **changes: str) -> dict[str, Any]:
    answer = enter(client, filled_form(client, **(GOOD | changes)))
    assert answer.status_code == 422
    found: dict[str, Any] = (answer.json or {})["errors"]
    return found


def test_the_page_asks_in_order_with_what_browsers_and_readers_need(
    client: FlaskClient, campaign: Campaign
) -> None:
    page = client.get("/c/summer").get_data(as_text=True)
    names = re.findall(r'<(?:input|select)[^>]*\bname="([^"]+)"', page)
    shown = [
        name
        for name in names
        if name not in {"csrf_token", "nonce", "partner", "homepage", "code", "another_code", "code_token"}
    ]
    assert shown == [
        "form", "email", "name", "country", "phone", "postcode",
        "birth_date-day", "birth_date-month", "birth_date-year",
        "select_1", "tick_1", "text_1", "accept_rules", "marketing", "partner_consent",
    ]  # fmt: skip
    for token in ("email", "name", "country", "tel", "postal-code", "bday-day", "bday-month", "bday-year"):
        assert f'autocomplete="{token}"' in page
    assert 'aria-describedby="phone-help"' in page
    assert "We call winners only." in page
    assert "The newsletter, please" in page
    assert "Corner &amp; Pine may send me news" in page
    assert '<option value="-" >Somewhere else</option>' in page
    assert "Andorra" not in page
    assert not re.search(r'name="marketing"[^>]*checked', page)


def test_answers_are_stored_with_the_form_they_answer(
    client: FlaskClient, campaign: Campaign, session: Session
) -> None:
    answer = enter(client, filled_form(client, **GOOD))
    assert answer.status_code == 200
    entry = only(session)
    assert (entry.form_version, entry.name, entry.marketing) == (1, "", True)
    answers = read_answers(entry.answers)
    assert answers.partner
    assert answers.values == {
        "country": "TR",
        "phone": "+905321234567",
        "birth_date": "2000-02-29",
        "select_1": "M",
        "tick_1": True,
    }


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"country": "-"}, "country", "open to people in: Germany, Türkiye"),
        ({"country": "XX"}, "country", "choose a country"),
        ({"phone": "12"}, "phone", "valid phone number"),
        ({"postcode": "!"}, "postcode", "valid postcode"),
        ({"birth_date-year": "2016"}, "birth_date", "18 or older"),
        ({"birth_date-day": "30"}, "birth_date", "date that exists"),
        ({"birth_date-day": "", "birth_date-month": "", "birth_date-year": ""}, "birth_date", "fill this in"),
        ({"select_1": "M"}, "select_1", "choose one"),
        ({"tick_1": ""}, "tick_1", "tick this"),
        ({"text_1": "x" * 201}, "text_1", "at most 200"),
        ({"text_1": "a\u202eb"}, "text_1", "usual signs"),
    ],
)
def test_what_will_not_do_is_told_at_the_field(
    client: FlaskClient, campaign: Campaign, session: Session, changes: dict[str, str], field: str, words: str
) -> None:
    found = errors(client, **changes)
    assert list(found) == [field]
    assert words in found[field][0]
    assert session.scalar(select(func.count()).select_from(Entry)) == 0


def test_what_was_filled_in_stays(client: FlaskClient, campaign: Campaign) -> None:
    wrong = GOOD | {"phone": "12", "birth_date-day": "31", "text_1": "A <dog>"}
    page = enter(client, filled_form(client, **wrong), **PAGE).get_data(as_text=True)
    assert re.search(r'id="phone"[^>]*value="12"[^>]*aria-describedby="phone-help phone-errors"', page)
    assert re.search(r'<option value="2"\s+selected>February</option>', page)
    assert re.search(r'name="birth_date-day"[^>]*value="31"', page, re.DOTALL)
    assert re.search(r'<fieldset class="field date"[^>]*aria-describedby="birth_date-errors"', page)
    assert re.search(r'<option value="TR"\s+selected>', page)
    assert re.search(r'<option value="o2"\s+selected>', page)
    assert re.search(r'name="tick_1"[^>]*value="y"', page)
    assert "A &lt;dog&gt;" in page


def test_a_birth_date_in_one_piece_will_do(client: FlaskClient, campaign: Campaign) -> None:
    whole = {"birth_date": "1990-01-31", "birth_date-day": "", "birth_date-month": "", "birth_date-year": ""}
    assert enter(client, filled_form(client, **(GOOD | whole))).status_code == 200


def test_old_enough_by_a_tick(client: FlaskClient, session: Session) -> None:
    save(session, make_campaign(session), replace(DEFAULT, age=AgeGate(21), marketing=False))
    page = client.get("/c/summer").get_data(as_text=True)
    assert "I am 21 or older" in page
    assert 'name="marketing"' not in page
    refused = enter(client, filled_form(client)).json
    assert refused == {"errors": {"of_age": ["You have to be 21 or older to take part."]}}
    assert enter(client, filled_form(client, of_age="y", marketing="y")).status_code == 200
    entry = only(session)
    assert read_answers(entry.answers).of_age
    assert not entry.marketing


@pytest.mark.parametrize("is_cold", [False, True])
def test_a_form_that_changed_meanwhile_is_shown_as_it_is_now(
    client: FlaskClient, campaign: Campaign, session: Session, is_cold: bool
) -> None:
    form = filled_form(client, **GOOD)
    save(session, campaign, replace(PLAN, partner="Somebody else"))
    if is_cold:
        forms._known.clear()
    page = enter(client, form, **PAGE)
    text = page.get_data(as_text=True)
    assert page.status_code == 422
    assert "This form has changed since you opened it." in text
    assert "Somebody else may send me news" in text
    assert re.search(r'id="phone"[^>]*value="\+90 532 123 45 67"', text)
    again = form | hidden_fields(text) | {"nonce": form["nonce"]}
    assert enter(client, again).status_code == 200
    assert only(session).form_version == 2


@pytest.mark.parametrize("key", ["", "x", "0" * 32 + ".1", "{campaign}.9"])
def test_the_form_cannot_be_chosen_by_who_fills_it_in(
    client: FlaskClient, campaign: Campaign, session: Session, key: str
) -> None:
    form = filled_form(client)
    form["form"] = key.format(campaign=campaign.id.hex)
    answer = enter(client, form)
    assert answer.status_code == 422
    assert list((answer.json or {})["errors"]) == ["form"]


def test_the_form_of_another_campaign_is_none_of_this_one(
    client: FlaskClient, campaign: Campaign, session: Session
) -> None:
    easy = save(session, make_campaign(session, slug="winter", seed=1), replace(DEFAULT, marketing=False))
    form = filled_form(client) | {"form": f"{easy.id.hex}.1"}
    assert list((enter(client, form).json or {})["errors"]) == ["form"]


def test_classes_are_made_once_and_not_kept_without_end(
    client: FlaskClient, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert forms.form_class(campaign) is forms.form_class(campaign)
    monkeypatch.setattr(forms, "MOST_CLASSES", 1)
    forms._known.clear()
    forms._known[campaign.id, 7] = forms.USUAL
    forms.form_class(campaign)
    assert list(forms._known) == [(campaign.id, 1)]


def test_in_turkish(client: FlaskClient, campaign: Campaign) -> None:
    page = client.get("/c/summer?lang=tr").get_data(as_text=True)
    assert "Almanya" in page
    names = re.findall(r'name="(birth_date-[a-z]+)"', page)
    assert names == ["birth_date-day", "birth_date-month", "birth_date-year"]


def test_staff_read_and_export_what_was_answered(
    app: Flask, client: FlaskClient, campaign: Campaign, session: Session
) -> None:
    assert enter(client, filled_form(client, **GOOD, text_1="=1+1")).status_code == 200
    entry = only(session)
    save(session, campaign, replace(PLAN, fields=PLAN.fields[:-1], partner=""))
    editor = sign_in(app, session, Role.EDITOR)
    page = editor.page(f"/admin/campaigns/summer/entries/{entry.id.hex}")
    for words in ("Shirt size", "Türkiye", "29 February 2000", "+905321234567", "I have a garden"):
        assert words in page
    assert "Your wish" in page, "asked no longer, and still there"
    assert "“The newsletter, please”" in page
    assert "Corner &amp; Pine may send me news" in page
    for path in ("entries", "winners"):
        text = editor.post(f"/admin/campaigns/summer/{path}.csv").get_data(as_text=True)
        [row] = csv.DictReader(io.StringIO(text))
        assert row["Shirt size"] == "M"
        assert row["phone"] == "'+905321234567"
        assert row["Your wish"] == "'=1+1"
        assert (row["marketing"], row["partner_consent"], row["of_age"]) == ("yes", "yes", "")
        book = editor.post(f"/admin/campaigns/summer/{path}.xlsx").get_data()
        sheet = zipfile.ZipFile(io.BytesIO(book)).read("xl/worksheets/sheet1.xml").decode()
        assert "Shirt size" in sheet
        assert '<t xml:space="preserve">=1+1</t>' in sheet


def test_staff_see_the_age_tick_and_the_usual_consents(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    save(session, make_campaign(session), replace(DEFAULT, age=AgeGate(18)))
    assert enter(client, filled_form(client, of_age="y")).status_code == 200
    editor = sign_in(app, session, Role.EDITOR)
    page = editor.page(f"/admin/campaigns/summer/entries/{only(session).id.hex}")
    assert "“I am 18 or older”" in page
    assert "News by mail" in page
