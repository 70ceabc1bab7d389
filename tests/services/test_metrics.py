"""Metrics: what a monitoring system is told, out of the database."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus, Phase
from app.models import Prize, RefusalCount
from app.services import counts, metrics, prizes, rollups, stock, webhook_endpoints
from app.services.audit import COMMAND_LINE
from app.services.metrics import Backlog, PrizeMetrics
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON
from tests.support.hooks import any_endpoint
from tests.support.shop import win

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "_offered", {})  # ids come out the same in other tests of this process


def test_an_empty_house_tells_nothing(session: Session) -> None:
    assert metrics.read(session, now=NOON) == metrics.Metrics((), Backlog(), Backlog())


def test_one_campaign_by_hand(session: Session) -> None:
    """Two enter in one quarter of an hour, which is added up; a third comes later and is counted live."""
    made = make_campaign(session, (TierSpec("Gold", codes=5), TierSpec("Spare", 0, codes=2)))
    win(session, 1)
    win(session, 2)
    while counts.count_on(session, made.id, now=NOON + HOUR):
        pass
    rollups.roll(session, made.id, now=NOON + HOUR)
    win(session, 3, now=NOON + HOUR)
    session.add(RefusalCount(campaign_id=made.id, quarter=1, reason="already_entered", count=4))
    session.add(RefusalCount(campaign_id=made.id, quarter=2, reason="already_entered", count=3))
    session.commit()
    told = metrics.read(session, now=NOON + 2 * HOUR)
    (one,) = told.campaigns
    assert (one.slug, one.phase, one.entries, one.wins, one.redeemed) == ("summer", Phase.LIVE, 3, 3, 0)
    assert one.added_up == HOUR
    assert one.refusals == (("already_entered", 7),)
    assert one.prizes == (
        PrizeMetrics("Gold", "Gold prize", 2, 5),
        PrizeMetrics("Spare", "Spare prize", 2, 2),
    )
    assert told.mail == Backlog(3, 2 * HOUR, 2 * HOUR)


def test_a_prize_that_is_removed_and_stock_that_changes(session: Session) -> None:
    make_campaign(session, (TierSpec("Gold", codes=3), TierSpec("Spare", 0, codes=2)))
    first = metrics.read(session, now=NOON).campaigns[0].prizes
    assert [prize.offered for prize in first] == [3, 2]
    spare = session.scalars(select(Prize).where(Prize.name == "Spare prize")).one()
    prizes.remove(session, spare.id, actor=COMMAND_LINE, now=NOON)
    assert [one.prize for one in metrics.read(session, now=NOON).campaigns[0].prizes] == ["Gold prize"]


@pytest.mark.parametrize(
    ("status", "told"), [(CampaignStatus.PAUSED, 1), (CampaignStatus.CLOSED, 0), (CampaignStatus.DRAFT, 0)]
)
def test_only_campaigns_at_work_are_told(session: Session, status: CampaignStatus, told: int) -> None:
    make_campaign(session, status=status)
    assert len(metrics.read(session, now=NOON).campaigns) == told


def test_a_scheduled_campaign_is_told(session: Session) -> None:
    make_campaign(session, opens_at=NOON + HOUR)
    assert metrics.read(session, now=NOON).campaigns[0].phase is Phase.NOT_OPEN


def test_what_waits_for_an_endpoint_that_is_off_is_no_backlog(session: Session) -> None:
    endpoint_id, _event = any_endpoint(session, now=NOON)
    make_campaign(session)
    win(session)
    told = metrics.read(session, now=NOON + HOUR).webhooks
    assert told.waiting > 0
    assert told.oldest == told.late == HOUR
    webhook_endpoints.switch(session, endpoint_id, is_on=False, actor=COMMAND_LINE, now=NOON)
    assert metrics.read(session, now=NOON + HOUR).webhooks == Backlog()
