"""Counts by quarters: the same however much of them is added up."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.eligibility import EntryLimit
from app.domain.timeline import quarter_of
from app.models import Campaign, QuarterCount, Watch
from app.services import campaigns, counts
from app.services.audit import COMMAND_LINE
from app.services.counts import Counted
from app.services.entries import submit_entry
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

DAY = timedelta(days=1)


def enter(session: Session, number: int, now: datetime, person: int = 0) -> None:
    email = f"person{person or number}@example.org"
    submit_entry(session, submission(number, email=email), now=now, rng=FakeRng(number), vault=VAULT)


def some_entries(session: Session) -> Campaign:
    """Two people on the first day, one of them again and a new one on the next, under other odds."""
    campaign = make_campaign(session, [TierSpec("Gold", codes=2)], limit=EntryLimit.DAILY)
    enter(session, 1, NOON)
    enter(session, 2, NOON + timedelta(minutes=14))
    enter(session, 3, NOON + timedelta(minutes=15), person=5)
    campaigns.set_lose_weight(session, campaign.id, 1, actor=COMMAND_LINE, now=NOON + DAY)
    enter(session, 4, NOON + DAY, person=1)
    enter(session, 6, NOON + DAY)
    return campaign


def expected(campaign: Campaign) -> list[Counted]:
    first, next_day = quarter_of(NOON), quarter_of(NOON + DAY)
    before = campaign.odds_version - 1
    return [
        Counted(first, 2, 2, before, 2),
        Counted(first + 1, 1, 0, before, 1),
        Counted(next_day, 2, 0, before + 1, 1),
    ]


def stored(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(QuarterCount)) or 0


def test_counts_are_the_same_at_each_step_of_adding_up(session: Session) -> None:
    campaign = campaigns.get(session, some_entries(session).slug)
    now = NOON + DAY + timedelta(hours=1)
    assert counts.counted(session, campaign.id) == expected(campaign)
    steps = 0
    while counts.count_on(session, campaign.id, now=now):
        steps += 1
        assert counts.counted(session, campaign.id) == expected(campaign)
    assert steps == 2
    assert stored(session) == 3
    assert counts.counted(session, campaign.id, NOON + timedelta(minutes=15)) == expected(campaign)[1:]
    enter(session, 7, now)
    assert sum(row.entries for row in counts.counted(session, campaign.id)) == 6


def test_a_quarter_that_may_still_grow_is_not_added_up(session: Session) -> None:
    campaign = some_entries(session)
    assert not counts.count_on(session, campaign.id, now=NOON + timedelta(minutes=24, seconds=59))
    assert counts.count_on(session, campaign.id, now=NOON + timedelta(minutes=25))
    assert stored(session) == 1
    assert not counts.count_on(session, campaign.id, now=NOON + timedelta(minutes=25))


def test_a_worker_that_comes_second_adds_nothing(session: Session) -> None:
    campaign = some_entries(session)
    until = quarter_of(NOON + timedelta(hours=1))
    assert counts._store(session, campaign.id, until)
    assert not counts._store(session, campaign.id, until)
    assert session.scalars(select(Watch.counted_until)).one() == until


def test_a_campaign_without_entries_has_no_counts(session: Session) -> None:
    campaign = make_campaign(session)
    assert not counts.count_on(session, campaign.id, now=NOON)
    assert counts.counted(session, campaign.id) == []
