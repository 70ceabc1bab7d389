"""Tiers at the console: limits, odds of now, the preview of a live change, and the history of the pool."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.domain.odds import Limits, OnEmpty
from app.domain.roles import Role
from app.extensions import tools
from app.models import Campaign, Tier
from app.services import audit, campaigns, preview, tiers
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.tiers import TierPlan
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import HTMX, Staff, seen_in, sign_in, version_in

pytestmark = pytest.mark.sqlite_is_enough


POOL = "/admin/campaigns/summer/prizes"
TIERS = "/admin/campaigns/summer/tiers"
TIER = {"name": "Bronze", "weight": "5", "on_empty": "lose", "enabled": "y"}


@pytest.fixture
def editor(app: Flask, session: Session) -> Staff:
    return sign_in(app, session, Role.EDITOR)


def pool(
    session: Session, *specs: TierSpec, status: CampaignStatus = CampaignStatus.OPEN, timezone: str = "UTC"
) -> Campaign:
    chosen = specs or (TierSpec("Gold", weight=4), TierSpec("Silver", weight=96))
    return make_campaign(session, chosen, lose_weight=900, status=status, timezone=timezone)


def tier(session: Session, campaign: Campaign, name: str = "Gold") -> Tier:
    session.rollback()
    found = tiers.find_by_name(session, campaign.id, name)
    assert found
    return found


def at(thing: Tier, what: str) -> str:
    return f"{TIERS}/{thing.id.hex}/{what}"


def limit(session: Session, gold: Tier, on_empty: OnEmpty = OnEmpty.LOSE, **limits: object) -> None:
    plan = replace(TierPlan.of(gold), limits=Limits(**limits), on_empty=on_empty)  # type: ignore[arg-type]
    tiers.edit(session, gold.id, plan, actor=COMMAND_LINE, now=NOON)


def texts(page: str) -> str:
    """The words of a page with single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_limits_are_set_in_the_form_and_stand_on_the_tiers_line(editor: Staff, session: Session) -> None:
    campaign = pool(session, status=CampaignStatus.DRAFT, timezone="Europe/Istanbul")
    path = at(tier(session, campaign), "edit")
    page = editor.page(path)
    assert '<details class="limits" >' in page, "nothing is set: they are folded"
    values = TIER | {"name": "Gold", "on_empty": "redraw", "version": version_in(page)}
    values |= {"per_hour": "3", "per_day": "20", "in_all": "500", "per_person": "1"}
    values |= {"opens_at": "2030-06-01T10:00", "closes_at": "2030-06-16T20:00"}
    assert editor.post(path, values).status_code == 303
    gold = tier(session, campaign)
    opens, closes = datetime(2030, 6, 1, 7, tzinfo=UTC), datetime(2030, 6, 16, 17, tzinfo=UTC)
    assert gold.limits == Limits(3, 20, 500, 1, opens, closes)
    assert gold.on_empty is OnEmpty.REDRAW
    said = texts(editor.page(POOL))
    assert (
        "3 an hour · 20 a day · 500 in all · 1 a person · from 1 June, 10:00 · until 16 June, 20:00" in said
    )
    assert "when empty: drawn again" in said
    again = editor.page(path)
    assert '<details class="limits" open>' in again
    assert 'value="2030-06-16T20:00"' in again


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"per_hour": "0"}, "Use a number from 1 to 2,147,483,647."),
        ({"in_all": "many"}, "Use a whole number in digits"),
        (
            {"opens_at": "2030-06-02T10:00", "closes_at": "2030-06-01T10:00"},
            "A tier must open before it closes.",
        ),
        ({"opens_at": "2030-03-31T02:30"}, "The clocks jump over this time that night"),
        ({"closes_at": "2030-10-27T02:30"}, "This time comes twice that night"),
        ({"closes_at": "1030-10-27T02:30"}, "Use a year from"),
    ],
)
def test_wrong_limits_say_so_and_stay_open(
    editor: Staff, session: Session, changes: dict[str, str], message: str
) -> None:
    pool(session, status=CampaignStatus.DRAFT, timezone="Europe/Berlin")
    answer = editor.post(f"{TIERS}/new", TIER | changes)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert message in page
    assert '<details class="limits" open>' in page


def test_a_time_that_comes_twice_is_asked_and_then_kept(editor: Staff, session: Session) -> None:
    campaign = pool(session, status=CampaignStatus.DRAFT, timezone="Europe/Berlin")
    values = TIER | {"closes_at": "2030-10-27T02:30"}
    assert 'name="closes_which"' in editor.post(f"{TIERS}/new", values).get_data(as_text=True)
    editor.post(f"{TIERS}/new", values | {"closes_which": "second"})
    bronze = tier(session, campaign, "Bronze")
    assert bronze.closes_at == datetime(2030, 10, 27, 1, 30, tzinfo=UTC)
    page = editor.page(at(bronze, "edit"))
    editor.post(at(bronze, "edit"), values | {"weight": "6", "version": version_in(page)})
    assert tier(session, campaign, "Bronze").closes_at == bronze.closes_at


