"""A prize is removed while people enter: what is won stays won, the rest is withdrawn, nothing is in both."""

import threading

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.outcomes import Lost, Outcome, Won
from app.models import Code, CodeStatus
from app.services import prizes
from app.services.audit import COMMAND_LINE
from tests.race.books import broken_promises, read_books
from tests.race.crowd import engine_for, enter, together
from tests.support.factories import TierSpec, make_campaign, submission
from tests.support.fakes import NOON

pytestmark = pytest.mark.race

PEOPLE, CODES = 60, 100


def test_withdrawn_and_won_are_all_there_is(session: Session, database_url: str) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=CODES)])
    prize_id = prizes.listing(session, campaign.id)[0].id
    some_have_won = threading.Semaphore(0)

    with engine_for(database_url, PEOPLE + 1) as engine:

        def take_part(number: int) -> Outcome | int:
            if number:
                outcome = enter(engine, submission(number))
                some_have_won.release()
                return outcome
            for _ in range(10):
                some_have_won.acquire(timeout=10)
            with Session(engine) as staff:
                return prizes.remove(staff, prize_id, actor=COMMAND_LINE, now=NOON)

        withdrawn, *outcomes = together(1 + PEOPLE, take_part)
        books = read_books(engine)
        assert broken_promises(engine) == []

    won = [outcome.code for outcome in outcomes if isinstance(outcome, Won)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, Lost)]
    assert len(won) + len(lost) == PEOPLE, outcomes
    assert len(set(won)) == len(won) >= 10
    assert (books.withdrawn, books.won, books.free) == (withdrawn, len(won), 0)
    assert books.withdrawn + books.won == CODES
    session.rollback()
    assert not set(won) & set(session.scalars(select(Code.text).where(Code.status == CodeStatus.WITHDRAWN)))
