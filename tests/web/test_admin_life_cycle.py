"""The life of a campaign at the console: check, times, rules, copy, file, trial, archive."""

import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.domain.roles import Role
from app.models import AuditRecord, Entry
from app.services import campaign_file, campaigns, prizes, tiers
from app.services.audit import COMMAND_LINE
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON
from tests.support.staff import HTMX, Staff, sign_in, version_in

pytestmark = pytest.mark.sqlite_is_enough


DRAFT = CampaignStatus.DRAFT
HERE = "/admin/campaigns/summer"


@pytest.fixture
def editor(app: Flask, session: Session) -> Staff:
    return sign_in(app, session, Role.EDITOR)


def form_of(editor: Staff, **changes: str) -> dict[str, str]:
    page = editor.page(f"{HERE}/edit")
    kept = {"title": "Summer giveaway", "slug": "summer", "accent": "indigo", "entries": "once"}
    return kept | {"timezone": "Europe/Berlin", "version": version_in(page)} | changes


def test_what_blocks_is_listed_with_the_way_to_mend_it_and_opening_is_refused(
    editor: Staff, session: Session
) -> None:
    make_campaign(session, [TierSpec("Gold", codes=0)], status=DRAFT)
    page = editor.page(HERE)
    assert "Nobody can win: switch on a tier" in page
    assert f'href="{HERE}/prizes">Mend it' in page
    assert "Not ready" in page
    answer = editor.post(f"{HERE}/status", {"to": "open"})
    assert answer.location == f"{HERE}#launch"
    assert "It cannot open yet." in editor.page(HERE)
    session.rollback()
    assert campaigns.get(session, "summer").status is DRAFT


