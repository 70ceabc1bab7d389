"""What the figures stand on: a folder, a server, databases to copy; each made when first needed."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.services import codes, prizes
from app.services.audit import COMMAND_LINE
from benchmarks import figuring, filling
from benchmarks.report import Figure
from tests.race.crowd import engine_for
from tests.support import postgres
from tests.support.application import migrate
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON

CODES = 30_000  # enough for any one measurement on SQLite
CODES_ON_POSTGRES = 100_000


class Missing(Exception):
    """What a figure needs is not on this machine; the text says what that is."""


class Subject(Protocol):
    """Some figures that belong together: measured `rounds` times, in turns with the other subjects."""

    rounds: int
    notes: list[str]

    def round(self) -> None:
        """Measure everything once."""

    def figures(self) -> Iterator[Figure]:
        """What came out, beside its floor or its rivals."""


class SqliteGround:
    """Copies of one prepared file: a campaign where every entry wins, with codes enough for any run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._template = folder / "template.sqlite3"
        _prepare(f"sqlite:///{self._template}", folder, CODES)

    def fresh(self) -> str:
        """The address of a new copy."""
        path = self._folder / f"{next(self._numbers)}.sqlite3"
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"


class PostgresGround:
    """Copies of one prepared database on a running server; a copy lives until the next one is made."""

    def __init__(self, server_url: str, folder: Path) -> None:
        self._server_url = server_url
        url = postgres.create_database(server_url, "bench")
        _prepare(url, folder, CODES_ON_POSTGRES)
        filling.settle(url)

    def fresh(self) -> str:
        """The address of a new copy."""
        return postgres.create_database(self._server_url, "bench_copy", template="bench")


class Grounds:
    """Everything the subjects share; servers end with the stack."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self.folder = folder

    @cached_property
    def sqlite(self) -> SqliteGround:
        """The prepared file."""
        return SqliteGround(self.folder)

    @cached_property
    def server(self) -> str:
        """The address of a PostgreSQL that waits for the disk. Raises Missing."""
        if postgres.find() is None:
            raise Missing("PostgreSQL is not installed (Debian: postgresql)")
        return self._stack.enter_context(postgres.running(durable=True))

    def kinds(self, subject: str, notes: list[str]) -> list[str]:
        """The kinds of databases there are on this machine; what is missing goes into the notes."""
        try:
            _ = self.server
        except Missing as error:
            notes.append(f"{subject} on PostgreSQL: {error}")
            return ["SQLite"]
        return ["SQLite", "PostgreSQL"]

    @cached_property
    def postgres(self) -> PostgresGround:
        """The prepared database on the server. Raises Missing."""
        return PostgresGround(self.server, self.folder)

    def empty(self, kind: str, name: str) -> str:
        """The address of a new database with a campaign but no code. Raises Missing."""
        if kind == "SQLite":
            path = self.folder / f"{name}.sqlite3"
            path.unlink(missing_ok=True)
            url = f"sqlite:///{path}"
        else:
            url = postgres.create_database(self.server, name)
        _prepare(url, self.folder, 0)
        return url

    def busy(self, kind: str, rows: int) -> str:
        """The address of a database where so many entered over DAYS until yesterday, a quarter of them over
        links of partners, and one in ten won and redeemed, all of it added up. Raises Missing.
        """
        if (kind, rows) not in self._busy:
            url = self.empty(kind, f"busy_{rows}")
            figuring.fill(url, rows)
            filling.settle(url)
            self._busy[kind, rows] = url
        return self._busy[kind, rows]

    @cached_property
    def _busy(self) -> dict[tuple[str, int], str]:
        return {}

    def crowded(self, kind: str, rows: int) -> str:
        """The address of a database with so many winners and as many free codes. Raises Missing."""
        name = f"crowded_{rows}"
        if (kind, rows) not in self._crowded:
            url = self.empty(kind, name)
            filling.fill(url, rows)
            filling.settle(url)
            self._crowded[kind, rows] = url
        return self._crowded[kind, rows]

    @cached_property
    def _crowded(self) -> dict[tuple[str, int], str]:
        return {}


def driver_url(url: str) -> str:
    """The address as psycopg and PostgreSQL's own programs read it."""
    return url.replace("+psycopg", "")


def is_on_another_disk(folder: Path) -> bool:
    """True when servers, which live in /tmp, do not share the folder's disk: it may be memory."""
    return os.stat("/tmp").st_dev != folder.stat().st_dev  # noqa: S108 -- only looked at


def text(url: str, query: str) -> str:
    """One value out of a PostgreSQL database."""
    with psycopg.connect(driver_url(url)) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])


def _prepare(url: str, folder: Path, count: int) -> None:
    migrate(url, folder)
    with engine_for(url, 1) as engine, Session(engine, expire_on_commit=False) as session:
        campaign = make_campaign(session, [TierSpec("Gold", codes=0)])
        prize = prizes.listing(session, campaign.id)[0]
        if count:
            codes.generate_codes(session, prize.id, count, actor=COMMAND_LINE, now=NOON, rng=SystemRng())
