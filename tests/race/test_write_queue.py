"""Two processes on one SQLite file: writers queue, nobody meets a locked database, nobody starves."""

import gc
import multiprocessing
import os
import threading
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.adapters.database import WriteQueue
from tests.race.books import read_books
from tests.race.crowd import engine_for, enter, together
from tests.support.factories import TierSpec, make_campaign, submission

pytestmark = pytest.mark.race

ENTRIES = 50
SECONDS = 30


def enter_from_a_process(url: str, first: int, start: Barrier, results: "multiprocessing.Queue[str]") -> None:
    """Enter 50 people at once, together with the other process, and tell what became of each."""
    with engine_for(url, ENTRIES) as engine:
        start.wait(SECONDS)
        outcomes = together(ENTRIES, lambda number: enter(engine, submission(first + number)))
    for outcome in outcomes:
        results.put(f"{type(outcome).__name__} {outcome if isinstance(outcome, Exception) else ''}".strip())


# PostgreSQL has no queue of writers; two processes meet there in every other race test.
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_two_processes_store_every_entry(session: Session, database_url: str) -> None:
    make_campaign(session, [TierSpec("Gold", codes=2 * ENTRIES)])
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(2), context.Queue()
    both = [
        context.Process(target=enter_from_a_process, args=(database_url, first, start, results))
        for first in (1, 1 + ENTRIES)
    ]
    for process in both:
        process.start()
    told = [results.get(timeout=SECONDS) for _ in range(2 * ENTRIES)]
    for process in both:
        process.join(SECONDS)
        process.close()
    assert told == ["Won"] * 2 * ENTRIES
    books = read_books(session.get_bind().engine)
    assert (books.entries, books.awards, books.won) == (2 * ENTRIES, 2 * ENTRIES, 2 * ENTRIES)


def test_a_busy_process_does_not_starve_another(tmp_path: Path) -> None:
    """One that takes turn after turn lets others in between; without the gate they wait until it is done.

    Two queues on one file are two processes as far as the locks on the file can tell.
    """
    path = str(tmp_path / "writers.lock")
    busy, other = WriteQueue(path), WriteQueue(path)
    is_over = threading.Event()

    def write_on_and_on() -> None:
        while not is_over.is_set():
            with busy.turn():
                time.sleep(0.002)

    writer = threading.Thread(target=write_on_and_on)
    writer.start()
    waits = []
    try:
        for _ in range(20):
            time.sleep(0.005)
            asked = time.monotonic()
            with other.turn():
                waits.append(time.monotonic() - asked)
    finally:
        is_over.set()
        writer.join(SECONDS)
    assert max(waits) < 0.5


def test_a_queue_that_is_gone_leaves_no_file_open(tmp_path: Path) -> None:
    queue = WriteQueue(str(tmp_path / "writers.lock"))
    files = queue._file, queue._gate
    del queue
    gc.collect()
    for file in files:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(file)