def test_what_holds_it_back_stands_in_place_of_the_question(editor: Staff, session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", codes=0)], status=DRAFT)
    page = editor.get(f"{HERE}/status?to=open", headers=HTMX).get_data(as_text=True)
    assert "1 thing stands in the way:" in page
    assert "Nobody can win: switch on a tier" in page
    assert "<form" not in page


def test_the_question_before_opening_tells_times_odds_and_stock(editor: Staff, session: Session) -> None:
    make_campaign(session, status=DRAFT, lose_weight=4)
    page = editor.page(f"{HERE}/status?to=open")
    assert "People can enter at once." in page
    assert "it runs until you close it." in page
    assert "1 in 5 wins; 10 prizes are in stock." in page
    opens, closes = datetime(2090, 5, 1, 8, tzinfo=UTC), datetime(2090, 5, 2, 18, tzinfo=UTC)
    make_campaign(session, slug="later", status=DRAFT, opens_at=opens, closes_at=closes, seed=2)
    page = editor.page("/admin/campaigns/later/status?to=open")
    assert "It begins by itself: Monday, 1 May 2090 08:00 (UTC)." in page
    assert "It ends by itself: Tuesday, 2 May 2090 18:00 (UTC)." in page
    assert "Every entry wins; 10 prizes are in stock." in page


def test_what_is_only_worth_a_look_lets_it_open(editor: Staff, session: Session) -> None:
    make_campaign(session, status=DRAFT)
    page = editor.page(HERE)
    assert "Nothing stands in the way." in page
    assert "The site has no public address" in page
    editor.post(f"{HERE}/status", {"to": "open"})
    page = editor.page(HERE)
    assert "Launch check" not in page
    assert "Live" in page


def test_a_time_that_comes_twice_is_asked_about(editor: Staff, session: Session) -> None:
    make_campaign(session, timezone="Europe/Berlin")
    twice = {"opens_at": "2030-10-27T02:30", "closes_at": "2031-10-26T02:30"}
    answer = editor.post(f"{HERE}/edit", form_of(editor, **twice))
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "first at 02:30 (UTC+02:00), then at 02:30 (UTC+01:00)" in page
    assert 'name="opens_which"' in page
    assert 'name="closes_which"' not in page
    again = form_of(editor, **twice, opens_which="second")
    page = editor.post(f"{HERE}/edit", again).get_data(as_text=True)
    assert 'name="closes_which"' in page
    chosen = editor.post(f"{HERE}/edit", again | {"closes_which": "first"})
    assert chosen.status_code == 303
    session.rollback()
    saved = campaigns.get(session, "summer")
    assert saved.opens_at == datetime(2030, 10, 27, 1, 30, tzinfo=UTC)
    assert saved.closes_at == datetime(2031, 10, 26, 0, 30, tzinfo=UTC)


def test_a_time_the_clocks_jump_over_is_refused(editor: Staff, session: Session) -> None:
    make_campaign(session, timezone="Europe/Berlin")
    answer = editor.post(f"{HERE}/edit", form_of(editor, opens_at="2030-03-31T02:30"))
    assert answer.status_code == 422
    assert "the next one after it is 03:30" in answer.get_data(as_text=True)


def test_words_that_contradict_the_settings_are_flagged(editor: Staff, session: Session) -> None:
    make_campaign(session, timezone="Europe/Berlin")
    answer = editor.post(f"{HERE}/edit", form_of(editor, rules="You win 1 in 20 times."))
    assert answer.status_code == 303
    assert "The rules say “1 in 20”" in editor.page(HERE)
    assert "The rules say “1 in 20”" in editor.page(f"{HERE}/edit")
    page = editor.page(f"{HERE}/rules")
    assert "The rules say “1 in 20”" in page
    assert "Version 2" in page
    assert "You win 1 in 20 times." in page


def test_the_rules_of_a_draft_can_be_read_before_anybody_else(editor: Staff, session: Session) -> None:
    make_campaign(session, status=DRAFT)
    page = editor.page(f"{HERE}/rules")
    assert "The first one is kept when the campaign opens." in page
    assert "Gold prize" in page
    assert "Gold prize" not in editor.client.get("/c/summer/rules").get_data(as_text=True)


def test_old_rules_stay_readable(editor: Staff, session: Session) -> None:
    make_campaign(session, timezone="Europe/Berlin")
    editor.post(f"{HERE}/edit", form_of(editor, eligibility="Those who are 21."))
    now = editor.page("/c/summer/rules")
    assert "Those who are 21." in now
    assert "/c/summer/rules/1" in now
    old = editor.page("/c/summer/rules/1")
    assert "These rules have been replaced." in old
    assert "Those who are 21." not in old
    assert editor.get("/c/summer/rules/9").status_code == 404


def test_a_copy_is_made_under_another_address(editor: Staff, session: Session) -> None:
    make_campaign(session)
    assert "Summer giveaway (copy)" in editor.page(f"{HERE}/duplicate")
    assert editor.post(f"{HERE}/duplicate", {"title": "X", "slug": "summer"}).status_code == 409
    answer = editor.post(f"{HERE}/duplicate", {"title": "Autumn days", "slug": ""})
    assert answer.location == "/admin/campaigns/autumn-days"
    assert "Campaign made as a copy" in editor.page("/admin/campaigns/autumn-days/audit")


def test_a_file_out_and_in_again(editor: Staff, session: Session) -> None:
    make_campaign(session, lose_weight=9)
    assert "worth money" in editor.page(f"{HERE}/file")
    answer = editor.post(f"{HERE}/file")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="summer.campaign.json"'
    document = json.loads(answer.data)
    assert document["tiers"][0]["prizes"][0]["codes"] == []
    with_codes = json.loads(editor.post(f"{HERE}/file", {"codes": "y"}).data)
    assert len(with_codes["tiers"][0]["prizes"][0]["codes"]) == 10

    def send(content: bytes, htmx: bool = False, **data: str) -> Any:
        fields: dict[str, Any] = {"file": (io.BytesIO(content), "summer.campaign.json"), **data}
        return editor.post("/admin/campaigns/import", fields, htmx=htmx)

    taken = send(answer.data, step="check")
    assert taken.status_code == 422
    page = taken.get_data(as_text=True)
    assert "At campaign: The address “summer” is taken by another campaign." in page
    checked = send(answer.data, htmx=True, step="check", slug="winter").get_data(as_text=True)
    assert "would be made at the address winter" in checked
    assert "<html" not in checked
    session.rollback()
    assert campaigns.find(session, "winter") is None
    assert send(answer.data, step="import", slug="winter").location == "/admin/campaigns/winter"
    made = send(answer.data, htmx=True, step="import", slug="autumn")
    assert made.headers["HX-Redirect"] == "/admin/campaigns/autumn"
    session.rollback()
    assert len(prizes.listing(session, campaigns.get(session, "winter").id)) == 1


def test_a_file_that_will_not_do(editor: Staff, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_file, "MAX_BYTES", 9)
    for content in (b"{", b" " * 10):
        fields = {"file": (io.BytesIO(content), "x.json"), "step": "import"}
        answer = editor.post("/admin/campaigns/import", fields)
        assert answer.status_code == 422
        assert "Nothing was made." in answer.get_data(as_text=True)
    answer = editor.post("/admin/campaigns/import", {"step": "import"})
    assert "Choose a file." in answer.get_data(as_text=True)
    assert not campaigns.listing(session)


def test_a_trial_shows_the_page_of_a_draft_and_leaves_no_trace(editor: Staff, session: Session) -> None:
    make_campaign(session, [TierSpec("Gold")], status=DRAFT)
    session.commit()
    before = session.scalar(select(func.count(AuditRecord.id)))
    page = editor.page(f"{HERE}/try")
    assert "Test: nothing is stored" in page
    assert "Gold prize" in page
    nonce = re.search(r'name="nonce"[^>]*value="([0-9a-f]{32})"', page)
    assert nonce
    form = {"name": "Deniz", "email": "d@example.org", "accept_rules": "y", "nonce": nonce[1]}
    for htmx in (False, True):
        answer = editor.post(f"{HERE}/try", form, htmx=htmx)
        text = answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert "Test: this is not a win" in text
        assert re.search(r"TEST-[0-9A-Z]{4}<", text)
        assert ("<html" in text) is not htmx
        wrong = editor.post(f"{HERE}/try", form | {"email": "nobody"}, htmx=htmx)
        assert wrong.status_code == 422
        assert "valid e-mail address" in wrong.get_data(as_text=True)
    session.rollback()
    assert session.scalar(select(func.count(AuditRecord.id))) == before
    assert not session.scalars(select(Entry)).all()


def test_each_reveal_can_be_looked_at(editor: Staff, session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=0)], lose_weight=9, status=DRAFT)
    tier = tiers.listing(session, campaign.id)[0]
    page = editor.page(f"{HERE}/try")
    assert "Show a win of Gold" in page
    won = editor.post(f"{HERE}/try/look", {"show": tier.id.hex}).get_data(as_text=True)
    assert "Gold prize" in won
    assert "Test: this is not a win" in won
    lost = editor.post(f"{HERE}/try/look", {"show": "loss"}).get_data(as_text=True)
    assert "Not this time" in lost
    assert "Test: nothing is stored" in lost
    assert editor.post(f"{HERE}/try/look", {"show": "?"}).status_code == 422
    assert editor.post(f"{HERE}/try/look", {"show": campaign.id.hex}).status_code == 404


