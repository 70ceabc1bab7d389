"""`python -m benchmarks`: all figures, in rounds that take turns, each beside its floor of the same run."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import engine, floor, http, report
from benchmarks.ground import PostgresGround, SqliteGround
from benchmarks.report import Figure, Goal, ratio
from tests.support import postgres
from tests.support.site import running_site


@dataclass(frozen=True, slots=True)
class Size:
    """How often and how long is measured, in seconds."""

    rounds: int
    alone: float
    empty: float
    over_http: float


FULL = Size(rounds=5, alone=1.5, empty=1.5, over_http=4)
QUICK = Size(rounds=1, alone=1, empty=1, over_http=2)


class Bench:
    """The figures, filled round by round."""

    def __init__(self, folder: Path, postgres_server: str | None) -> None:
        self._folder = folder
        self._sqlite = SqliteGround(folder)
        self._postgres = PostgresGround(postgres_server, folder) if postgres_server else None
        self.bare = Figure("HTTP: an empty route of a bare Flask, 32 clients")
        self.empty = Figure("HTTP: an empty route of the application, 32 clients")
        self.http = Figure("HTTP: entries, everything on, SQLite FULL, 32 clients")
        self.p50 = Figure("   half of them answered within", "ms")
        self.p99 = Figure("   99 of 100 answered within", "ms", Goal(120, at_least=False))
        self.longest = Figure("   longest wait", "ms", Goal(1000, at_least=False))
        self.errors = Figure("   errors", "", Goal(0, at_least=False))
        self.floor = Figure("sqlite3 alone: claim and insert, one fsync for both")
        self.one = Figure("submit_entry, SQLite FULL, 1 thread")
        self.eight = Figure("submit_entry, SQLite FULL, 8 threads")
        self.server = Figure("submit_entry, PostgreSQL with fsync, 8 threads")

    def round(self, size: Size) -> None:
        """Measure everything once, each on a fresh copy of the data."""
        self.floor.values.append(floor.claims_per_second(self._sqlite.fresh(), size.alone))
        self.one.values.append(engine.entries_per_second(self._sqlite.fresh(), 1, size.alone))
        self.eight.values.append(engine.entries_per_second(self._sqlite.fresh(), 8, size.alone))
        if self._postgres is not None:
            self.server.values.append(engine.entries_per_second(self._postgres.fresh(), 8, size.alone))
        self._over_http(size)

    def _over_http(self, size: Size) -> None:
        with running_site(self._sqlite.fresh(), self._folder, module=http.MODULE) as port:
            self.bare.values.append(http.empty(port, size.empty, http.BARE).per_second)
            self.empty.values.append(http.empty(port, size.empty, http.EMPTY).per_second)
            answers = http.entries(port, size.over_http)
        self.http.values.append(answers.per_second)
        self.p50.values.append(answers.p50)
        self.p99.values.append(answers.p99)
        self.longest.values.append(answers.longest)
        self.errors.values.append(answers.errors)

    def figures(self) -> Iterator[Figure]:
        """Everything measured and how it compares, in the order of the table."""
        yield from (self.bare, self.empty, self.http)
        yield ratio("   beside the empty route of the application", self.http, self.empty, Goal(0.15))
        yield ratio("   beside the bare Flask", self.http, self.bare)
        yield from (self.p50, self.p99, self.longest, self.errors)
        yield from (self.floor, self.one)
        yield ratio("   beside sqlite3 alone", self.one, self.floor, Goal(0.4))
        yield self.eight
        yield ratio("   beside sqlite3 alone", self.eight, self.floor, Goal(0.8))
        if self.server.values:
            yield self.server


def main() -> None:
    """Measure, show, store."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, well under a minute")
    size = QUICK if parser.parse_args().quick else FULL
    notes: list[str] = []
    # In the project's own folder, because /tmp may be memory, where an fsync costs nothing.
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=report.RESULTS)))
        server = None
        if postgres.find():
            server = stack.enter_context(postgres.running(durable=True))
        else:
            notes.append("PostgreSQL is not installed (Debian: postgresql): left out")
        bench = Bench(folder, server)
        for number in range(1, size.rounds + 1):
            print(f"round {number} of {size.rounds}", file=sys.stderr, flush=True)
            bench.round(size)
    figures = list(bench.figures())
    path = report.write(figures, notes, size.rounds, datetime.now(UTC))
    print(*report.table(figures), *notes, sep="\n")
    print(f"\nStored as {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path.name}")


if __name__ == "__main__":
    main()
