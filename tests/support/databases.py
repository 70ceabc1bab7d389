"""A fresh, migrated database for every test: migrated once, then copied in a few hundredths of a second."""

import itertools
import shutil
from pathlib import Path
from typing import Protocol

import pytest

from app.adapters.database import Isolation
from tests.support import postgres
from tests.support.application import migrate

# Marks tests to run on SQLite, and on PostgreSQL at each level that Prizewell may be set to.
AT_EACH_ISOLATION = pytest.mark.parametrize(
    ("databases", "isolation"),
    [
        pytest.param("sqlite", Isolation.READ_COMMITTED, id="sqlite"),
        pytest.param("postgres", Isolation.READ_COMMITTED, id="postgres", marks=pytest.mark.postgres),
        pytest.param("postgres", Isolation.SERIALIZABLE, id="serializable", marks=pytest.mark.postgres),
    ],
    indirect=["databases"],
    scope="session",  # else each test would make its kind of database anew
)


class Databases(Protocol):
    """A kind of database that makes copies of its migrated template."""

    def create(self) -> str:
        """Make a migrated database with no rows of ours and return its address."""

    def create_empty(self) -> str:
        """Make a database without any table, for tests of the migrations themselves."""

    def discard(self, url: str) -> None:
        """Take back what `create` or `create_empty` gave, whoever may still be connected."""


class SqliteDatabases:
    """Copies of the template; the names of discarded ones are used again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._free: list[str] = []
        self._numbers = itertools.count(1)
        self._template = folder / "template.sqlite3"
        migrate(f"sqlite:///{self._template}", folder)
        assert not self._template.with_name("template.sqlite3-wal").exists(), "a connection was left open"

    def create(self) -> str:
        """Copy the template file."""
        url = self.create_empty()
        shutil.copyfile(self._template, url.removeprefix("sqlite:///"))
        return url

    def create_empty(self) -> str:
        """Name a file that is not there."""
        return self._free.pop() if self._free else self._next()

    def _next(self) -> str:
        return f"sqlite:///{self._folder / f'{next(self._numbers)}.sqlite3'}"

    def discard(self, url: str) -> None:
        """Remove the file and what SQLite put beside it.

        The write queue's files stay: an engine that lives on has them open.
        """
        path = Path(url.removeprefix("sqlite:///"))
        for beside in (path, *(path.with_name(f"{path.name}-{end}") for end in ("wal", "shm", "journal"))):
            beside.unlink(missing_ok=True)
        self._free.append(url)


class PostgresDatabases:
    """Copies of the template on a running server, emptied and used again; `prefix` keeps workers apart.

    Emptying takes a tenth of the time of a new copy. A test that changes tables wants `create_empty`.
    """

    def __init__(self, server_url: str, prefix: str, folder: Path) -> None:
        self._server_url = server_url
        self._prefix = prefix
        self._free: list[str] = []
        self._migrated: set[str] = set()
        self._numbers = itertools.count(1)
        self._template = f"{prefix}_template"
        migrate(postgres.create_database(server_url, self._template), folder)

    def create(self) -> str:
        """Take an emptied database, or copy the template."""
        if self._free:
            return self._free.pop()
        url = postgres.create_database(self._server_url, self._name(), template=self._template)
        self._migrated.add(url)
        return url

    def create_empty(self) -> str:
        """Make a database without tables."""
        return postgres.create_database(self._server_url, self._name())

    def discard(self, url: str) -> None:
        """Empty the database for the next test; drop it if the test began without tables."""
        if url in self._migrated:
            postgres.empty_tables(self._server_url, url)
            self._free.append(url)
        else:
            postgres.drop_database(self._server_url, postgres.database_name(url))

    def _name(self) -> str:
        return f"{self._prefix}_{next(self._numbers)}"