def test_an_archived_campaign_has_a_list_of_its_own(editor: Staff, session: Session) -> None:
    make_campaign(session, status=CampaignStatus.CLOSED)
    assert "Archived" not in editor.page("/admin/")
    question = editor.get(f"{HERE}/archive", headers=HTMX).get_data(as_text=True)
    assert "Nothing is deleted" in question
    assert editor.post(f"{HERE}/archive").location == "/admin/"
    assert HERE not in editor.page("/admin/")
    assert "No campaign in use" in editor.page("/admin/")
    assert HERE in editor.page("/admin/?show=archived")
    page = editor.page(HERE)
    assert "it is in no list" in page
    assert f'href="{HERE}/edit"' not in page
    assert "This giveaway is over" in editor.client.get("/c/summer").get_data(as_text=True)
    assert editor.post(f"{HERE}/unarchive").location == HERE
    assert HERE in editor.page("/admin/")
    assert "No archived campaign" not in editor.page("/admin/")


def test_stages_are_shown_as_staff_say_them(editor: Staff, session: Session) -> None:
    make_campaign(session, opens_at=datetime(2099, 1, 1, tzinfo=UTC))
    make_campaign(session, slug="over", closes_at=datetime(2020, 1, 1, tzinfo=UTC), seed=3)
    campaign = make_campaign(session, slug="winter", seed=4)
    campaigns.set_status(session, campaign.id, CampaignStatus.PAUSED, actor=COMMAND_LINE, now=NOON)
    page = editor.page("/admin/")
    for word in ("Scheduled", "Ended", "Paused"):
        assert f">{word}<" in page
