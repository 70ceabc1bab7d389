"""Refusals are counted in memory and stored together."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import Busy
from app.models import RefusalCount
from app.services import tallies
from app.services.refusals import STORE, by_reason
from app.services.tallies import MOST_KEPT, Tally, flush
from tests.support.factories import make_campaign
from tests.support.fakes import NOON


def test_counts_add_up_over_processes_and_hours(session: Session) -> None:
    campaign = make_campaign(session)
    one, other = Tally(), Tally()
    for tally in (one, other, one):
        tally.count("summer", "paused", now=NOON)
        tally.count("summer", "form", now=NOON + timedelta(hours=1))
        tally.count("summer", "form", now=NOON)
        flush(session, tally, STORE)
    assert by_reason(session, campaign.id) == [("form", 6), ("paused", 3)]
    assert session.scalar(select(func.count()).select_from(RefusalCount)) == 3


def test_what_was_stored_is_not_stored_again(session: Session) -> None:
    campaign = make_campaign(session)
    tally = Tally()
    tally.count("summer", "paused", now=NOON)
    flush(session, tally, STORE)
    flush(session, tally, STORE)
    assert by_reason(session, campaign.id) == [("paused", 1)]


def test_campaigns_that_do_not_exist_cost_nothing(session: Session) -> None:
    campaign = make_campaign(session)
    tally = Tally()
    for number in range(MOST_KEPT + 5):
        tally.count(f"none-{number}", "paused", now=NOON)
    tally.count("No Slug", "paused", now=NOON)
    assert len(tally.take()) == MOST_KEPT
    tally.count("none", "paused", now=NOON)
    flush(session, tally, STORE)
    assert by_reason(session, campaign.id) == []


def test_a_crowded_moment_loses_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_campaign(session)
    tally = Tally()
    tally.count("summer", "paused", now=NOON)

    def busy(*_args: object) -> None:
        raise Busy

    with monkeypatch.context() as crowded:
        crowded.setattr(tallies, "_keep", busy)
        with pytest.raises(Busy):
            flush(session, tally, STORE)
    tally.count("summer", "paused", now=NOON)
    flush(session, tally, STORE)
    assert by_reason(session, campaign.id) == [("paused", 2)]
