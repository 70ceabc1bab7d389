"""The connection is lost during the commit, which took place all the same: nothing is done a second time."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.domain.code_list import read_code_list
from app.domain.errors import CommitUnknown
from app.domain.outcomes import Won
from app.services import codes, prizes, uow
from app.services.audit import COMMAND_LINE
from tests.faults.gremlin import Fault, Gremlin, attempt, haunted_engine
from tests.race.books import broken_promises, read_books
from tests.race.crowd import enter
from tests.support.factories import TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

pytestmark = pytest.mark.race

CODES = 30


def generate_losing_the_reply(session: Session, engine: Engine, gremlin: Gremlin) -> object:
    """Generate codes, and lose the connection right after they were committed."""
    campaign = make_campaign(session, [TierSpec("Gold", codes=0)])
    prize_id = prizes.listing(session, campaign.id)[0].id
    with gremlin.loose(Fault.REPLY_LOST, 1, only_commits=True), Session(engine) as staff:
        told = attempt(
            lambda: codes.generate_codes(staff, prize_id, CODES, actor=COMMAND_LINE, now=NOON, rng=FakeRng(1))
        )
    assert gremlin.struck
    assert broken_promises(engine) == []
    return told


def test_codes_are_not_generated_twice(session: Session, database_url: str) -> None:
    gremlin = Gremlin()
    with haunted_engine(database_url, gremlin) as engine:
        told = generate_losing_the_reply(session, engine, gremlin)
        assert read_books(engine).free == CODES
    assert isinstance(told, CommitUnknown)


def test_control_codes_are_generated_twice_by_who_tries_again(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uow, "_commit_once", Session.commit)
    gremlin = Gremlin()
    with haunted_engine(database_url, gremlin) as engine:
        told = generate_losing_the_reply(session, engine, gremlin)
        assert read_books(engine).free == 2 * CODES
    assert told == CODES


def test_a_list_is_not_imported_twice(session: Session, database_url: str) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=0)])
    prize_id = prizes.listing(session, campaign.id)[0].id
    code_list = read_code_list(f"CUP-{number}\n" for number in range(CODES))
    gremlin = Gremlin()
    with haunted_engine(database_url, gremlin) as engine, Session(engine) as staff:
        with gremlin.loose(Fault.REPLY_LOST, 1, only_commits=True):
            told = attempt(
                lambda: codes.import_codes(
                    staff, prize_id, code_list, actor=COMMAND_LINE, now=NOON, rng=FakeRng(1)
                )
            )
        assert gremlin.struck
        assert read_books(engine).free == CODES
        assert broken_promises(engine) == []
    assert isinstance(told, CommitUnknown)


def test_an_entry_is_told_what_was_stored(session: Session, database_url: str) -> None:
    make_campaign(session)
    gremlin = Gremlin()
    with haunted_engine(database_url, gremlin) as engine:
        with gremlin.loose(Fault.REPLY_LOST, 1, only_commits=True):
            told = attempt(lambda: enter(engine, submission(1)))
        assert gremlin.struck
        assert isinstance(told, Won)
        assert told == enter(engine, submission(1))
        assert read_books(engine).entries == 1
        assert broken_promises(engine) == []
