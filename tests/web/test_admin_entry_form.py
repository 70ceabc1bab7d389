"""The form builder: fields in order, gates and consents, shown before they are saved."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.entry_form import DEFAULT, AgeBy, AgeGate, FieldPlan, FormPlan, Kind
from app.domain.roles import Role
from app.models import Campaign
from app.services import audit, campaigns, entry_forms
from tests.support.factories import make_campaign
from tests.support.staff import Staff, sign_in, version_in

pytestmark = pytest.mark.sqlite_is_enough

PAGE = "/admin/campaigns/summer/form"


@pytest.fixture
def editor(app: Flask, session: Session) -> Staff:
    return sign_in(app, session, Role.EDITOR)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session)


def sent(editor: Staff, *fields: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    """The builder's form as a browser sends it: fields as (key, kind, label)."""
    data: dict[str, Any] = {"row": [str(place) for place in range(len(fields))], "marketing": "y", "age": ""}
    data |= {"least_age": "18", "version": version_in(editor.page(PAGE)), "reason": "as agreed"}
    for place, (key, kind, label) in enumerate(fields):
        data |= {
            f"key-{place}": key,
            f"kind-{place}": kind,
            f"label-{place}": label,
            f"required-{place}": "y",
        }
    return data | more


USUAL = (("name", "name", ""), ("email", "email", ""))


def plan_now(session: Session) -> FormPlan:
    session.rollback()
    return entry_forms.plan_of(campaigns.get(session, "summer"))


def keys(page: str) -> list[str]:
    return re.findall(r'name="key-\d+"\s+value="([^"]+)"', page)


def test_the_page_shows_what_is_asked(editor: Staff, campaign: Campaign) -> None:
    page = editor.page(PAGE)
    assert keys(page) == ["name", "email"]
    assert 'aria-current="page"' in page
    assert "People are entering now" in page
    assert 'value="remove:0"' in page
    assert 'value="remove:1"' not in page, "the address stays"


def test_buttons_put_the_list_in_order_and_save_nothing(
    editor: Staff, campaign: Campaign, session: Session
) -> None:
    def press(do: str, *fields: tuple[str, str, str], **more: str) -> str:
        answer = editor.post(PAGE, sent(editor, *fields, do=do, **more))
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    assert keys(press("down:0", *USUAL)) == ["email", "name"]
    assert keys(press("up:1", *USUAL)) == ["email", "name"]
    assert keys(press("up:0", *USUAL)) == ["name", "email"]
    assert keys(press("remove:0", *USUAL)) == ["email"]
    assert keys(press("remove:1", *USUAL)) == ["name", "email"]
    assert keys(press("remove:9", *USUAL)) == ["name", "email"]
    added = press("add", *USUAL, new="select")
    assert keys(added) == ["name", "email", "select_1"]
    assert "Choice is added at the end." in added
    assert keys(press("add", *USUAL, new="colour")) == ["name", "email"]
    assert '<option value="phone">' in added
    assert '<option value="name">' not in added
    many = [(f"text_{number}", "text", "x") for number in range(11)]
    assert len(keys(press("add", *USUAL[1:], *many, new="tick"))) == 12
    assert plan_now(session) == DEFAULT


def test_what_is_saved_is_the_form_from_now_on(editor: Staff, campaign: Campaign, session: Session) -> None:
    data = sent(
        editor,
        *USUAL,
        ("country", "country", ""),
        ("birth_date", "birth_date", "Your birthday"),
        ("select_1", "select", "Size"),
        **{
            "options-4": "S\nM\n",
            "help-4": "As on the label",
            "age": "birth_date",
            "least_age": "21",
            "countries": ["TR", "DE"],
            "partner": "Corner & Pine",
        },
    )
    answer = editor.post(PAGE, data)
    assert answer.status_code == 303
    plan = plan_now(session)
    assert [one.key for one in plan.fields] == ["name", "email", "country", "birth_date", "select_1"]
    assert [option.label for option in plan.fields[4].options] == ["S", "M"]
    assert (plan.age, plan.countries) == (AgeGate(21, AgeBy.BIRTH_DATE), ("DE", "TR"))
    assert (plan.marketing, plan.partner) == (True, "Corner & Pine")
    [last] = audit.latest(session, campaign_id=campaign.id, limit=1)
    assert (last.action, last.reason) == ("campaign.form", "as agreed")
    page = editor.page(PAGE)
    assert re.search(r'value="TR"\s+checked', page)
    assert "Required, because it decides who may take part." in page
    changes = editor.page("/admin/campaigns/summer/audit")
    assert "Least age" in changes


def test_a_live_campaign_asks_why(editor: Staff, campaign: Campaign, session: Session) -> None:
    answer = editor.post(PAGE, sent(editor, *USUAL[1:], reason=""))
    assert answer.status_code == 422
    assert "say why" in answer.get_data(as_text=True).lower()
    assert plan_now(session) == DEFAULT


@pytest.mark.parametrize(
    ("fields", "more", "words"),
    [
        ([*USUAL, ("text_1", "text", "")], {}, "Say what is asked for."),
        ([*USUAL, ("select_1", "select", "Size")], {"options-2": "S"}, "Give at least two choices"),
        ([*USUAL, ("nonce", "text", "x")], {}, "This field stands there twice."),
        (USUAL, {"age": "birth_date"}, "does not ask for the birth date"),
        (USUAL, {"age": "tick", "least_age": ""}, "Use an age from 1 to 99."),
        (USUAL, {"countries": ["TR"]}, "does not ask for the country"),
        (USUAL, {"partner_text": "They may write"}, "Name the partner"),
        (USUAL[:1], {}, "A form asks for one e-mail address."),
    ],
)
def test_what_is_wrong_is_told_in_its_place(
    editor: Staff, campaign: Campaign, session: Session, fields: Any, more: dict[str, Any], words: str
) -> None:
    answer = editor.post(PAGE, sent(editor, *fields, **more))
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert plan_now(session) == DEFAULT


def test_a_late_edit_shows_what_somebody_else_saved(
    editor: Staff, campaign: Campaign, session: Session
) -> None:
    data = sent(editor, *USUAL[1:])
    phone = FormPlan((*DEFAULT.fields, FieldPlan("phone", Kind.PHONE)))
    editor.post(PAGE, sent(editor, *USUAL, ("phone", "phone", "")))
    answer = editor.post(PAGE, data)
    assert answer.status_code == 409
    assert "Name, E-mail address, Phone number" in answer.get_data(as_text=True)
    assert plan_now(session) == phone


def test_the_preview_is_the_form_itself(editor: Staff, campaign: Campaign) -> None:
    stored = editor.get(f"{PAGE}/preview")
    assert "frame-ancestors 'self'" in stored.headers["Content-Security-Policy"]
    assert stored.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert 'id="entry"' in stored.get_data(as_text=True)
    data = sent(editor, *USUAL, ("phone", "phone", "Where we call you"), partner="Corner & Pine")
    shown = editor.post(f"{PAGE}/preview", data).get_data(as_text=True)
    assert "Where we call you" in shown
    assert "Corner &amp; Pine may send me news" in shown
    assert "<script" not in shown


def test_removed_fields_are_told(editor: Staff, campaign: Campaign) -> None:
    editor.post(PAGE, sent(editor, *USUAL, ("text_1", "text", "Your wish")))
    editor.post(PAGE, sent(editor, *USUAL))
    assert "Asked before: Your wish." in editor.page(PAGE)
    again = editor.post(PAGE, sent(editor, *USUAL, do="add", new="text")).get_data(as_text=True)
    assert keys(again)[-1] == "text_2"
