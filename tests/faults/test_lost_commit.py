"""The connection is lost during the commit, which took place all the same: nothing is done a second time."""

from collections.abc import Callable
from itertools import count

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.domain.errors import CommitUnknown
from app.domain.outcomes import Won
from app.services import codes, prizes
from app.services.audit import COMMAND_LINE
from tests.faults.gremlin import Fault, Gremlin, attempt, haunted_engine
from tests.race.books import broken_promises, read_books
from tests.race.crowd import enter
from tests.support.factories import TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

pytestmark = pytest.mark.race


def number_of_calls(engine: Engine, gremlin: Gremlin, work: Callable[[], object]) -> int:
    """How many calls the work makes up to its commit, and with it, on a connection that is there."""
    engine.connect().close()
    with gremlin.loose(Fault.LOCKED, first=1_000_000):
        work()
    return gremlin.calls_to_last_commit


def test_codes_are_not_generated_twice(session: Session, database_url: str) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=0)])
    prize_id = prizes.listing(session, campaign.id)[0].id
    gremlin, numbers = Gremlin(), count(1)
    with haunted_engine(database_url, gremlin) as engine:

        def generate() -> int:
            rng = FakeRng(next(numbers))
            with Session(engine) as staff:
                return codes.generate_codes(staff, prize_id, 30, actor=COMMAND_LINE, now=NOON, rng=rng)

        calls = number_of_calls(engine, gremlin, generate)
        with gremlin.loose(Fault.REPLY_LOST, calls):
            told = attempt(generate)
        books = read_books(engine)
        assert broken_promises(engine) == []
    assert books.free == 2 * 30
    assert isinstance(told, CommitUnknown)


def test_an_entry_is_told_what_was_stored(session: Session, database_url: str) -> None:
    make_campaign(session)
    gremlin = Gremlin()
    with haunted_engine(database_url, gremlin) as engine:
        calls = number_of_calls(engine, gremlin, lambda: enter(engine, submission(1)))
        with gremlin.loose(Fault.REPLY_LOST, calls):
            told = attempt(lambda: enter(engine, submission(2)))
        assert gremlin.struck
        assert isinstance(told, Won)
        assert told == enter(engine, submission(2))
        assert read_books(engine).entries == 2
        assert broken_promises(engine) == []
