"""Campaigns at the console: list, form, overview, status."""

import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus, EntryLimit
from app.domain.roles import Role
from app.services import audit, campaigns
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.web.admin.campaign_forms import suggested_slug
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import HTMX, Staff, sign_in, version_in

pytestmark = pytest.mark.sqlite_is_enough


NEW = {
    "title": "Yaz Çekilişi 2026",
    "slug": "",
    "sponsor": "Café Nord",
    "intro": "One sentence.",
    "rules": "One.\r\n\r\nTwo.",
    "accent": "teal",
    "timezone": "Europe/Istanbul",
    "opens_at": "2030-06-01T09:00",
    "closes_at": "2030-06-30T20:00",
    "entries": "daily",
}


@pytest.fixture
def editor(app: Flask, session: Session) -> Staff:
    return sign_in(app, session, Role.EDITOR)


def test_a_new_campaign_is_a_draft_in_its_own_zone(editor: Staff, session: Session) -> None:
    answer = editor.post("/admin/campaigns/new", NEW)
    assert answer.status_code == 303
    assert answer.location == "/admin/campaigns/yaz-cekilisi-2026/prizes"
    campaign = campaigns.get(session, "yaz-cekilisi-2026")
    assert campaign.status is CampaignStatus.DRAFT
    assert campaign.entries is EntryLimit.DAILY
    assert campaign.opens_at == datetime(2030, 6, 1, 6, 0, tzinfo=UTC)
    assert campaign.rules == "One.\n\nTwo."
    assert "The draft is made." in editor.page(answer.location)
    assert 'value="2030-06-30T20:00"' in editor.page("/admin/campaigns/yaz-cekilisi-2026/edit")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("title", " ", "Please fill this in."),
        ("title", "x" * 121, "Use at most 120 characters; these are 121."),
        ("title", "A\0B", "characters that cannot be stored"),
        ("slug", "Not A Slug", "Use 2 to 60 small letters"),
        ("timezone", "Mars/Base", "is no time zone; use one such as Europe/Istanbul"),
        ("accent", "gold", "Not a valid choice"),
        ("entries", "hourly", "Not a valid choice"),
        ("opens_at", "tomorrow", "Not a valid datetime value"),
        ("opens_at", "0001-01-01T00:00", "Use a year from 2000 to 2100."),
        ("closes_at", "9999-12-31T23:59", "Use a year from 2000 to 2100."),
        ("closes_at", "2030-05-01T09:00", "The end must come after the start."),
        ("rules", "x" * 40_001, "Use at most 40,000 characters"),
    ],
)
def test_a_wrong_field_says_so_and_keeps_the_rest(
    editor: Staff, session: Session, field: str, value: str, message: str
) -> None:
    answer = editor.post("/admin/campaigns/new", NEW | {field: value})
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert message in page
    assert "Café Nord" in page
    assert not campaigns.listing(session)


def test_a_title_without_letters_needs_an_address(editor: Staff) -> None:
    answer = editor.post("/admin/campaigns/new", NEW | {"title": "抽獎"})
    assert answer.status_code == 422
    assert "Use 2 to 60 small letters" in answer.get_data(as_text=True)


def test_a_taken_address_is_a_conflict(editor: Staff, session: Session) -> None:
    make_campaign(session)
    answer = editor.post("/admin/campaigns/new", NEW | {"slug": "summer"})
    assert answer.status_code == 409
    assert "is taken by another campaign" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Yaz Çekilişi 2026", "yaz-cekilisi-2026"),
        ("İSTANBUL & Ağrı", "istanbul-agri"),
        ("Große Freude", "grosse-freude"),
        ("w" * 70, "w" * 60),
        (f"{'w' * 58} and more", "w" * 58),
        ("…", ""),
    ],
)
def test_addresses_are_made_from_titles(title: str, slug: str) -> None:
    assert suggested_slug(title) == slug


def test_what_an_empty_address_becomes_is_told(editor: Staff) -> None:
    assert editor.page("/admin/campaigns/address?title=Big+Win") == "Left empty, it becomes /c/big-win"
    assert editor.page("/admin/campaigns/address?title=…") == ""


