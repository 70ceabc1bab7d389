"""Whether one claim takes as long in a large pool, beside many entries, as in a small one."""

import time
from collections.abc import Iterator
from statistics import median
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.adapters.direct import DirectConnection
from app.domain.outcomes import Won
from app.models import Tier
from app.services.allocation import claim
from benchmarks.ground import Grounds, Missing
from benchmarks.pace import Pace
from benchmarks.report import Figure, Goal, ratio
from tests.race.crowd import engine_for, enter
from tests.support.factories import submission

SMALL = 1_000
TURNS = 12  # small and large take turns, so that a slow moment of the machine hits both
IN_A_TURN = 25


class Size:
    """Times of one claim inside a transaction, and of one whole entry, by the size of the data."""

    def __init__(self, grounds: Grounds, pace: Pace) -> None:
        self.rounds = pace.heavy_rounds
        self.notes: list[str] = []
        self._grounds = grounds
        self._rows = (SMALL, pace.rows)
        self._first = 2**41
        self._kinds = ["SQLite"]
        try:
            _ = grounds.server
            self._kinds.append("PostgreSQL")
        except Missing as error:
            self.notes.append(f"size on PostgreSQL: {error}")
        self._figures = {
            (kind, what, rows): Figure(f"{kind}: {what}, {rows:,} codes and entries", "µs")
            for kind in self._kinds
            for what in ("one claim", "one entry")
            for rows in self._rows
        }

    def round(self) -> None:
        """The median of many, small and large in turns."""
        for kind in self._kinds:
            urls = {rows: self._grounds.crowded(kind, rows) for rows in self._rows}
            claims: dict[int, list[float]] = {rows: [] for rows in self._rows}
            entries: dict[int, list[float]] = {rows: [] for rows in self._rows}
            for _ in range(TURNS):
                for rows, url in urls.items():
                    claims[rows] += _claims(url)
                    entries[rows] += _entries(url, self._first)
                self._first += IN_A_TURN
            for rows in self._rows:
                self._figures[kind, "one claim", rows].values.append(median(claims[rows]) * 1e6)
                self._figures[kind, "one entry", rows].values.append(median(entries[rows]) * 1e6)

    def figures(self) -> Iterator[Figure]:
        """Large beside small; the goal is the claim's, an entry also waits for the disk."""
        small, large = self._rows
        for kind in self._kinds:
            for what, goal in (("one claim", Goal(1.3, at_least=False)), ("one entry", None)):
                few, many = self._figures[kind, what, small], self._figures[kind, what, large]
                yield from (few, many)
                yield ratio("   large beside small", many, few, goal)


def _claims(url: str) -> list[float]:
    """Seconds of each claim; what was claimed is given back, so that the pool stays as it is."""
    rng, times = SystemRng(), []
    with engine_for(url, 1) as engine, Session(engine) as session:
        tier: UUID = session.scalars(select(Tier.id)).one()
        connection = DirectConnection(session.connection())
        for _ in range(IN_A_TURN + 3):
            start = time.perf_counter()
            assert claim(connection, tier, rng) is not None
            times.append(time.perf_counter() - start)
        session.rollback()
    return times[3:]


def _entries(url: str, first: int) -> list[float]:
    times = []
    with engine_for(url, 1) as engine:
        for number in range(first, first + IN_A_TURN):
            start = time.perf_counter()
            assert isinstance(enter(engine, submission(number)), Won)
            times.append(time.perf_counter() - start)
    return times[3:]
