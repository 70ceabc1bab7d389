"""`submit_entry` alone, from one thread or several, without HTTP."""

import threading
import time

from app.domain.outcomes import Won
from tests.race.crowd import engine_for, enter, together
from tests.support.factories import submission

MOST_PER_SECOND = 5000  # prepared submissions; nobody runs out


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
