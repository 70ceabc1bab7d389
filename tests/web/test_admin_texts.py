"""The console's page of texts: languages, words, what is missing, and who saved meanwhile."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.domain.roles import Role
from app.services import campaigns
from tests.support.factories import make_campaign
from tests.support.staff import Staff, csrf_token, sign_in, version_in

pytestmark = pytest.mark.sqlite_is_enough
PATH = "/admin/campaigns/summer/texts"


@pytest.fixture
def editor(app: Flask, session: Session) -> Staff:
    make_campaign(session, status=CampaignStatus.DRAFT)
    return sign_in(app, session, Role.EDITOR)


def sent(staff: Staff, path: str, **values: object) -> tuple[int, str]:
    page = staff.page(PATH)
    data = {"csrf_token": csrf_token(page), "version": version_in(page), **values}
    answer = staff.client.post(path, data=data)
    return answer.status_code, answer.get_data(as_text=True)


def texts(session: Session) -> dict[str, dict[str, str]]:
    session.rollback()
    return campaigns.get(session, "summer").texts


def test_a_language_is_chosen_and_then_spoken(editor: Staff, session: Session) -> None:
    assert sent(editor, f"{PATH}/languages", own="en", others=["de", "ar"])[0] == 303
    page = editor.page(f"{PATH}?language=de")
    assert "2 missing" in page
    assert "<p>Summer giveaway</p>" in page
    assert sent(editor, f"{PATH}?language=de", title="Sommerspiel")[0] == 303
    assert texts(session)["de"] == {"title": "Sommerspiel"}
    assert "1 missing" in editor.page(f"{PATH}?language=de")
    assert 'dir="rtl"' in editor.page(f"{PATH}?language=ar")


def test_the_own_language_has_only_what_has_no_other_place(editor: Staff, session: Session) -> None:
    page = editor.page(PATH)
    assert 'name="lost"' in page
    assert 'name="title"' not in page
    assert sent(editor, PATH, lost="Ten per cent off")[0] == 303
    assert texts(session)["en"] == {"lost": "Ten per cent off"}


def test_what_will_not_do_stands_at_its_field(editor: Staff) -> None:
    sent(editor, f"{PATH}/languages", own="en", others=["de"])
    status, page = sent(editor, f"{PATH}?language=de", title="x" * 200)
    assert status == 422
    assert "Use at most 120 characters; these are 200." in page
    status, page = sent(editor, f"{PATH}/languages", own="xx")
    assert status == 422


def test_whoever_comes_late_sees_the_difference(editor: Staff) -> None:
    sent(editor, f"{PATH}/languages", own="en", others=["de"])
    page = editor.page(f"{PATH}?language=de")
    stale = {"csrf_token": csrf_token(page), "version": version_in(page), "title": "Meins"}
    sent(editor, f"{PATH}?language=de", title="Deins")
    answer = editor.client.post(f"{PATH}?language=de", data=stale)
    assert answer.status_code == 409
    assert "<td>Deins</td>" in answer.get_data(as_text=True)
    status, _page = sent(editor, f"{PATH}/languages", own="de", others=[], version="1")
    assert status == 409


def test_a_live_campaign_wants_a_reason(app: Flask, session: Session) -> None:
    make_campaign(session)
    staff = sign_in(app, session, Role.EDITOR)
    status, page = sent(staff, PATH, lost="Next time")
    assert status == 422
    assert "people are entering now" in page
    assert sent(staff, PATH, lost="Next time", reason="The agency asked")[0] == 303
    assert "The agency asked" in staff.page("/admin/campaigns/summer/audit")
    status, page = sent(staff, f"{PATH}/languages", own="en", others=["tr"])
    assert status == 422