def edit_values(editor: Staff, **changes: str) -> dict[str, str]:
    page = editor.page("/admin/campaigns/summer/edit")
    kept = {
        "title": "Summer giveaway",
        "slug": "summer",
        "timezone": "UTC",
        "accent": "indigo",
        "entries": "once",
    }
    return kept | {"version": version_in(page)} | changes


def test_an_edit_is_saved_and_leads_to_the_overview(editor: Staff, session: Session) -> None:
    make_campaign(session)
    answer = editor.post("/admin/campaigns/summer/edit", edit_values(editor, title="Winter", slug="winter"))
    assert answer.location == "/admin/campaigns/winter"
    assert "Winter" in editor.page("/admin/campaigns/winter")


@pytest.mark.parametrize(
    "closes_at",
    [
        datetime(2030, 6, 30, 20, 59, 59, tzinfo=UTC),
        datetime(2030, 10, 27, 1, 30, tzinfo=UTC),  # the second 02:30 of that night in Berlin
        datetime(2030, 10, 27, 0, 30, tzinfo=UTC),
    ],
)
def test_an_edit_leaves_a_time_that_nobody_touched(
    editor: Staff, session: Session, closes_at: datetime
) -> None:
    make_campaign(session, timezone="Europe/Berlin", closes_at=closes_at)
    page = editor.page("/admin/campaigns/summer/edit")
    shown = re.search(r'name="closes_at"[^>]*value="([^"]+)"', page)
    assert shown
    form = {"title": "Better", "slug": "summer", "timezone": "Europe/Berlin", "closes_at": shown[1]}
    form |= {"accent": "indigo", "entries": "once", "version": version_in(page)}
    assert editor.post("/admin/campaigns/summer/edit", form).status_code == 303
    session.rollback()
    campaign = campaigns.get(session, "summer")
    assert (campaign.title, campaign.closes_at) == ("Better", closes_at)


def test_a_stale_edit_shows_both_values_and_can_then_be_saved(editor: Staff, session: Session) -> None:
    make_campaign(session)
    mine = edit_values(editor, title="Mine", closes_at="2030-07-01T10:00")
    editor.post("/admin/campaigns/summer/edit", edit_values(editor, title="Theirs", accent="teal"))
    answer = editor.post("/admin/campaigns/summer/edit", mine)
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert "Somebody else saved this meanwhile" in page
    assert "<td>Theirs</td>" in page
    assert "<td>Mine</td>" in page
    assert "<td>Teal</td>" in page
    assert "<td>1 Jul 2030, 10:00</td>" in page
    assert "<td>(empty)</td>" in page
    assert 'value="Mine"' in page
    again = editor.post("/admin/campaigns/summer/edit", mine | {"version": version_in(page)})
    assert again.status_code == 303


def test_an_edit_without_its_version_is_incomplete(editor: Staff, session: Session) -> None:
    make_campaign(session)
    answer = editor.post("/admin/campaigns/summer/edit", edit_values(editor, version=""))
    assert answer.status_code == 422
    assert "The form is incomplete." in answer.get_data(as_text=True)


def test_what_is_fixed_once_people_entered_is_a_conflict(editor: Staff, session: Session) -> None:
    make_campaign(session)
    submit_entry(session, submission(), now=NOON, rng=FakeRng(4), vault=VAULT)
    answer = editor.post("/admin/campaigns/summer/edit", edit_values(editor, entries="daily"))
    assert answer.status_code == 409
    assert "People have entered already" in answer.get_data(as_text=True)


def test_the_list_leads_to_the_campaigns_or_to_the_first_one(editor: Staff, session: Session) -> None:
    assert "Make the first one" in editor.page("/admin/")
    make_campaign(session, [TierSpec("Gold", codes=12)])
    page = editor.page("/admin/")
    assert 'href="/admin/campaigns/summer"' in page
    assert "12 of 12 left" in page


def test_a_viewer_is_offered_no_change(app: Flask, session: Session) -> None:
    viewer = sign_in(app, session, Role.VIEWER)
    assert "Make the first one" not in viewer.page("/admin/")
    make_campaign(session)
    submit_entry(session, submission(), now=NOON, rng=FakeRng(4), vault=VAULT)
    for path in ("", "/prizes", "/winners", "/partners", "/audit"):
        page = viewer.page(f"/admin/campaigns/summer{path}")
        own = page.replace('method="post" action="/account/sign-out"', "")
        assert 'method="post"' not in own, path
        assert "/edit" not in page, path


