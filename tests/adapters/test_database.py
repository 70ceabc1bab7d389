"""What the databases are told so that nobody waits for ever, and that writers are kept apart as asked."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.adapters import database
from app.adapters.database import Isolation, Limits, connect_options, is_retryable, prepare_engine
from app.domain.errors import Busy
from app.models import Entrant
from app.services import uow
from app.services.uow import unit_of_work
from tests.race.crowd import engine_for
from tests.support.fakes import NOON

only_postgres = pytest.mark.parametrize(
    "databases", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
only_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@unit_of_work
def add_entrant(session: Session, name: str = "ayse") -> None:
    session.add(Entrant(id=uuid4(), email_key=f"{name}@example.org", created_at=NOON))


@unit_of_work
def rename(session: Session) -> None:
    session.scalars(select(Entrant).with_for_update()).one().email_key = "other@example.org"


# --- PostgreSQL ---------------------------------------------------------------------------------------------


@only_postgres
def test_every_connection_has_its_limits_also_after_a_rollback(session: Session) -> None:
    for _ in range(2):
        told = [
            session.scalar(text(f"SHOW {name}"))
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        ]
        assert told == ["1s", "1min", "1min"]
        session.rollback()


@only_postgres
def test_a_row_that_somebody_holds_is_tried_again_and_then_given_up(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_entrant(session)
    monkeypatch.setattr(uow, "MAX_ATTEMPTS", 1)
    with engine_for(database_url, 1) as other, other.begin() as holder:
        holder.execute(text("SELECT FROM entrant FOR UPDATE"))
        with pytest.raises(Busy) as caught:
            rename(session)
    error = caught.value.__cause__
    assert isinstance(error, OperationalError)
    assert is_retryable(error)
    rename(session)
    assert session.scalars(select(Entrant.email_key)).one() == "other@example.org"


@only_postgres
def test_a_row_that_is_let_go_meanwhile_is_had_in_the_end(session: Session, database_url: str) -> None:
    add_entrant(session)
    runs: list[int] = []
    with engine_for(database_url, 1) as other, other.connect() as holder:
        holder.execute(text("SELECT FROM entrant FOR UPDATE"))

        @unit_of_work
        def insist(own: Session) -> None:
            runs.append(1)
            if len(runs) == 2:
                holder.rollback()
            own.execute(text("SELECT FROM entrant FOR UPDATE"))

        insist(session)
    assert len(runs) == 2


@only_postgres
def test_a_statement_that_takes_too_long_is_ended_and_told_as_busy(
    session: Session, database_url: str
) -> None:
    @unit_of_work
    def dream(own: Session) -> None:
        own.execute(select(func.pg_sleep(60)))

    with engine_for(database_url, 1, limits=Limits(statement_seconds=1)) as engine, Session(engine) as own:
        with pytest.raises(Busy):
            dream(own)
        add_entrant(own)


@only_postgres
@pytest.mark.parametrize(
    ("level", "expected"),
    [(Isolation.READ_COMMITTED, "read committed"), (Isolation.SERIALIZABLE, "serializable")],
)
def test_write_units_are_kept_apart_as_asked_and_readers_never_are(
    session: Session, database_url: str, level: Isolation, expected: str
) -> None:
    @unit_of_work
    def ask(own: Session) -> object:
        return own.scalar(text("SHOW transaction_isolation"))

    with engine_for(database_url, 1, limits=Limits(level)) as engine, Session(engine) as own:
        assert ask(own) == expected
        assert own.scalar(text("SHOW transaction_isolation")) == "read committed"
        own.rollback()
        assert ask(own) == expected


def test_the_address_of_the_database_has_the_last_word() -> None:
    ours = connect_options("postgresql+psycopg://db.example.org/win?connect_timeout=30")
    assert "connect_timeout" not in ours
    assert ours["tcp_user_timeout"] > ours["keepalives_idle"]


# --- SQLite -------------------------------------------------------------------------------------------------


@contextmanager
def foreign_lock(url: str) -> Iterator[None]:
    """Another program, which knows nothing of our queue, holds the write lock."""
    foreign = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        foreign.execute("ROLLBACK")
        foreign.close()


@only_sqlite
def test_once_a_wait_was_in_vain_others_only_take_a_look_until_one_gets_through(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "FOREIGN_SECONDS", 0.2)
    with foreign_lock(database_url):
        with pytest.raises(Busy):
            add_entrant(session, "first")
        monkeypatch.setattr(database, "FOREIGN_SECONDS", 3600)
        with pytest.raises(Busy):
            add_entrant(session, "second")
    add_entrant(session, "third")
    assert session.scalars(select(Entrant.email_key)).all() == ["third@example.org"]
    monkeypatch.setattr(database, "FOREIGN_SECONDS", 0.2)
    with foreign_lock(database_url), pytest.raises(Busy):
        add_entrant(session, "fourth")


@only_sqlite
def test_the_wait_for_the_file_and_for_sqlite_have_one_deadline(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn that spent its time on the lock file has none left for SQLite's own lock."""
    monkeypatch.setattr(database, "FOREIGN_SECONDS", 3600)
    engine: Engine = session.get_bind().engine
    lock_file = database._queues[engine]._lock_file

    def take_all_the_time() -> None:
        lock_file()
        database._queues[engine]._until = time.monotonic()

    monkeypatch.setattr(database._queues[engine], "_lock_file", take_all_the_time)
    with foreign_lock(database_url), pytest.raises(Busy):
        add_entrant(session)


@only_sqlite
def test_an_engine_is_prepared_once(session: Session) -> None:
    engine: Engine = session.get_bind().engine
    queue = database._queues[engine]
    prepare_engine(engine)
    assert database._queues[engine] is queue
