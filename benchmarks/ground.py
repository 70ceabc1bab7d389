"""Databases to measure on: a campaign where every entry wins, with codes enough for any run, copied fresh."""

import itertools
import shutil
from pathlib import Path

from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.services import codes, prizes
from app.services.audit import COMMAND_LINE
from tests.race.crowd import engine_for
from tests.support import postgres
from tests.support.application import migrate
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON

CODES = 30_000


class SqliteGround:
    """Copies of one prepared file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._template = folder / "template.sqlite3"
        url = f"sqlite:///{self._template}"
        migrate(url, folder)
        _stock(url)

    def fresh(self) -> str:
        """The address of a new copy."""
        path = self._folder / f"{next(self._numbers)}.sqlite3"
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"


class PostgresGround:
    """Copies of one prepared database on a running server."""

    def __init__(self, server_url: str, folder: Path) -> None:
        self._server_url = server_url
        self._numbers = itertools.count(1)
        url = postgres.create_database(server_url, "bench")
        migrate(url, folder)
        _stock(url)

    def fresh(self) -> str:
        """The address of a new copy."""
        return postgres.create_database(self._server_url, f"bench_{next(self._numbers)}", template="bench")


def _stock(url: str) -> None:
    with engine_for(url, 1) as engine, Session(engine, expire_on_commit=False) as session:
        campaign = make_campaign(session, [TierSpec("Gold", codes=0)])
        prize = prizes.listing(session, campaign.id)[0]
        codes.generate_codes(session, prize.id, CODES, actor=COMMAND_LINE, now=NOON, rng=SystemRng())
