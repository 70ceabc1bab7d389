"""`submit_entry` alone, from one thread or several, without HTTP."""

import threading
import time
from collections.abc import Iterator

from app.domain.outcomes import Won
from benchmarks import floor
from benchmarks.ground import Grounds
from benchmarks.pace import Pace
from benchmarks.report import Figure, Goal, ratio
from tests.race.crowd import engine_for, enter, together
from tests.support.factories import submission

MOST_PER_SECOND = 5000  # prepared submissions; nobody runs out


class Engine:
    """One thread and eight on SQLite, beside the driver's two bare statements."""

    def __init__(self, grounds: Grounds, pace: Pace) -> None:
        self.rounds = pace.rounds
        self.notes: list[str] = []
        self._sqlite = grounds.sqlite
        self._seconds = pace.alone
        self._floor = Figure("sqlite3 alone: claim and insert, one fsync for both")
        self._one = Figure("submit_entry, SQLite FULL, 1 thread")
        self._eight = Figure("submit_entry, SQLite FULL, 8 threads")

    def round(self) -> None:
        """Each on a fresh copy."""
        fresh, seconds = self._sqlite.fresh, self._seconds
        self._floor.values.append(floor.claims_per_second(fresh(), seconds))
        self._one.values.append(entries_per_second(fresh(), 1, seconds))
        self._eight.values.append(entries_per_second(fresh(), 8, seconds))

    def figures(self) -> Iterator[Figure]:
        """Rates, and what is left of the floor's."""
        yield from (self._floor, self._one)
        yield ratio("   beside sqlite3 alone", self._one, self._floor, Goal(0.4))
        yield self._eight
        yield ratio("   beside sqlite3 alone", self._eight, self._floor, Goal(0.8))


def entries_per_second(url: str, threads: int, seconds: float) -> float:
    """Every entry wins a code, in a session of its own; raises AssertionError when one does not."""
    share = int(seconds * MOST_PER_SECOND / threads)
    ready = [
        [submission(number + 2) for number in range(thread * share, (thread + 1) * share)]
        for thread in range(threads)
    ]
    begin = threading.Barrier(threads)
    with engine_for(url, threads) as engine:

        def work(thread: int) -> tuple[int, float, float]:
            assert isinstance(enter(engine, submission(2**40 + thread)), Won)  # opens the connection
            begin.wait()
            count, start = 0, time.perf_counter()
            for each in ready[thread]:
                assert isinstance(enter(engine, each), Won)
                count += 1
                if time.perf_counter() > start + seconds:
                    break
            return count, start, time.perf_counter()

        results = together(threads, work)
    runs = []
    for result in results:
        if isinstance(result, Exception):
            raise result
        runs.append(result)
    elapsed = max(end for _, _, end in runs) - min(start for _, start, _ in runs)
    return sum(count for count, _, _ in runs) / elapsed
