"""A fresh, migrated database for every test: migrated once, then copied in a few hundredths of a second."""

import itertools
import shutil
from pathlib import Path
from typing import Protocol

from tests.support import postgres
from tests.support.application import migrate


class Databases(Protocol):
    """A kind of database that makes copies of its migrated template."""

    def create(self) -> str:
        """Make a migrated database with no rows of ours and return its address."""

    def discard(self, url: str) -> None:
        """Remove a database made by `create`, whoever may still be connected."""


class SqliteDatabases:
    """One file each, copied from the template."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._template = folder / "template.sqlite3"
        migrate(f"sqlite:///{self._template}", folder)
        assert not self._template.with_name("template.sqlite3-wal").exists(), "a connection was left open"

    def create(self) -> str:
        """Copy the template file."""
        path = self._folder / f"{next(self._numbers)}.sqlite3"
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"

    def discard(self, url: str) -> None:
        """Remove the file and what SQLite and the write queue put beside it."""
        path = Path(url.removeprefix("sqlite:///"))
        for beside in path.parent.glob(f"{path.name}*"):
            beside.unlink()


class PostgresDatabases:
    """One database each on a running server; `prefix` keeps workers that run side by side apart."""

    def __init__(self, server_url: str, prefix: str, folder: Path) -> None:
        self._server_url = server_url
        self._prefix = prefix
        self._numbers = itertools.count(1)
        self._template = f"{prefix}_template"
        migrate(postgres.create_database(server_url, self._template), folder)

    def create(self) -> str:
        """Copy the template database."""
        name = f"{self._prefix}_{next(self._numbers)}"
        return postgres.create_database(self._server_url, name, template=self._template)

    def discard(self, url: str) -> None:
        """Drop the database."""
        postgres.drop_database(self._server_url, postgres.database_name(url))
