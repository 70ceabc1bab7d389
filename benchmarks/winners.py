"""The list of winners, as the console shows it: the first page and searches, by the number of entries."""

import time
from collections.abc import Iterator
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Award, AwardStatus, Campaign, Code, Entry, Prize
from app.services import winners
from app.services.winners import WinnerFilter
from benchmarks.ground import Grounds
from benchmarks.pace import Pace
from benchmarks.report import Figure, Goal, ratio
from tests.race.crowd import engine_for

FEW = 10_000
TURNS = 5
WHAT = (
    "first page",
    "a generated code",
    "a whole address",
    "a word that one in ten has",
    "a word nobody has",
    "a prize everybody has",
    "a status nobody has",
)


class Winners:
    """Every entry has won, which is the most there can be to look through."""

    def __init__(self, grounds: Grounds, pace: Pace) -> None:
        self.rounds = pace.heavy_rounds
        self.notes: list[str] = []
        self._grounds = grounds
        self._rows = (FEW, pace.rows)
        self._kinds = grounds.kinds("winners", self.notes)
        self._figures = {
            (kind, what, rows): Figure(f"{kind}: winners, {what}, of {rows:,}", "ms")
            for kind in self._kinds
            for what in WHAT
            for rows in self._rows
        }

    def round(self) -> None:
        """The median of some turns that few and many take one after the other."""
        for kind in self._kinds:
            urls = {rows: self._grounds.crowded(kind, rows) for rows in self._rows}
            times = {(what, rows): list[float]() for what in WHAT for rows in self._rows}
            for _ in range(TURNS):
                for rows, url in urls.items():
                    for what, seconds in _searches(url).items():
                        times[what, rows].append(seconds)
            for (what, rows), seen in times.items():
                self._figures[kind, what, rows].values.append(median(seen) * 1000)

    def figures(self) -> Iterator[Figure]:
        """Many beside few."""
        few, many = self._rows
        for kind in self._kinds:
            for what in WHAT:
                small, large = self._figures[kind, what, few], self._figures[kind, what, many]
                yield from (small, large)
                yield ratio("   many beside few", large, small, Goal(2, at_least=False))


def _searches(url: str) -> dict[str, float]:
    """Seconds of each; what is searched for belongs to the oldest winner, the last to be found."""
    with engine_for(url, 1) as engine, Session(engine) as session:
        campaign = session.scalars(select(Campaign.id)).one()
        code, address = session.execute(
            select(Code.text, Entry.email)
            .join(Award, Award.code_id == Code.id)
            .join(Entry, Entry.id == Award.entry_id)
            .order_by(Award.created_at)
            .limit(1)
        ).one()
        prize = session.scalars(select(Prize.id)).one()
        sought = (
            *(WinnerFilter(text=text) for text in ("", code, address, "7", "nowhere")),
            *(WinnerFilter(prize_id=prize), WinnerFilter(status=AwardStatus.SENT)),
        )
        seconds = {}
        for what, wanted in zip(WHAT, sought, strict=True):
            winners.search(session, campaign, wanted, limit=1)  # connects, compiles the statements
            start = time.perf_counter()
            rows = winners.search(session, campaign, wanted).rows
            seconds[what] = time.perf_counter() - start
            assert bool(rows) is not what.endswith("nobody has"), what
    return seconds
