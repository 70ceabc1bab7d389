"""Statements that go straight to the driver: SQLAlchemy writes them, once, and then stands aside.

Building, caching and unpacking one Core statement costs several times the work SQLite has with it. What
stands on the path of every entry is therefore compiled once per dialect, and run on the driver's own cursor;
types and errors are those one gets from SQLAlchemy.
"""

from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError


class Prepared:
    """One Core statement, or one per dialect's name, compiled on first use.

    Every value in it is a constant or a named `bindparam`; an insert without values is of the columns given
    on that first use. Expanding parameters (IN) and defaults made in Python are not for here.
    """

    def __init__(self, statement: Executable | Mapping[str, Executable]) -> None:
        self._statement = statement
        self._texts: dict[str, _Text] = {}

    @property
    def statement(self) -> Executable:
        """The statement, where it is one for all dialects."""
        if isinstance(self._statement, Mapping):
            raise TypeError("one statement per dialect")
        return self._statement

    def text(self, dialect: Dialect, values: Mapping[str, Any]) -> "_Text":
        """The statement as the driver takes it."""
        text = self._texts.get(dialect.name)
        if text is None:
            chosen = self._statement
            statement = chosen[dialect.name] if isinstance(chosen, Mapping) else chosen
            text = self._texts[dialect.name] = _Text(statement, dialect, list(values))
        return text


class DirectConnection:
    """The driver's side of a connection whose transaction SQLAlchemy has begun, and will end.

    Raises RuntimeError when none has been begun: the work would be committed by nobody.
    """

    def __init__(self, connection: Connection) -> None:
        if not connection.in_transaction():
            raise RuntimeError("no transaction has been begun")
        self._connection = connection
        self._dialect = connection.dialect
        self._errors = connection.dialect.loaded_dbapi.Error
        self._driver: Any = connection.connection.driver_connection

    def row(self, prepared: Prepared, values: Mapping[str, Any]) -> Any:
        """The first row, a named tuple; None when there is none."""
        text = prepared.text(self._dialect, values)
        row = self._run(text.sql, text.parameters(values), fetch=True)
        return None if row is None else text.unpack(row)

    def execute(self, prepared: Prepared, values: Mapping[str, Any]) -> None:
        """Run a statement that answers nothing."""
        text = prepared.text(self._dialect, values)
        self._run(text.sql, text.parameters(values))

    def command(self, sql: str) -> None:
        """Run plain SQL, such as SAVEPOINT."""
        self._run(sql, ())

    @property
    def in_transaction(self) -> bool:
        """False once SQLite has ended the transaction itself, as it does when the disk is full."""
        return bool(self._driver.in_transaction)

    def _run(self, sql: str, parameters: Any, *, fetch: bool = False) -> Any:
        try:
            cursor = (
                self._driver.cursor()
            )  # each its own: answers may come in later than the next question goes
            cursor.execute(sql, parameters)
            return cursor.fetchone() if fetch else None
        except self._errors as error:
            raise _as_sqlalchemy_has_it(self._connection, error, sql) from error


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """On PostgreSQL, let statements that answer nothing travel with the next one that does.

    Their errors come to light there, or at the end of the block. SQLite has no way to save.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = connection.connection.driver_connection
    try:
        with driver.pipeline():
            yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy_has_it(connection, error, "") from error


def _as_sqlalchemy_has_it(connection: Connection, error: Any, sql: str) -> Any:
    """The error in SQLAlchemy's classes; a lost connection is given up. Values are left out: there are codes
    and addresses among them.
    """
    driver = connection.connection.driver_connection
    is_lost = connection.dialect.is_disconnect(error, driver, None)
    if is_lost:
        connection.invalidate(error)
    return DBAPIError.instance(
        sql, None, error, connection.dialect.loaded_dbapi.Error, connection_invalidated=is_lost
    )


class _Text:
    """The text of a statement, and what is to be done with values on their way in and out."""

    def __init__(self, statement: Any, dialect: Dialect, keys: list[str]) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=keys)
        if compiled.prefetch:
            raise TypeError(f"a default would be made in Python: {compiled.prefetch}")
        self.sql = str(compiled)
        self._order: list[str] | None = compiled.positiontup  # of the driver's question marks; None: by name
        self._constants, self._plain, self._converted = {}, [], []
        for name, bind in compiled.binds.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if not bind.required:
                self._constants[name] = convert(bind.value) if convert else bind.value
            elif convert is None:
                self._plain.append(name)
            else:
                self._converted.append((name, convert))
        columns: list[Any] = list(getattr(statement, "exported_columns", ()))
        self._row: Any = namedtuple("_row", [column.key for column in columns])  # type: ignore[misc]
        processors = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._processors = [(place, process) for place, process in enumerate(processors) if process]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver takes them. Raises KeyError for one that is missing."""
        given = self._constants | {name: values[name] for name in self._plain}
        for name, convert in self._converted:
            given[name] = convert(values[name])
        return given if self._order is None else [given[name] for name in self._order]

    def unpack(self, row: Sequence[Any]) -> Any:
        """The row with values as Python has them."""
        cells = list(row)
        for place, process in self._processors:
            cells[place] = process(cells[place])
        return self._row._make(cells)
