"""The unit of work: committed whole or not at all, repeated when others were in the way, never nested."""

import sqlite3
import threading
from contextlib import suppress
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import Busy
from app.models import Entrant
from app.services.uow import MAX_ATTEMPTS, TryAgain, unit_of_work
from tests.support.fakes import NOON


def add_entrant(session: Session, address: str = "a@example.org") -> None:
    session.add(Entrant(id=uuid4(), email_key=address, created_at=NOON))
    session.flush()


def people(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Entrant)) or 0


def test_it_commits_what_the_service_did(session: Session) -> None:
    unit_of_work(add_entrant)(session)
    session.rollback()
    assert people(session) == 1


def test_it_undoes_everything_when_the_service_raises(session: Session) -> None:
    @unit_of_work
    def service(session: Session) -> None:
        add_entrant(session)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        service(session)
    assert people(session) == 0


def test_it_runs_again_when_others_were_in_the_way(session: Session) -> None:
    runs = []

    @unit_of_work
    def service(session: Session) -> int:
        runs.append(people(session))
        add_entrant(session)
        if len(runs) < 3:
            raise TryAgain
        return len(runs)

    assert service(session) == 3
    assert runs == [0, 0, 0], "each run starts from what is committed"
    assert people(session) == 1


def test_it_gives_up_in_the_end(session: Session) -> None:
    runs = []

    @unit_of_work
    def service(_session: Session) -> None:
        runs.append(1)
        raise TryAgain

    with pytest.raises(Busy):
        service(session)
    assert len(runs) == MAX_ATTEMPTS


def test_units_do_not_nest(session: Session) -> None:
    inner = unit_of_work(add_entrant)

    @unit_of_work
    def outer(session: Session) -> None:
        inner(session)

    with pytest.raises(RuntimeError, match="inside another"):
        outer(session)
    inner(session)
    assert people(session) == 1, "the refusal leaves the session usable"


def test_what_was_read_before_is_forgotten(session: Session) -> None:
    """A snapshot taken earlier would hide what others committed since."""
    engine = session.get_bind()
    assert people(session) == 0
    with Session(engine) as other:
        unit_of_work(add_entrant)(other)

    assert unit_of_work(people)(session) == 1


def test_other_database_errors_pass_through(session: Session) -> None:
    @unit_of_work
    def service(session: Session) -> None:
        session.execute(select(func.no_such_function()))

    with pytest.raises(Exception, match="no_such_function"):
        service(session)


@pytest.mark.race
def test_two_who_add_the_same_person_settle_it_by_the_constraint(session: Session) -> None:
    """A unique violation makes the unit run again, and then it sees who was first."""
    engine = session.get_bind()
    both_have_looked = threading.Barrier(2, timeout=5)
    results: list[str] = []

    @unit_of_work
    def find_or_add(session: Session) -> str:
        found = session.scalars(select(Entrant)).one_or_none()
        if session.get_bind().dialect.name == "postgresql" and not both_have_looked.broken and not results:
            with suppress(threading.BrokenBarrierError):
                both_have_looked.wait(1)
        if found is not None:
            return "found"
        add_entrant(session)
        return "added"

    def run() -> None:
        with Session(engine) as own:
            results.append(find_or_add(own))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(results) == ["added", "found"]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_foreign_writer_is_reported_as_busy_and_readers_go_on(session: Session, database_url: str) -> None:
    """Another program that holds SQLite's write lock does not know our queue."""
    session.connection().exec_driver_sql("PRAGMA busy_timeout = 50")
    foreign = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(Busy):
            unit_of_work(add_entrant)(session)
        assert people(session) == 0
    finally:
        foreign.execute("ROLLBACK")
        foreign.close()
    unit_of_work(add_entrant)(session)
    assert people(session) == 1
