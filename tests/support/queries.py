"""How many statements the database is asked, whichever way they go to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from app.extensions import db

Listener = tuple[Any, str, Callable[..., None]]
_FRAME = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT", "RELEASE", "SET ")


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Collect the statements run inside the block; what opens and ends a transaction is left out."""
    said: list[str] = []

    def hear(statement: str) -> None:
        if not statement.lstrip().upper().startswith(_FRAME):
            said.append(statement)

    with app.app_context():
        listeners = _on_sqlite(hear) if db.engine.dialect.name == "sqlite" else _elsewhere(hear)
    for listener in listeners:
        event.listen(*listener)
    try:
        yield said
    finally:
        for listener in listeners:
            event.remove(*listener)


def _on_sqlite(hear: Callable[[str], None]) -> list[Listener]:
    """The driver itself tells what it runs, also what did not come through SQLAlchemy."""

    def taken(connection: Any, *_rest: Any) -> None:
        connection.set_trace_callback(hear)

    def given_back(connection: Any, *_rest: Any) -> None:
        if connection is not None:
            connection.set_trace_callback(None)

    return [(db.engine.pool, "checkout", taken), (db.engine.pool, "checkin", given_back)]


def _elsewhere(hear: Callable[[str], None]) -> list[Listener]:
    def run(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        hear(statement)

    return [(db.engine, "before_cursor_execute", run)]
