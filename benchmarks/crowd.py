"""One of several processes that enter: `python -m benchmarks.crowd PLAN`, see `benchmarks.postgres`."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from app.domain.outcomes import Won
from benchmarks.children import wait_for_go
from tests.race.crowd import engine_for, enter
from tests.support.factories import submission


@dataclass(frozen=True, slots=True)
class Plan:
    """So many connections of one process, each with a thread; people are numbered from `first` on."""

    url: str
    connections: int
    seconds: float
    first: int


def main() -> None:
    """Enter until the time is over; print the moment of every answer, in seconds of the machine's clock."""
    plan = Plan(**json.loads(sys.argv[1]))
    with engine_for(plan.url, plan.connections) as engine, ThreadPoolExecutor(plan.connections) as pool:

        def work(lane: int, seconds: float, first: int) -> list[float]:
            number, moments = first + lane, []
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                assert isinstance(enter(engine, submission(number)), Won)
                moments.append(time.monotonic())
                number += plan.connections
            return moments

        lanes = range(plan.connections)
        # A first moment opens the connections and compiles the statements.
        list(pool.map(lambda lane: work(lane, 0.3, plan.first + 2**40), lanes))
        wait_for_go()
        start = time.monotonic()
        moments = [
            one for each in pool.map(lambda lane: work(lane, plan.seconds, plan.first), lanes) for one in each
        ]
    print(json.dumps({"start": start, "moments": moments}))


if __name__ == "__main__":
    main()
