"""64 people at once on 10 codes, every entry winning while there is stock: 10 winners, 54 honest losers.

The controls take the claim's guard out, and the promise breaks, on both databases: the race is real.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.adapters.database import Isolation, Limits
from app.domain.outcomes import Lost, Outcome, Won
from app.services import entries
from tests.race.books import broken_promises, read_books
from tests.race.crowd import engine_for, enter, enter_patiently, together
from tests.race.tables import create_tables_without
from tests.race.unguarded import Asking, claim_what_was_seen
from tests.race.visitor import Answer, Visitor
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON
from tests.support.site import THREADS, running_site

pytestmark = pytest.mark.race

PEOPLE, CODES = 64, 10
STOCK = [TierSpec("Gold", codes=CODES)]


@dataclass(frozen=True, slots=True)
class Tally:
    """What a crowd was told: how many won, with how many different codes; lost; met an error."""

    winners: int
    codes: int
    losers: int
    errors: int


KEPT = Tally(winners=CODES, codes=CODES, losers=PEOPLE - CODES, errors=0)


def tally(outcomes: Sequence[Outcome | Exception]) -> Tally:
    codes = [outcome.code for outcome in outcomes if isinstance(outcome, Won)]
    losers = sum(isinstance(outcome, Lost) for outcome in outcomes)
    return Tally(len(codes), len(set(codes)), losers, len(outcomes) - len(codes) - losers)


def tally_http(answers: Sequence[Answer | Exception]) -> Tally:
    good = [answer.data for answer in answers if isinstance(answer, Answer) and answer.status == 200]
    codes = [data["code"] for data in good if data["outcome"] == "won"]
    losers = sum(data["outcome"] == "lost" for data in good)
    return Tally(len(codes), len(set(codes)), losers, len(answers) - len(codes) - losers)


def send_all(port: int) -> Tally:
    visitors = [Visitor(port) for _ in range(PEOPLE)]
    for number, visitor in enumerate(visitors, 1):
        visitor.prepare(number)
    return tally_http(together(PEOPLE, lambda number: visitors[number].send()))


def processes_for(database_url: str) -> int:
    return 1 if database_url.startswith("sqlite") else 2


def test_ten_codes_have_ten_winners(session: Session, database_url: str) -> None:
    make_campaign(session, STOCK)
    with engine_for(database_url, PEOPLE) as engine:
        outcomes = together(PEOPLE, lambda number: enter(engine, submission(number)))
        books = read_books(engine)
        assert broken_promises(engine) == []
    assert tally(outcomes) == KEPT
    assert (books.entries, books.awards, books.awarded, books.won, books.free) == (
        PEOPLE,
        CODES,
        CODES,
        CODES,
        0,
    )


@pytest.mark.parametrize("databases", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_ten_codes_have_ten_winners_also_when_units_are_serializable(
    session: Session, database_url: str
) -> None:
    make_campaign(session, STOCK)
    with engine_for(database_url, PEOPLE, limits=Limits(Isolation.SERIALIZABLE)) as engine:
        outcomes = together(PEOPLE, lambda number: enter_patiently(engine, submission(number)))
        assert broken_promises(engine) == []
    assert tally(outcomes) == KEPT


def test_ten_codes_have_ten_winners_over_http(session: Session, database_url: str, tmp_path: Path) -> None:
    make_campaign(session, STOCK)
    with running_site(database_url, tmp_path, processes=processes_for(database_url)) as port:
        assert send_all(port) == KEPT
    with engine_for(database_url, 1) as engine:
        books = read_books(engine)
        assert broken_promises(engine) == []
    assert (books.entries, books.awards, books.awarded, books.won, books.free) == (
        PEOPLE,
        CODES,
        CODES,
        CODES,
        0,
    )


def _enter_unguarded(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Tally:
    monkeypatch.setattr(entries, "claim", claim_what_was_seen)
    ask_then_write = Asking(PEOPLE)

    with engine_for(database_url, PEOPLE) as engine:

        def submit(number: int) -> Outcome:
            with Session(engine, expire_on_commit=False) as own:
                return ask_then_write(own, submission(number), now=NOON, rng=SystemRng(), vault=VAULT)

        return tally(together(PEOPLE, submit))


def test_control_without_the_guard_the_constraint_has_to_step_in(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_campaign(session, STOCK)
    assert _enter_unguarded(database_url, monkeypatch) == Tally(1, 1, 0, errors=PEOPLE - 1)


def test_control_without_guard_and_constraint_a_code_is_given_to_everyone(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine_for(empty_database_url, 1) as engine, Session(engine) as session:
        create_tables_without(engine, "award", "code_id")
        make_campaign(session, STOCK)
    assert _enter_unguarded(empty_database_url, monkeypatch) == Tally(PEOPLE, 1, 0, 0)


def test_control_without_the_guard_over_http(session: Session, database_url: str, tmp_path: Path) -> None:
    make_campaign(session, STOCK)
    module = "tests.race.wsgi_unguarded:app"
    with running_site(database_url, tmp_path, processes=processes_for(database_url), module=module) as port:
        broken = send_all(port)
    assert broken != KEPT
    assert broken.errors >= THREADS - 1