def test_the_overview_tells_what_came_of_it(editor: Staff, session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", codes=3)])
    submit_entry(session, submission(), now=NOON, rng=FakeRng(4), vault=VAULT)
    page = editor.page("/admin/campaigns/summer")
    assert "http://localhost/c/summer" in page
    assert "Person 1" in page
    assert "Gold prize" in page
    assert "Stated odds: 100%" in page


def test_an_empty_campaign_names_the_next_step(editor: Staff, session: Session) -> None:
    make_campaign(session, [], lose_weight=5)
    assert "Nothing is in stock: nobody can win." in editor.page("/admin/campaigns/summer")


@pytest.mark.parametrize(
    ("first", "to", "says"),
    [
        (CampaignStatus.DRAFT, "open", "The campaign is open."),
        (CampaignStatus.OPEN, "paused", "The campaign is paused"),
        (CampaignStatus.PAUSED, "open", "The campaign is open."),
        (CampaignStatus.PAUSED, "closed", "The campaign is closed for good."),
    ],
)
def test_a_status_is_asked_for_and_then_set(
    editor: Staff, session: Session, first: CampaignStatus, to: str, says: str
) -> None:
    make_campaign(session, status=first)
    question = editor.page(f"/admin/campaigns/summer/status?to={to}")
    assert f'name="to" value="{to}"' in question
    answer = editor.post("/admin/campaigns/summer/status", {"to": to, "reason": "as agreed"})
    assert answer.location == "/admin/campaigns/summer"
    assert says in editor.page(answer.location)
    session.rollback()
    assert campaigns.get(session, "summer").status.value == to
    assert "Reason: as agreed" in editor.page("/admin/campaigns/summer/audit")


def test_a_reason_holds_nothing_that_cannot_be_stored(editor: Staff, session: Session) -> None:
    make_campaign(session, status=CampaignStatus.DRAFT)
    answer = editor.post("/admin/campaigns/summer/status", {"to": "open", "reason": " as\0\u202e\r\nagreed "})
    assert answer.status_code == 303
    session.rollback()
    assert audit.latest(session, limit=1)[0].reason == "as agreed"


def test_the_question_is_a_dialog_for_htmx(editor: Staff, session: Session) -> None:
    make_campaign(session)
    answer = editor.get("/admin/campaigns/summer/status?to=closed", headers=HTMX)
    page = answer.get_data(as_text=True)
    assert page.lstrip().startswith("<dialog")
    assert "10 units that nobody has won stay unused." in page


@pytest.mark.parametrize("to", ["draft", "", "nonsense"])
def test_a_status_that_is_none_is_refused(editor: Staff, session: Session, to: str) -> None:
    make_campaign(session)
    assert editor.get(f"/admin/campaigns/summer/status?to={to}").status_code == 422
    assert editor.post("/admin/campaigns/summer/status", {"to": to}).status_code == 422


def test_a_closed_campaign_stays_closed(editor: Staff, session: Session) -> None:
    make_campaign(session, status=CampaignStatus.CLOSED)
    assert editor.post("/admin/campaigns/summer/status", {"to": "open"}).status_code == 409
    assert "Add a tier" not in editor.page("/admin/campaigns/summer/prizes")


def test_an_unknown_campaign_is_not_found(editor: Staff, session: Session) -> None:
    for path in ("", "/edit", "/prizes", "/winners", "/partners", "/audit", "/status?to=open"):
        assert editor.get(f"/admin/campaigns/none{path}").status_code == 404


def test_somebody_else_saving_the_same_loses_nothing(editor: Staff, session: Session) -> None:
    campaign = make_campaign(session)
    mine = edit_values(editor, title="Same")
    editor.post("/admin/campaigns/summer/edit", edit_values(editor, title="Same"))
    campaigns.set_status(session, campaign.id, CampaignStatus.PAUSED, actor=COMMAND_LINE, now=NOON)
    answer = editor.post("/admin/campaigns/summer/edit", mine)
    assert answer.status_code == 409
    assert "Somebody else saved the same values meanwhile." in answer.get_data(as_text=True)
