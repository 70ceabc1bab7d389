"""The clock is set back an hour: nothing stored changes, no limit is counted twice, the order holds."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.domain.eligibility import EntryLimit
from app.domain.outcomes import Lost, Outcome, RefusalReason, Refused, Won
from app.models import Entry
from app.services.entries import Submission, submit_entry
from tests.race.books import broken_promises
from tests.race.crowd import engine_for
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

pytestmark = pytest.mark.race

HOUR = timedelta(hours=1)


def enter_at(engine: Engine, person: Submission, moment: datetime) -> Outcome:
    rng = FakeRng(int.from_bytes(person.nonce))
    with Session(engine) as session:
        return submit_entry(session, person, now=moment, rng=rng, vault=VAULT)


def test_what_was_drawn_stays_and_people_go_on_entering(session: Session, database_url: str) -> None:
    make_campaign(session, [TierSpec("Gold", codes=6)], limit=EntryLimit.DAILY, timezone="Europe/Istanbul")
    session.rollback()
    with engine_for(database_url, 1) as engine:
        before = [enter_at(engine, submission(number), NOON) for number in range(1, 4)]
        again = [enter_at(engine, submission(number), NOON - HOUR) for number in range(1, 4)]
        later = [enter_at(engine, submission(number), NOON - HOUR) for number in range(4, 9)]
        assert again == before
        assert [type(outcome) for outcome in later] == [Won] * 3 + [Lost] * 2
        assert broken_promises(engine) == []
    stored = session.execute(select(Entry.id, Entry.created_at).order_by(Entry.id)).all()
    assert [row.created_at for row in stored] == sorted(row.created_at for row in stored)


def test_over_midnight_and_back_everybody_has_one_entry_a_day(session: Session, database_url: str) -> None:
    make_campaign(session, [TierSpec("Gold", codes=9)], limit=EntryLimit.DAILY, timezone="Europe/Istanbul")
    session.rollback()
    evening = NOON.replace(hour=20, minute=30)  # half past eleven in Istanbul
    with engine_for(database_url, 1) as engine:

        def enter(number: int, moment: datetime) -> Outcome:
            return enter_at(engine, submission(number, email="ayse@example.org"), moment)

        assert isinstance(enter(1, evening), Won)
        assert isinstance(enter(2, evening + HOUR), Won)
        for number, moment in ((3, evening), (4, evening + HOUR), (5, evening)):
            refused = enter(number, moment)
            assert isinstance(refused, Refused)
            assert refused.reason is RefusalReason.ALREADY_ENTERED_TODAY
        assert broken_promises(engine) == []


def test_before_the_start_once_more_nobody_new_comes_in(session: Session, database_url: str) -> None:
    make_campaign(session, opens_at=NOON - HOUR / 2)
    session.rollback()
    with engine_for(database_url, 1) as engine:
        told = enter_at(engine, submission(1), NOON)
        assert enter_at(engine, submission(1), NOON - HOUR) == told
        assert enter_at(engine, submission(2), NOON - HOUR) == Refused(RefusalReason.NOT_OPEN)
        assert broken_promises(engine) == []
