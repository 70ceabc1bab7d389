"""`submit_entry` on PostgreSQL with fsync, 32 connections of several processes, beside the bare claim."""

from collections.abc import Iterator

from benchmarks import children, pgbench
from benchmarks.ground import Grounds
from benchmarks.pace import Pace
from benchmarks.report import Figure, Goal, ratio

PROCESSES = 4
CONNECTIONS = 32
PEOPLE = 10**6  # apart, from process to process


class Postgres:
    """How much of what the database can do is left when the whole entry is around the claim."""

    def __init__(self, grounds: Grounds, pace: Pace) -> None:
        self.rounds = pace.rounds
        self.notes: list[str] = []
        self._program = pgbench.find()
        self._grounds = grounds
        self._pace = pace
        self._bare = Figure("pgbench: the bare claim, fsync on, 32 clients")
        self._entries = Figure(f"submit_entry, fsync on, 32 connections, {PROCESSES} processes")
        self._steady = Figure(f"   last quarter of {pace.endurance:g} s beside the first", "of it", Goal(0.9))

    def round(self) -> None:
        """Both on fresh copies; the long run only once."""
        fresh, folder = self._grounds.postgres.fresh, self._grounds.folder
        seconds = self._pace.claims
        self._bare.values.append(
            pgbench.claims_per_second(self._program, fresh(), pgbench.OURS, folder, seconds)
        )
        self._entries.values.append(sum(_quarters(fresh(), seconds)) / seconds)
        if not self._steady.values:
            quarters = _quarters(fresh(), self._pace.endurance)
            self._steady.values.append(quarters[-1] / quarters[0])

    def figures(self) -> Iterator[Figure]:
        """Rates, their ratio, and whether it lasts."""
        yield from (self._bare, self._entries)
        yield ratio("   beside the bare claim", self._entries, self._bare, Goal(0.25))
        yield self._steady


def _quarters(url: str, seconds: float) -> list[int]:
    """How many entries were answered in each quarter of the time."""
    plans = [
        {
            "url": url,
            "connections": CONNECTIONS // PROCESSES,
            "seconds": seconds,
            "first": 1 + number * PEOPLE,
        }
        for number in range(PROCESSES)
    ]
    seen = children.run("benchmarks.crowd", plans, seconds + 60)
    start, length = max(each["start"] for each in seen), seconds / 4
    quarters = [int((moment - start) / length) for each in seen for moment in each["moments"]]
    return [quarters.count(number) for number in range(4)]