def test_odds_are_stated_exactly_and_as_they_are_now(editor: Staff, session: Session) -> None:
    campaign = pool(session, TierSpec("Gold", weight=4), TierSpec("Silver", weight=96, codes=0))
    said = texts(editor.page(POOL))
    assert "1 in 250 0.4% · 1/250" in said
    assert "9.6% · 12/125 now: no chance" in said
    assert "Of all entries 1 in 10 hits a tier (10%) · now 1 in 250 wins (0.4%)" in said
    assert "90% · 9/10 now: 249 in 250 (99.6%)" in said
    limit(session, tier(session, campaign), OnEmpty.REDRAW, closes_at=NOON - timedelta(days=9999))
    said = texts(editor.page(POOL))
    assert (
        "Gives nothing now: a limit is reached, or it is not its time. Entries that hit it are drawn again."
        in said
    )
    assert "now no chance wins" in said


def test_what_is_too_tangled_is_said_to_be(
    editor: Staff, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool(session)
    monkeypatch.setattr("app.domain.preview.MOST_TANGLES", 0)
    assert "too tangled to tell" in editor.page(POOL)
    shown = editor.post(f"{TIERS}/no-win", {"weight": "100"}).get_data(as_text=True)
    assert "too tangled to tell" in texts(shown)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("weight=100", "no chance all tiers together: 1 in 10"),
        ("weight=100&enabled=y", "1 in 11 9.09% · 1/11 now: no chance all tiers together: about 1 in 5.5"),
        ("of=no-win&weight=0", "no chance all tiers together: every entry"),
        ("of={gold}&weight=104&enabled=y", "about 1 in 11 9.45% · 26/275 all tiers together: about 1 in 5.5"),
        ("of={gold}&weight=104", "no chance all tiers together: about 1 in 10"),
        ("of={gold}&weight=", ""),
        ("of={gold}&weight=1e3", ""),
        ("of={gold}&weight=9223372036854775807&enabled=y", ""),
        ("of=nobody&weight=٣", ""),
    ],
)
def test_what_is_typed_is_worked_out(editor: Staff, session: Session, query: str, said: str) -> None:
    gold = tier(session, pool(session)).id.hex
    answer = editor.get(f"{TIERS}/chance?{query.format(gold=gold)}", headers=HTMX)
    assert answer.status_code == 200
    assert texts(answer.get_data(as_text=True)) == said


def test_a_live_change_is_shown_before_it_is_saved(editor: Staff, session: Session) -> None:
    campaign = pool(session)
    gold = tier(session, campaign)
    path = at(gold, "edit")
    values = TIER | {"name": "Gold", "weight": "104", "version": version_in(editor.page(path))}
    shown = editor.post(path, values, htmx=True)
    assert shown.status_code == 200
    page = shown.get_data(as_text=True)
    assert "Of all entries win 1 in 10 (10%) → then about 1 in 5.5 (18.18%)" in texts(page)
    assert "Too few entries came" in page
    assert tier(session, campaign).weight == 4, "nothing is saved yet"
    seen = {"seen": seen_in(page)}
    without = editor.post(path, values | seen)
    assert without.status_code == 422
    assert "Say why: people are entering now" in without.get_data(as_text=True)
    other = editor.post(path, values | seen | {"weight": "105", "reason": "more"})
    assert seen_in(other.get_data(as_text=True)) != seen["seen"], "another change is shown anew"
    saved = editor.post(path, values | seen | {"reason": "slow start"})
    assert saved.status_code == 303
    assert tier(session, campaign).weight == 104
    assert audit.latest(session)[0].reason == "slow start"


def test_a_live_change_of_a_name_alone_needs_no_reason(editor: Staff, session: Session) -> None:
    campaign = pool(session)
    path = at(tier(session, campaign), "edit")
    values = TIER | {"name": "Platinum", "weight": "4", "version": version_in(editor.page(path))}
    assert editor.post(path, values).status_code == 303


def test_somebody_elses_change_is_told_before_the_preview(editor: Staff, session: Session) -> None:
    campaign = pool(session)
    gold = tier(session, campaign)
    path = at(gold, "edit")
    values = TIER | {"name": "Gold", "weight": "104", "version": version_in(editor.page(path))}
    limit(session, gold, per_hour=7)
    answer = editor.post(path, values)
    assert answer.status_code == 409
    assert "At most per hour 7 (empty)" in texts(answer.get_data(as_text=True))


