"""SQLite in trouble: the disk is full; another program sits on the write lock."""

import http.client
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.faults.clients import stored_outcomes
from tests.faults.crowd import Crowd
from tests.faults.history import History, Kind, contradictions
from tests.faults.scale import much, tell
from tests.race.books import broken_promises
from tests.race.crowd import engine_for
from tests.race.visitor import Visitor
from tests.support.factories import TierSpec, make_campaign
from tests.support.site import THREADS, running_site

pytestmark = [pytest.mark.race, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]

ROUNDS = much(5, 100)
ROOM = 6  # pages until the disk is full
LOCKED_SECONDS = much(0, 60)
TOLD_WHILE_LOCKED = much(3, 20)  # answers each person has before the lock is let go
PATIENCE = 60.0
CODES = much(100, 1_000)  # fewer than people: the last one is given while there is trouble


@contextmanager
def small_disk(engine: Engine, path: str) -> Iterator[None]:
    """The file may grow by a few pages more until the block ends."""
    with sqlite3.connect(path) as probe:
        pages = probe.execute("PRAGMA page_count").fetchone()[0]
    probe.close()

    def limit(connection: Any, *_rest: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + ROOM}")

    engine.dispose()
    event.listen(engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(engine, "connect", limit)
        engine.dispose()


def test_on_a_full_disk_entries_fail_whole_and_later_go_on(session: Session, database_url: str) -> None:
    make_campaign(session, [TierSpec("Gold", codes=CODES)])
    session.rollback()
    history = History()
    crowd_size = 6
    with engine_for(database_url, crowd_size) as engine:
        crowd = Crowd(engine, history)
        person = 1_000_000
        for _ in range(ROUNDS):
            with small_disk(engine, database_url.removeprefix("sqlite:///")):
                met: object = None
                while not isinstance(met, OperationalError):  # one by one until the disk is full
                    person += 1
                    met = crowd.enter(0, person)
                assert "full" in str(met)
                with Crowd(engine, history).at_work(crowd_size):  # then everybody at once
                    time.sleep(0.1)
                assert broken_promises(engine) == []
            assert crowd.enter(0, person) == crowd.enter(0, person), "there is room again"
        stored = stored_outcomes(engine)
        assert contradictions(history, stored, all_can_win=True) == []
        assert broken_promises(engine) == []
    tell(
        f"disk full {ROUNDS} times, {history.count(Kind.UNKNOWN)} tries failed, {len(stored)} entries stored"
    )


def seconds_for(port: int, path: str) -> float:
    """How long a page takes."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        assert response.status == 200
    finally:
        connection.close()
    return time.monotonic() - began


def test_while_another_program_writes_entries_are_told_to_come_again_and_pages_answer(
    session: Session, database_url: str, tmp_path: Path
) -> None:
    """More people enter at a time than the server has threads; the lock is let go when all were told."""
    make_campaign(session, [TierSpec("Gold", codes=100)])
    session.rollback()
    told: list[list[tuple[int, str | None, float]]] = [[] for _ in range(2 * THREADS)]
    is_over = threading.Event()

    def go_on_entering(visitor: Visitor, answers: list[tuple[int, str | None, float]]) -> None:
        while not is_over.is_set():
            began = time.monotonic()
            answer = visitor.send()
            answers.append((answer.status, answer.retry_after, time.monotonic() - began))

    with running_site(database_url, tmp_path) as port:
        visitors = [Visitor(port) for _ in told]
        for number, visitor in enumerate(visitors, 1):
            visitor.prepare(number)
        foreign = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
        foreign.execute("BEGIN IMMEDIATE")
        threads = [
            threading.Thread(target=go_on_entering, args=each) for each in zip(visitors, told, strict=True)
        ]
        for thread in threads:
            thread.start()
        try:
            pages: list[float] = []
            began = time.monotonic()
            while time.monotonic() < began + LOCKED_SECONDS or min(map(len, told)) < TOLD_WHILE_LOCKED:
                assert time.monotonic() < began + LOCKED_SECONDS + PATIENCE, "somebody is not told"
                pages += [seconds_for(port, f"/c/summer{page}") for page in ("", "/rules", "/fairness")]
                time.sleep(0.1)
            while_locked = [answer for answers in told for answer in answers]
        finally:
            is_over.set()
            for thread in threads:
                thread.join(PATIENCE)
            foreign.execute("ROLLBACK")
            foreign.close()
        assert [visitor.send().status for visitor in visitors] == [200] * len(visitors)
    tell(
        f"write lock held {LOCKED_SECONDS} s or more: {len(while_locked)} entries told to come again after "
        f"{max(seconds for _, _, seconds in while_locked):.1f} s at most; "
        f"{len(pages)} pages in {max(pages):.2f} s at most"
    )
    assert {status for status, _, _ in while_locked} == {503}
    assert all(int(retry_after or 0) >= 1 for _, retry_after, _ in while_locked)
    with engine_for(database_url, 1) as engine:
        assert broken_promises(engine) == []
        assert len(stored_outcomes(engine)) == len(visitors)
