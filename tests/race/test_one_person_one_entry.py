"""20 submissions of one person at once, under 20 nonces and 20 spellings of the address: one is drawn.

The control leaves only the look for an earlier entry, without the constraint: all 20 are drawn.
"""

import threading
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.domain.outcomes import RefusalReason, Refused, Won
from app.services import entries
from app.services.entries import Submission
from tests.race.books import broken_promises, read_books
from tests.race.crowd import engine_for, enter, enter_alone, together
from tests.race.tables import create_tables_without
from tests.race.unguarded import look
from tests.support.factories import TierSpec, make_campaign, submission

pytestmark = pytest.mark.race

TRIES = 20
STOCK = [TierSpec("Gold", codes=TRIES)]


def spelling(number: int) -> Submission:
    """A nonce, a challenge and a spelling of the same mailbox, all different for each number."""
    dots = "".join(letter + "." * (number >> place & 1) for place, letter in enumerate("aysek"))
    return submission(number + 1, email=f"{dots}aya+try{number}@gmail.com")


def test_one_person_is_drawn_once(session: Session, database_url: str) -> None:
    make_campaign(session, STOCK)
    with engine_for(database_url, TRIES) as engine:
        outcomes = together(TRIES, lambda number: enter(engine, spelling(number)))
        books = read_books(engine)
        assert broken_promises(engine) == []
    assert sum(isinstance(outcome, Won) for outcome in outcomes) == 1
    assert outcomes.count(Refused(RefusalReason.ALREADY_ENTERED)) == TRIES - 1
    assert (books.entries, books.entrants, books.won, books.spent) == (1, 1, 1, TRIES)


def test_control_a_look_without_the_constraint_draws_every_try(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine_for(empty_database_url, 1) as engine, Session(engine) as session:
        create_tables_without(engine, "entry", "campaign_id", "entrant_id", "period")
        make_campaign(session, slug="spring")
        enter(engine, submission(99, campaign="spring", email="aysekaya@gmail.com"))  # a known person
        make_campaign(session, STOCK, seed=1)
    everybody_has_looked = threading.Barrier(TRIES, timeout=10)

    def look_together(*args: Any) -> Any:
        found = look(*args)
        everybody_has_looked.wait()
        return found

    # The write queue, and a write before the look, would keep the others waiting on SQLite: both go too.
    monkeypatch.setattr(entries, "_spend", look_together)
    with engine_for(empty_database_url, TRIES, prepared=False) as engine:
        outcomes = together(TRIES, lambda number: enter_alone(engine, spelling(number)))
    assert all(isinstance(outcome, Won) for outcome in outcomes)
