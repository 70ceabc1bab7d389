"""PostgreSQL in trouble: sessions ended in the middle, and the whole server ended at once, under load.

The control gives up `synchronous_commit`: the same crash then loses what people were told, and it is found.
"""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from tests.faults.clients import stored_outcomes
from tests.faults.crowd import Crowd
from tests.faults.history import History, Kind, Told, contradictions
from tests.faults.scale import IS_SOAK, much, tell
from tests.race.books import broken_promises
from tests.race.crowd import engine_for
from tests.support import postgres
from tests.support.databases import PostgresDatabases
from tests.support.factories import TierSpec, make_campaign
from tests.support.parts import require
from tests.support.processes import Server

pytestmark = [pytest.mark.race, pytest.mark.postgres]

THREADS = 6
TERMINATIONS = much(25, 1000)
CRASHES = much(2, 50)
# The system lives on when the server crashes, with all that it holds in memory: fsync would prove no more.
SETTINGS = postgres.DURABLE | {"fsync": "on" if IS_SOAK else "off"}
MORE = 60  # answers to the crowd between two crashes
CODES = much(40, 2_000)  # fewer than people: the last one is fought over as well
ONLY_POSTGRES = pytest.mark.parametrize("databases", ["postgres"], indirect=True)


@contextmanager
def patient_engine(url: str) -> Iterator[Engine]:
    """An engine that looks whether a connection still stands, as the application's does."""
    engine = create_engine(url, pool_size=THREADS, pool_pre_ping=True)
    try:
        yield engine
    finally:
        engine.dispose()


@ONLY_POSTGRES
def test_sessions_ended_in_the_middle_cost_nobody_anything(session: Session, database_url: str) -> None:
    make_campaign(session, [TierSpec("Gold", codes=CODES)])
    session.rollback()
    history, chance = History(), random.Random(1)
    with patient_engine(database_url) as engine:
        crowd = Crowd(engine, history)
        with crowd.at_work(THREADS):
            ended = sum(end_sessions(database_url, chance) for _ in range(TERMINATIONS))
        unknown = history.count(Kind.UNKNOWN)
        crowd.settle()
        stored = stored_outcomes(engine)
        assert contradictions(history, stored, all_can_win=True) == []
        assert broken_promises(engine) == []
    tell(f"{ended} sessions ended, {len(stored)} entries stored, {unknown} tries met an error")
    assert ended >= TERMINATIONS


def end_sessions(url: str, chance: random.Random) -> int:
    """End each session that is in a transaction with even chances; how many were ended."""
    time.sleep(chance.random() / 50)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        return len(connection.execute(_END_SOME).fetchall())


_END_SOME = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.5
"""


@dataclass
class Cluster:
    """A server of our own, to be crashed; `databases` outlive that."""

    server: Server
    databases: PostgresDatabases

    def crash(self, settings: Mapping[str, str]) -> None:
        """End the server at once, and start it again with these settings."""
        self.server = postgres.crash(self.server, settings)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Made in haste, and durable only from its first crash on."""
    require("postgres")
    server = postgres.start()
    made = Cluster(server, PostgresDatabases(server.url, "crash", tmp_path_factory.mktemp("crash")))
    checkpoint(server.url)
    try:
        yield made
    finally:
        made.server.stop()


def test_a_server_that_crashes_under_load_keeps_what_was_told(cluster: Cluster) -> None:
    history, stored, broken = enter_through_crashes(cluster, SETTINGS, CRASHES)
    assert contradictions(history, stored, all_can_win=True) == []
    assert broken == []
    tell(f"{CRASHES} crashes, {len(stored)} entries stored, {history.count(Kind.UNKNOWN)} tries met an error")
    assert history.count(Kind.UNKNOWN) > 0


def test_control_a_commit_that_does_not_wait_for_the_disk_is_found(cluster: Cluster) -> None:
    careless = SETTINGS | {"synchronous_commit": "off", "wal_writer_delay": "10s"}
    history, stored, _broken = enter_through_crashes(cluster, careless, 1)
    assert "stored is" in contradictions(history, stored, all_can_win=True)[0]


def enter_through_crashes(
    cluster: Cluster, settings: Mapping[str, str], crashes: int
) -> tuple[History, dict[bytes, Told], list[str]]:
    """Enter while a server of our own crashes and comes back; what was told, stored, and is broken."""
    cluster.crash(settings)
    url = cluster.databases.create()
    with engine_for(url, 1) as engine, Session(engine) as session:
        make_campaign(session, [TierSpec("Gold", codes=CODES)])
    checkpoint(url)
    history = History()
    with patient_engine(url) as engine:
        crowd = Crowd(engine, history)
        with crowd.at_work(THREADS):
            for _ in range(crashes):
                crowd.wait_for(MORE)
                cluster.crash(settings)
            crowd.wait_for(MORE)
        crowd.settle()
        return history, stored_outcomes(engine), broken_promises(engine)


def checkpoint(url: str) -> None:
    """Have everything so far on the disk."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
