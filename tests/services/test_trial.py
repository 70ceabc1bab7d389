"""A trial draws as life does, and leaves nothing behind."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus, EntryLimit
from app.domain.errors import NotFound
from app.domain.outcomes import Lost, Outcome, RefusalReason, Refused, Won
from app.models import Award, Base, Campaign, Entrant
from app.services import prizes, tiers, trial
from app.services.audit import COMMAND_LINE
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng

DRAFT = CampaignStatus.DRAFT
WHO = "ayse@example.org"


def play(session: Session, campaign: Campaign, number: int = 1) -> Outcome:
    return trial.play(session, campaign, WHO, now=NOON, rng=FakeRng(number))


def test_a_draft_can_be_won_in_with_a_code_that_is_none(session: Session) -> None:
    campaign = make_campaign(session, status=DRAFT, opens_at=NOON + timedelta(days=1))
    counts = _rows(session)
    outcome = play(session, campaign)
    assert isinstance(outcome, Won)
    assert (outcome.prize, outcome.tier, outcome.email) == ("Gold prize", "Gold", WHO)
    assert outcome.code.startswith("TEST-")
    assert len(outcome.code) == len("TEST-XXXX")
    assert not session.new
    assert not session.dirty
    session.rollback()
    assert counts == _rows(session)
    assert prizes.stock_by_prize(session, campaign.id).popitem()[1].free == 10


def _rows(session: Session) -> dict[str, int | None]:
    """How many rows each table has."""
    return {
        table.name: session.scalar(select(func.count()).select_from(table))
        for table in Base.metadata.sorted_tables
    }


def test_odds_stock_and_fallback_decide_as_in_life(session: Session) -> None:
    specs = [TierSpec("Silver"), TierSpec("Gold", codes=0, fallback="Silver"), TierSpec("Dry", codes=0)]
    campaign = make_campaign(session, specs, lose_weight=1, status=DRAFT)
    seen = [play(session, campaign, number) for number in range(80)]
    won = {outcome.tier for outcome in seen if isinstance(outcome, Won)}
    lost = sum(isinstance(outcome, Lost) for outcome in seen)
    assert won == {"Silver"}, "Gold is empty and falls to Silver, Dry gives nothing"
    assert 20 < lost < 60, "half of the tickets"


def test_after_the_end_nobody_plays(session: Session) -> None:
    campaign = make_campaign(session, status=DRAFT, closes_at=NOON)
    assert play(session, campaign) == Refused(RefusalReason.CLOSED)


def test_a_win_of_each_tier_can_be_looked_at_without_stock(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=0), TierSpec("Silver")], status=DRAFT)
    bare = tiers.add(
        session, campaign.id, tiers.TierPlan("Bare", 1), actor=COMMAND_LINE, now=NOON, rng=FakeRng(3)
    )
    shown = trial.tiers_with_prizes(session, campaign.id)
    assert [tier.name for tier in shown] == ["Gold", "Silver"]
    for tier in shown:
        outcome = trial.win(session, campaign, tier.id, WHO, now=NOON, rng=FakeRng(1))
        assert isinstance(outcome, Won)
        assert outcome.tier == tier.name
    other = make_campaign(session, slug="winter", seed=5)
    elsewhere = tiers.listing(session, other.id)[0]
    for tier_id in (bare.id, elsewhere.id, uuid4()):
        with pytest.raises(NotFound):
            trial.win(session, campaign, tier_id, WHO, now=NOON, rng=FakeRng(1))


def test_no_win_tells_of_the_next_chance(session: Session) -> None:
    campaign = make_campaign(session, limit=EntryLimit.DAILY, status=DRAFT)
    assert trial.lose(campaign, now=NOON, rng=FakeRng(1)).next_chance == NOON + timedelta(hours=12)
    assert not session.scalars(select(Entrant)).all()
    assert not session.scalars(select(Award)).all()
