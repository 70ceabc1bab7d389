"""30 copies of one submission at once: one entry, one spent challenge, 30 identical answers.

The control leaves only the look for a stored entry, without the constraint: everybody looks before anybody
writes, and one nonce makes 30 entries.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.domain.outcomes import Lost, Outcome, RefusalReason, Refused, Won
from app.services import entries
from app.services.entries import Submission
from tests.race.books import broken_promises, read_books
from tests.race.crowd import engine_for, enter, enter_alone, together
from tests.race.tables import create_tables_without
from tests.race.unguarded import look
from tests.race.visitor import Answer, Visitor
from tests.support.factories import TierSpec, make_campaign, submission
from tests.support.site import running_site

pytestmark = pytest.mark.race

COPIES = 30


def test_copies_of_one_submission_get_one_answer(session: Session, database_url: str) -> None:
    make_campaign(session)
    with engine_for(database_url, COPIES) as engine:
        outcomes = together(COPIES, lambda _number: enter(engine, submission(1)))
        books = read_books(engine)
        assert broken_promises(engine) == []
    assert isinstance(outcomes[0], Won)
    assert outcomes == [outcomes[0]] * COPIES
    assert (books.entries, books.entrants, books.awards, books.won, books.spent) == (1, 1, 1, 1, 1)


def test_copies_with_challenges_of_their_own_get_one_answer(session: Session, database_url: str) -> None:
    """A browser that solves anew for every try still means one entry."""
    make_campaign(session)
    with engine_for(database_url, COPIES) as engine:
        copies = [replace(submission(1), captcha=submission(number).captcha) for number in range(COPIES)]
        outcomes = together(COPIES, lambda number: enter(engine, copies[number]))
        books = read_books(engine)
        assert broken_promises(engine) == []
    assert isinstance(outcomes[0], Won)
    assert outcomes == [outcomes[0]] * COPIES
    assert (books.entries, books.awards, books.won) == (1, 1, 1)


@pytest.mark.parametrize(("weight", "outcome"), [(1, "won"), (0, "lost")])
def test_copies_of_one_form_get_one_answer_byte_for_byte(
    session: Session, database_url: str, tmp_path: Path, weight: int, outcome: str
) -> None:
    make_campaign(session, [TierSpec("Gold", weight)], lose_weight=1 - weight)
    processes = 1 if database_url.startswith("sqlite") else 2
    with running_site(database_url, tmp_path, processes=processes) as port:
        visitor = Visitor(port)
        visitor.prepare(1)
        twins = [visitor.twin(port) for _ in range(COPIES)]
        answers = together(COPIES, lambda number: twins[number].send())
        later = visitor.send()
    assert isinstance(answers[0], Answer)
    assert (answers[0].status, answers[0].data["outcome"]) == (200, outcome)
    assert answers == [answers[0]] * COPIES
    assert later == answers[0]
    with engine_for(database_url, 1) as engine:
        books = read_books(engine)
        assert broken_promises(engine) == []
    assert (books.entries, books.awards, books.spent) == (1, weight, 1)


def from_many_people(submit: Callable[[Submission], Outcome]) -> list[Outcome | Exception]:
    nonce = submission(1).nonce
    return together(COPIES, lambda number: submit(submission(number + 1, nonce=nonce)))


def test_one_nonce_belongs_to_one_person(session: Session, database_url: str) -> None:
    make_campaign(session, [TierSpec("Gold", codes=COPIES)])
    with engine_for(database_url, COPIES) as engine:
        outcomes = from_many_people(partial(enter, engine))
        assert read_books(engine).entries == 1
    assert sum(isinstance(outcome, Won) for outcome in outcomes) == 1
    assert outcomes.count(Refused(RefusalReason.NONCE_USED)) == COPIES - 1


def test_control_a_look_without_the_constraint_lets_everybody_in(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine_for(empty_database_url, 1) as engine, Session(engine) as session:
        create_tables_without(engine, "entry", "campaign_id", "nonce")
        make_campaign(session, [TierSpec("Gold", codes=COPIES)])
    everybody_has_looked = threading.Barrier(COPIES, timeout=10)

    def look_together(*args: Any) -> Any:
        found = look(*args)
        everybody_has_looked.wait()
        return found

    # The write queue, and a write before the look, would keep the others waiting on SQLite: both go too.
    monkeypatch.setattr(entries, "_spend", look_together)
    with engine_for(empty_database_url, COPIES, prepared=False) as engine:
        outcomes = from_many_people(partial(enter_alone, engine))
        assert read_books(engine).entries == COPIES
    assert all(isinstance(outcome, Won | Lost) for outcome in outcomes)
