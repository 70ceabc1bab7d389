"""kill -9, at the worst places and at random, under load: what a client was told is kept, nothing is twice.

The control serves an application that answers without a commit: the same checks find what it lost.
"""

import http.client
import itertools
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.faults.clients import PATIENCE, Clients, stored_outcomes, until_answered
from tests.faults.history import History, Kind, contradictions
from tests.faults.places import PLACES
from tests.faults.scale import much, tell
from tests.race.books import broken_promises
from tests.race.crowd import engine_for
from tests.support.application import environment
from tests.support.factories import TierSpec, make_campaign
from tests.support.site import free_port, served

pytestmark = pytest.mark.race

AT_RANDOM = "at random"
CLIENTS = 5
CODES = much(2_000, 50_000)  # for everybody
ANSWERS = 5  # to clients between two kills
KILLS = {"sqlite": much(40, 1000), "postgresql": much(10, 200)}


@contextmanager
def served_again(database_url: str, folder: Path, module: str) -> Iterator[int]:
    """The site, started anew whenever it is killed, until the block ends; gives the port."""
    port = free_port()
    settings = environment(database_url, folder, PORT=str(port))
    command = [sys.executable, "-m", "tests.faults.serve_again", f"tests.faults.{module}"]
    with served(command, settings, port=port, log=folder / "site.log"):
        yield port


def process_at(port: int, place: str = "") -> int:
    """The id of the process that answers; with a place, it will die there."""

    def ask() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/favicon.ico", headers={"X-Kill-At": place})
            response = connection.getresponse()
            response.read()
            return int(response.getheader("X-Process") or 0)
        finally:
            connection.close()

    return until_answered(ask)


def kill(port: int, place: str, chance: random.Random) -> None:
    """Have the serving process killed there; returns once another one answers."""
    if place == AT_RANDOM:
        victim = process_at(port)
        time.sleep(chance.random() / 5)
        os.kill(victim, signal.SIGKILL)
    else:
        victim = process_at(port, place)
    deadline = time.monotonic() + PATIENCE
    while process_at(port) == victim:
        assert time.monotonic() < deadline, f"nobody came by {place!r}"
        time.sleep(0.01)


def wait_for_answers(history: History, more: int) -> None:
    """Let the clients work until they have so many answers more."""
    wanted, deadline = history.count(Kind.OK) + more, time.monotonic() + PATIENCE
    while history.count(Kind.OK) < wanted:
        assert time.monotonic() < deadline, "the clients get no answers"
        time.sleep(0.01)


@pytest.mark.timeout(much(600, 9000))
def test_what_was_told_survives_every_kill(session: Session, database_url: str, tmp_path: Path) -> None:
    kills = KILLS[session.get_bind().dialect.name]
    make_campaign(session, [TierSpec("Gold", codes=CODES)])
    session.rollback()
    history, chance = History(), random.Random(1)
    places = itertools.cycle((*PLACES, AT_RANDOM))
    with served_again(database_url, tmp_path, "wsgi_killed") as port:
        clients = Clients(port, history)
        with clients.at_work(CLIENTS):
            for _ in range(kills):
                wait_for_answers(history, ANSWERS)
                kill(port, next(places), chance)
        clients.settle()
    with engine_for(database_url, 1) as engine:
        stored = stored_outcomes(engine)
        assert contradictions(history, stored, all_can_win=True) == []
        assert broken_promises(engine) == []
    told, unknown = history.count(Kind.OK), history.count(Kind.UNKNOWN)
    tell(f"{kills} kills, {len(stored)} entries stored, {told} answers, {unknown} tries without one")
    assert unknown >= kills / 2
    assert told >= kills * ANSWERS
    assert all(outcome.code for outcome in stored.values()), "somebody lost while codes were left"


def test_control_an_answer_without_a_commit_is_found(
    session: Session, database_url: str, tmp_path: Path
) -> None:
    make_campaign(session, [TierSpec("Gold", codes=CODES)])
    session.rollback()
    history = History()
    with served_again(database_url, tmp_path, "wsgi_unkept") as port, Clients(port, history).at_work(1):
        wait_for_answers(history, 1)
    with engine_for(database_url, 1) as engine:
        found = contradictions(history, stored_outcomes(engine), all_can_win=True)
    assert found
    assert "stored is None" in found[0]