def test_buttons_ask_first_while_people_enter(editor: Staff, session: Session) -> None:
    campaign = pool(session)
    silver = tier(session, campaign, "Silver")
    asked = editor.post(at(silver, "switch"), {"to": "off"}, htmx=True)
    page = asked.get_data(as_text=True)
    assert (asked.status_code, asked.headers["HX-Retarget"]) == (200, "#ask")
    assert "Take Silver out of the draw?" in page
    assert tier(session, campaign, "Silver").enabled
    answer = editor.post(at(silver, "switch"), {"to": "off", "seen": seen_in(page)})
    assert answer.status_code == 422
    assert "Say why: people are entering now" in answer.get_data(as_text=True)
    question = texts(editor.page(at(silver, "remove")))
    assert "10 free codes are withdrawn" in question
    assert "Of all entries win 1 in 10 (10%) → then 1 in 226 (0.44%)" in question
    moved = editor.post(at(silver, "move"), {"to": "up"}).get_data(as_text=True)
    assert "Move Silver to place 1?" in moved
    assert "The chances stay as they are." in moved


def test_a_draft_is_changed_at_once(editor: Staff, session: Session) -> None:
    campaign = pool(session, status=CampaignStatus.DRAFT)
    silver = tier(session, campaign, "Silver")
    assert editor.post(at(silver, "switch"), {"to": "off"}).status_code == 303
    assert editor.post(at(silver, "move"), {"place": "1"}).status_code == 303
    assert "Reason (optional)" in texts(editor.page(at(silver, "remove")))
    assert editor.post(at(silver, "remove")).status_code == 303
    assert editor.post(f"{TIERS}/no-win", {"weight": "7"}).status_code == 303


def test_run_outs_are_told_at_the_present_rate(app: Flask, editor: Staff, session: Session) -> None:
    campaign = pool(session, TierSpec("Gold", codes=300), TierSpec("Silver", codes=0))
    with app.app_context():
        now = tools().now()
    for number in range(1, 21):
        moment = now - timedelta(minutes=15 * number)
        submit_entry(session, submission(number), now=moment, rng=FakeRng(number), vault=VAULT)
    assert preview.entry_rate(session, campaign.id, now).is_known
    shown = texts(editor.post(f"{TIERS}/no-win", {"weight": "0"}).get_data(as_text=True))
    assert "entries coming as in the last 24 hours" in shown
    row = r"Gold 1 in 902 .* 300 lasts → then [\w ,]+ \d\d:\d\d Silver no chance 0 nothing left"
    assert re.search(row, shown)


def test_the_history_says_what_when_who_and_why(editor: Staff, session: Session) -> None:
    campaign = pool(session)
    gold, silver = tier(session, campaign), tier(session, campaign, "Silver")
    limit(session, gold, closes_at=NOON + timedelta(days=1))
    plan = replace(TierPlan.of(gold), on_empty=OnEmpty.FALLBACK, fallback_id=silver.id)
    tiers.edit(session, gold.id, plan, actor=COMMAND_LINE, now=NOON + timedelta(hours=1), reason="for Gold")
    tiers.remove(session, tier(session, campaign).id, actor=COMMAND_LINE, now=NOON + timedelta(hours=2))
    page = editor.page(f"{POOL}/history")
    said = texts(page)
    assert "Tier removed Gold" in said
    assert "Gold prize: 10" in said
    assert "Falls back to Silver" in said
    assert "command line for Gold" in said
    assert "Closes 16 Jun 2030, 12:00" in said
    then = texts(editor.page(f"{POOL}/history?at=2030-06-15T13:30"))
    assert "Gold until" in then
    assert "Odds table 5 was in force." in then
    assert "Gold prize Gold 10 0 0" in then
    links = re.findall(r'href="([^"]+/history\?at=[^"]+)"', page)
    assert "Silver prize Silver 10 0 0" in texts(editor.page(links[0].replace("&amp;", "&")))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("at=2000-01-01T10:00", "At that moment the campaign had not been made."),
        ("at=yesterday", "This is no day and time."),
        ("at=0001-01-01T00:00", "This is no day and time."),
        ("at=9999-12-31T23:59", "was in force"),
        ("at=2030-07-01T10:00:00.5%2B00:00", "Odds table"),
        ("at=2031-03-30T02:30", "Odds table"),
        ("before=none", "Changes of the pool"),
        ("before=1", "No change yet"),
    ],
)
def test_any_moment_can_be_asked_for(editor: Staff, session: Session, query: str, said: str) -> None:
    pool(session, timezone="Europe/Berlin")
    assert said in texts(editor.page(f"{POOL}/history?{query}"))


def test_the_history_pages_on(editor: Staff, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    pool(session)
    monkeypatch.setattr(import_module("app.web.admin.pool_history"), "PAGE", 2)
    page = editor.page(f"{POOL}/history")
    older = re.search(r'href="([^"]+before=\d+)"', page)
    assert older
    assert texts(editor.page(older[1])) != texts(page)


def test_before_any_prize_there_is_none(editor: Staff, session: Session) -> None:
    campaign = pool(session)
    early = campaigns.get(session, "summer").created_at
    assert campaign.created_at == early
    make_campaign(session, [], slug="bare", lose_weight=1, seed=4, status=CampaignStatus.DRAFT)
    page = editor.page("/admin/campaigns/bare/prizes/history?at=2030-07-01T10:00")
    assert "There was no prize yet." in page
