"""A gremlin between us and the database driver: it lets some calls through and breaks the N-th.

What it does is as real as it can be. On PostgreSQL the server itself refuses or ends the session. On SQLite a
full disk takes the transaction with it, as SQLite does, and a lost connection is a closed one.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Engine, create_engine, event

from app.adapters.database import prepare_engine

T = TypeVar("T")


class Fault(StrEnum):
    """What can go wrong with one call."""

    LOCKED = "locked"  # somebody else holds what is needed; the call did nothing
    DISK_FULL = "disk full"  # the call did nothing
    LOST = "connection lost"  # before the call was made
    REPLY_LOST = "reply lost"  # the call was made, a commit is a commit; then the connection was lost


class Gremlin:
    """Counts calls, or commits alone, while it is let loose, and breaks the N-th, or all from the N-th on."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._fault: Fault | None = None
        self._first = self._calls = 0
        self._goes_on = self._only_commits = False

    @contextmanager
    def loose(
        self, fault: Fault, first: int, *, goes_on: bool = False, only_commits: bool = False
    ) -> Iterator[None]:
        """Break call number `first` within the block, or commit; with `goes_on` each one after it too."""
        with self._mutex:
            self._fault, self._first, self._goes_on, self._calls = fault, first, goes_on, 0
            self._only_commits = only_commits
        try:
            yield
        finally:
            with self._mutex:
                self._fault = None

    @property
    def struck(self) -> bool:
        """Whether the last block was long enough to have an N-th call."""
        return self._calls >= self._first

    def due(self, *, is_commit: bool = False) -> Fault | None:
        """Count one call; how it is to go wrong, if it is."""
        with self._mutex:
            if self._fault is None or (self._only_commits and not is_commit):
                return None
            self._calls += 1
            is_due = self._calls == self._first or (self._goes_on and self._calls > self._first)
            return self._fault if is_due else None


@contextmanager
def haunted_engine(url: str, gremlin: Gremlin, *, prepared: bool = True, **options: Any) -> Iterator[Engine]:
    """An engine like the application's whose every call to the driver passes the gremlin."""
    engine = create_engine(url, pool_pre_ping=url.startswith("postgresql"), **options)
    complaints = logging.getLogger("sqlalchemy.pool")  # each failure that it gets over is told at length
    usual = complaints.level
    complaints.setLevel(logging.CRITICAL + 1)
    opened: list[HauntedSqlite | HauntedPostgres] = []
    connect = _connect_sqlite if engine.dialect.name == "sqlite" else _connect_postgres

    def on_connect(_dialect: object, _record: object, args: list[Any], options: dict[str, Any]) -> Any:
        connection = connect(*args, **options)
        connection.gremlin = gremlin
        opened.append(connection)
        return connection

    event.listen(engine, "do_connect", on_connect)
    if prepared:
        prepare_engine(engine)
    try:
        yield engine
    finally:
        engine.dispose()
        complaints.setLevel(usual)
        for connection in opened:  # one that fails while it is set up is left to whoever finds it
            connection.close()


def _connect_sqlite(*args: Any, **options: Any) -> "HauntedSqlite":
    return sqlite3.connect(*args, **options, factory=HauntedSqlite)


def _connect_postgres(*args: Any, **options: Any) -> "HauntedPostgres":
    connection = HauntedPostgres.connect(*args, **options)
    connection.cursor_factory = HauntedPostgresCursor
    return connection


class HauntedSqlite(sqlite3.Connection):
    """A connection to SQLite that asks the gremlin first."""

    gremlin = Gremlin()

    def cursor(self, _factory: Any = None, /) -> Any:
        """A cursor that asks the gremlin first."""
        return super().cursor(HauntedSqliteCursor)

    def commit(self) -> None:
        """Commit, if the gremlin lets it."""
        self.guarded(super().commit, is_commit=True)

    def rollback(self) -> None:
        """Roll back, if the gremlin lets it."""
        self.guarded(super().rollback)

    def guarded(self, call: Callable[[], T], *, is_commit: bool = False) -> T:
        """Make the call, unless it is its turn to fail."""
        match self.gremlin.due(is_commit=is_commit):
            case Fault.LOCKED:
                raise _sqlite_error("SQLITE_BUSY", "database is locked")
            case Fault.DISK_FULL:
                if self.in_transaction:
                    super().rollback()
                raise _sqlite_error("SQLITE_FULL", "database or disk is full")
            case Fault.LOST:
                self._lose()
            case Fault.REPLY_LOST:
                call()
                self._lose()
        return call()  # on a closed connection this raises what SQLAlchemy knows as a lost one

    def _lose(self) -> None:
        super().rollback()  # a close alone waits for open cursors, and keeps the write lock until then
        self.close()


class HauntedSqliteCursor(sqlite3.Cursor):
    """Its cursor."""

    def execute(self, *args: Any) -> Any:
        """Execute, if the gremlin lets it."""
        return _haunted_sqlite(self).guarded(lambda: super(HauntedSqliteCursor, self).execute(*args))

    def executemany(self, *args: Any) -> Any:
        """Execute many, if the gremlin lets it."""
        return _haunted_sqlite(self).guarded(lambda: super(HauntedSqliteCursor, self).executemany(*args))


def _haunted_sqlite(cursor: sqlite3.Cursor) -> HauntedSqlite:
    assert isinstance(cursor.connection, HauntedSqlite)
    return cursor.connection


def _sqlite_error(name: str, message: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(message)
    error.sqlite_errorname = name
    return error


class HauntedPostgres(psycopg.Connection[Any]):
    """A connection to PostgreSQL that asks the gremlin first."""

    gremlin = Gremlin()

    def commit(self) -> None:
        """Commit, if the gremlin lets it."""
        self.guarded(super().commit, is_commit=True)

    def rollback(self) -> None:
        """Roll back, if the gremlin lets it."""
        self.guarded(super().rollback)

    def guarded(self, call: Callable[[], T], *, is_commit: bool = False) -> T:
        """Make the call, unless it is its turn to fail."""
        match self.gremlin.due(is_commit=is_commit):
            case Fault.LOCKED:
                self._undisturbed(_RAISE.format("55P03"))
            case Fault.DISK_FULL:
                self._undisturbed(_RAISE.format("53100"))
            case Fault.LOST:
                self._undisturbed(_END)
            case Fault.REPLY_LOST:
                call()
                self._undisturbed(_END)
        return call()

    def _undisturbed(self, statement: str) -> None:
        psycopg.Cursor(self).execute(statement.encode())


class HauntedPostgresCursor(psycopg.Cursor[Any]):
    """Its cursor."""

    def execute(self, *args: Any, **options: Any) -> Any:
        """Execute, if the gremlin lets it."""
        return _haunted_postgres(self).guarded(
            lambda: super(HauntedPostgresCursor, self).execute(*args, **options)
        )

    def executemany(self, *args: Any, **options: Any) -> Any:
        """Execute many, if the gremlin lets it."""
        return _haunted_postgres(self).guarded(
            lambda: super(HauntedPostgresCursor, self).executemany(*args, **options)
        )


def _haunted_postgres(cursor: psycopg.Cursor[Any]) -> HauntedPostgres:
    assert isinstance(cursor.connection, HauntedPostgres)
    return cursor.connection


_RAISE = "DO $$ BEGIN RAISE EXCEPTION 'a gremlin' USING ERRCODE = '{}'; END $$"
_END = "SELECT pg_terminate_backend(pg_backend_pid())"


def attempt(work: Callable[[], T]) -> T | Exception:
    """What the work returned or raised."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 -- what came of it is what is looked at
        return error
