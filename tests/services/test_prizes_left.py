"""The board of prizes left: late, the same for everybody, and without a query for each visitor."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.domain.prizes_left import Left, Rounded
from app.models import Award, Campaign
from app.services import campaigns, landing, prizes_left, stock
from app.services.audit import COMMAND_LINE
from app.services.campaigns import plan_of
from app.services.entries import submit_entry
from app.services.landing import LandingPage
from app.services.prizes_left import Board
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.queries import counted

STEP = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def nothing_counted() -> Iterator[None]:
    for known in (prizes_left._counted, stock._offered):
        known.clear()
    yield
    for known in (prizes_left._counted, stock._offered):
        known.clear()


def shown(session: Session, campaign: Campaign) -> Campaign:
    session.execute(update(Campaign).where(Campaign.id == campaign.id).values(shows_left=True))
    session.commit()
    session.refresh(campaign)
    return campaign


def enter(session: Session, number: int, minutes: float) -> None:
    now = NOON + timedelta(minutes=minutes)
    submit_entry(session, submission(number), now=now, rng=FakeRng(number), vault=VAULT)


def page(session: Session, minutes: float) -> LandingPage:
    return landing.landing_page(session, "summer", now=NOON + timedelta(minutes=minutes))


def board(session: Session, minutes: float) -> Board:
    found = page(session, minutes).board
    assert found is not None
    return found


def test_only_where_the_campaign_shows_it(session: Session) -> None:
    campaign = make_campaign(session)
    assert page(session, 0).board is None
    shown(session, campaign)
    assert page(session, 0).board is not None


@pytest.mark.parametrize(
    ("status", "is_told"), [(CampaignStatus.PAUSED, True), (CampaignStatus.CLOSED, False)]
)
def test_it_is_told_while_there_is_something_to_win(
    session: Session, status: CampaignStatus, is_told: bool
) -> None:
    shown(session, make_campaign(session, status=status))
    assert (page(session, 0).board is not None) == is_told


def test_a_win_shows_after_the_next_full_ten_minutes(session: Session) -> None:
    campaign = shown(session, make_campaign(session, [TierSpec("Gold", codes=10)]))
    (prize,) = page(session, 0).prizes
    assert board(session, 1).left[prize.id] == Rounded(Left.MANY, 10)
    enter(session, 1, 2)
    prizes_left._counted.clear()  # a process that has just begun says no more than the others
    told = board(session, 9.9)
    assert (told.at, told.left[prize.id]) == (NOON, Rounded(Left.MANY, 10))
    told = board(session, 10)
    assert (told.at, told.left[prize.id]) == (NOON + STEP, Rounded(Left.FEW))
    assert campaign.shows_left


def test_a_code_that_went_back_counts_as_left(session: Session) -> None:
    shown(session, make_campaign(session, [TierSpec("Gold", codes=10)]))
    enter(session, 1, 0)
    session.execute(
        update(Award).values(
            status="void", voided_at=NOON, held_until=NOON, lapsed_at=NOON, void_reason="not proved"
        )
    )
    session.commit()
    assert [*board(session, 10).left.values()] == [Rounded(Left.MANY, 10)]


def test_visitors_ask_nothing_more(app: Flask, client: FlaskClient, session: Session) -> None:
    shown(session, make_campaign(session))
    client.get("/c/summer")
    with counted(app) as said:
        answer = client.get("/c/summer")
    assert "left" in answer.get_data(as_text=True)
    assert len(said) == 2, said


def test_while_one_counts_others_are_told_what_was_counted_before(session: Session) -> None:
    campaign = shown(session, make_campaign(session, [TierSpec("Gold", codes=10)]))
    before = board(session, 0)
    enter(session, 1, 1)
    with prizes_left._turn:
        assert board(session, 10) == before
    assert board(session, 10) != before
    assert campaign.shows_left


def test_the_first_of_all_is_waited_for(session: Session) -> None:
    shown(session, make_campaign(session))
    with prizes_left._turn:
        waiting = threading.Thread(target=lambda: board(session, 0))
        waiting.start()
        assert not prizes_left._counted
    waiting.join()
    assert prizes_left._counted


def test_what_is_remembered_has_an_end(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prizes_left, "MOST_REMEMBERED", 0)
    for slug in ("summer", "winter"):
        shown(session, make_campaign(session, slug=slug, seed=1 + (slug == "winter")))
        landing.landing_page(session, slug, now=NOON)
    landing.landing_page(session, "summer", now=NOON)
    assert len(prizes_left._counted) == 1


def test_it_is_part_of_the_plan(session: Session) -> None:
    campaign = shown(session, make_campaign(session))
    plan = plan_of(campaign)
    assert plan.shows_left
    copy = campaigns.create(
        session,
        replace(plan, slug="copy"),
        actor=COMMAND_LINE,
        now=NOON,
        rng=FakeRng(7),
        vault=VAULT,
    )
    assert copy.shows_left
